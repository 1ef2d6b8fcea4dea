import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import { catalogue } from '../../src/catalogue/catalogue.ts'
import {
  authorize, callMcp, craftToken, decide, exchange, get, getTokens, locationOf, openConsent, openPage, postForm, readJson, refresh, register,
  requestCode, startServer,
  type Members, type TestContext, type TestServer,
} from '../harness.ts'

const asBrowser = { accept: 'text/html' }

function start(t: TestContext, env: Record<string, string> = {}): Promise<TestServer> {
  return startServer(t, { DEBUG: 'true', LOG_LEVEL: 'silent', ...env })
}

/** The text of a page, with marked characters in brackets. */
async function read(url: string): Promise<string> {
  const response = await get(url, asBrowser)
  assert.equal(response.status, 200, url)
  return textOf(await response.text())
}

function textOf(html: string): string {
  const body = html.slice(html.indexOf('<main'), html.indexOf('</main>'))
  return body.replace(/<mark[^>]*>(.*?)<\/mark>/g, '[$1]').replace(/<[^>]+>/g, ' ').replace(/&quot;/g, '"').replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&').replace(/\s+/g, ' ').replace(/ ([.,;:)])/g, '$1')
}

/** The error_uri of an error in JSON, in a redirect or in a challenge. */
async function errorUri(response: Response): Promise<string> {
  const challenge = /error_uri="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1]
  const uri = challenge ?? (response.headers.has('location') ? locationOf(response).searchParams.get('error_uri')
    : (await readJson(response) as Members)['error_uri'])
  return uri ?? assert.fail(`no error_uri beside ${response.status}`)
}

/** How to cause a failure, and the cause and remedy that its page must show. */
interface Failure {
  readonly what: string
  readonly env?: Record<string, string>
  readonly fail: (server: TestServer) => Promise<Response>
  readonly rule: string
  readonly cause: (server: TestServer) => readonly string[]
  readonly remedy: string
}

const failures: readonly Failure[] = [
  {
    what: 'a resource with a slash in the wrong place',
    fail: async server => requestCode(server, await register(server), { resource: `${server.config.issuer}//mcp` }),
    rule: 'resource-is-ours',
    cause: ({ config }) => [`received ${config.issuer}/[/]mcp`, 'it has two slashes in a row'],
    remedy: 'Send the resource from the protected resource metadata unchanged, byte for byte.',
  },
  {
    what: 'a resource with a path and a slash that are not ours',
    fail: async server => requestCode(server, await register(server), { resource: `${server.config.resource}/x/` }),
    rule: 'resource-is-ours',
    cause: ({ config }) => [`received ${config.resource}[/x/]`, 'the path is /mcp/x/, not /mcp'],
    remedy: 'Send the resource from the protected resource metadata unchanged, byte for byte.',
  },
  {
    what: '127.0.0.1 for localhost',
    fail: async server => {
      const client = await register(server, { redirect_uris: ['http://localhost:3000/callback'] })
      return requestCode(server, client, { redirect_uri: 'http://127.0.0.1:3000/callback' })
    },
    rule: 'redirect-uri-is-registered',
    cause: () => ['received http://[127.0.0.1]:3000/callback', 'expected http://[localhost]:3000/callback', 'the host is 127.0.0.1, not localhost: they are the same machine but different hosts'],
    remedy: 'Register exactly this redirect URI. localhost, 127.0.0.1 and [::1] are three different hosts.',
  },
  {
    what: 'another port on https',
    fail: async server => {
      const client = await register(server, { redirect_uris: ['https://app.example.com:8443/cb', 'https://app.example.com/other'] })
      return requestCode(server, client, { redirect_uri: 'https://app.example.com:9443/cb' })
    },
    rule: 'redirect-uri-is-registered',
    cause: () => ['received https://app.example.com:[9]443/cb', 'https://app.example.com:[8]443/cb is the closest', 'it has port 9443, but port 8443 is expected'],
    remedy: 'Register exactly this redirect URI.',
  },
  {
    what: 'plain PKCE',
    fail: async server => requestCode(server, await register(server), { code_challenge_method: 'plain' }),
    rule: 'code-challenge-method-is-s256',
    cause: () => ['received plain', 'expected S256'],
    remedy: 'Send code_challenge_method=S256',
  },
  {
    what: 'PKCE without a method, which means plain',
    fail: async server => requestCode(server, await register(server), { code_challenge_method: undefined }),
    rule: 'code-challenge-method-is-s256',
    cause: () => ['received absent, which means plain', 'expected S256'],
    remedy: 'Send code_challenge_method=S256',
  },
  {
    what: 'the verifier of another request',
    fail: async server => {
      const client = await register(server)
      const [first, second] = [await authorize(server, client), await authorize(server, client)]
      return exchange(server, client, { code: second.code, code_verifier: first.code_verifier })
    },
    rule: 'code-verifier-matches',
    cause: () => ['The code_verifier belongs to a different authorization request, sent at', 'The code was issued for the request sent at'],
    remedy: 'Send the code_verifier that belongs to this authorization request. Every request has its own.',
  },
  {
    what: 'a verifier of nobody',
    fail: async server => {
      const client = await register(server)
      return exchange(server, client, { ...await authorize(server, client), code_verifier: createCodeVerifier() })
    },
    rule: 'code-verifier-matches',
    cause: () => ['The code_verifier does not belong to any recorded authorization request.'],
    remedy: 'Send the code_verifier that belongs to this authorization request',
  },
  {
    what: 'a code that has expired',
    fail: async server => {
      const client = await register(server)
      const authorization = await authorize(server, client)
      server.advance(612)
      return exchange(server, client, authorization)
    },
    rule: 'code-is-fresh',
    cause: () => ['expired 2', 'received 2', 'it is 12', 'with a lifetime of 600 s. It was redeemed after 612'],
    remedy: 'Start a new authorization request, and redeem the code as soon as it arrives.',
  },
  {
    what: 'a code that has expired so long ago that it is forgotten',
    fail: async server => {
      const client = await register(server)
      const authorization = await authorize(server, client)
      server.advance(1300)
      return exchange(server, client, authorization)
    },
    rule: 'code-is-known',
    cause: () => ['The code was issued at', '1300', 's earlier. It has expired, and the server no longer keeps it.'],
    remedy: 'Start a new authorization request.',
  },
  {
    what: 'a code that was withdrawn',
    env: { OAUTH_AUTO_APPROVE: 'false' },
    fail: async server => {
      const client = await register(server)
      const page = await openConsent(server, client)
      const code = locationOf(await decide(server, page)).searchParams.get('code')!
      const { csrf_token, cookie } = await openPage(`${server.url}/account`, { cookie: page.cookie, accept: 'text/html' })
      await postForm(`${server.url}/account`, { csrf_token, client_id: client['client_id'] }, { cookie })
      return exchange(server, client, { code, code_verifier: createCodeVerifier() })
    },
    rule: 'code-is-known',
    cause: () => ['The code was issued at', 's earlier. It has been revoked since, or dropped for newer codes.'],
    remedy: 'Start a new authorization request.',
  },
  {
    what: 'a code of another server',
    fail: async server => exchange(server, await register(server), { code: 'x', code_verifier: createCodeVerifier() }),
    rule: 'code-is-known',
    cause: () => ['No recorded authorization response contains this code.'],
    remedy: 'Start a new authorization request.',
  },
  {
    what: 'a code that comes twice',
    fail: async server => {
      const client = await register(server)
      const authorization = await authorize(server, client)
      await exchange(server, client, authorization)
      server.advance(5)
      return exchange(server, client, authorization)
    },
    rule: 'code-is-unused',
    cause: () => ['It was first used at', '5 s earlier, and tokens were issued for it.'],
    remedy: 'Redeem each code once, in one process, and do not retry.',
  },
  {
    what: 'a refresh token that comes twice',
    fail: async server => {
      const { client, tokens } = await getTokens(server)
      await refresh(server, client, tokens['refresh_token'])
      server.advance(60)
      return refresh(server, client, tokens['refresh_token'])
    },
    rule: 'refresh-token-is-unused',
    cause: () => ['It was first used at', ' s earlier'],
    remedy: 'Store the new refresh token before you use it, and let only one process refresh at a time.',
  },
  {
    what: 'a client that is unknown to the token endpoint',
    fail: server => exchange(server, { client_id: 'forgotten' }, { code: 'x', code_verifier: createCodeVerifier() }),
    rule: 'client-is-known',
    cause: () => ['received forgotten', 'the client sent POST /oauth/token (authorization_code). The server answered with 401'],
    remedy: 'register again',
  },
  {
    what: 'a scope that is missing',
    fail: async server => {
      const { tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
      return callMcp(server, tokens['access_token'], 'tools/call', { name: 'get_weather', arguments: { location: 'Lisbon' } })
    },
    rule: 'scope-is-sufficient',
    cause: () => ['received mcp:tools:read', 'expected mcp:tools:read[ mcp:tools:execute]', 'it lacks mcp:tools:execute'],
    remedy: 'Start a new authorization request for the granted scopes plus those in the challenge. A refresh cannot widen a grant.',
  },
  {
    what: 'a token of another issuer',
    fail: server => callMcp(server, craftToken(server, { iss: `${server.config.issuer}/` }), 'ping'),
    rule: 'access-token-issuer-is-ours',
    cause: ({ config }) => [`received ${config.issuer}[/]`, 'it has an extra slash at the end'],
    remedy: 'Use the token at the server that its authorization server protects.',
  },
  {
    what: 'a token for another resource',
    fail: server => callMcp(server, craftToken(server, { aud: `${server.config.issuer}/MCP` }), 'ping'),
    rule: 'access-token-audience-is-ours',
    cause: ({ config }) => [`received ${config.issuer}/[MCP]`, 'the path differs in upper and lower case'],
    remedy: 'Request a token for the resource that the protected resource metadata of this server names.',
  },
]

describe('The page that an error_uri leads to names the exact cause and remedy', () => {
  for (const { what, env, fail, rule, cause, remedy } of failures) {
    it(`after ${what}`, async t => {
      const server = await start(t, env)
      const uri = await errorUri(await fail(server))
      assert.match(uri, new RegExp(`/explain/${rule}\\?trace=[\\w-]{16}$`))
      const text = await read(uri)
      for (const part of [...cause(server), remedy]) assert.ok(text.includes(part), `${part}\n\n${text}`)
      assert.match(text, /See it in its flow/)
    })
  }

  it('after an authorization request of an unknown client, in the browser', async t => {
    const server = await start(t)
    const response = await get(`${server.url}/oauth/authorize?client_id=forgotten&redirect_uri=http://localhost/cb`, asBrowser)
    assert.equal(response.status, 400)
    const html = await response.text()
    const text = textOf(html)
    for (const part of ['Unknown client', 'client_id is not registered here.', 'Forget the stored registration and register again']) assert.ok(text.includes(part), text)
    const link = /href="([^"]*\/explain\/client-is-registered\?trace=[\w-]+)"/.exec(html)?.[1] ?? assert.fail('no link')
    assert.match(await read(link), /Your request .* received forgotten/)
  })
})

describe('A trace id', () => {
  const failing = async (server: TestServer): Promise<string> => errorUri(await requestCode(server, await register(server), { resource: 'https://b.example' }))

  it('is not in error_uri without DEBUG', async t => {
    assert.doesNotMatch(await failing(await startServer(t)), /\?/)
  })

  it('shows nothing without DEBUG', async t => {
    const server = await startServer(t)
    assert.doesNotMatch(await read(`${await failing(server)}?trace=x`), /Your request|is not recorded/)
  })

  it('leads to the flow, with the message open', async t => {
    const server = await start(t)
    const html = await (await get(await failing(server), asBrowser)).text()
    const link = /href="(\/flow\/[\w-]+\?open=([\w-]+)#x-\2)"/.exec(html) ?? assert.fail('no link')
    const flow = await (await get(server.url + link[1]!, asBrowser)).text()
    assert.ok(flow.includes(`<li id="x-${link[2]}" class="bad"><details open>`))
  })

  it('says that the request is no longer recorded', async t => {
    const server = await start(t)
    const uri = await failing(server)
    server.advance(50_000)
    assert.match(await read(uri), /is not recorded, or not any more/)
  })

  it('shows no link to the flow on another machine', async t => {
    const server = await start(t)
    const response = await get(await failing(server), { ...asBrowser, 'x-forwarded-for': '192.0.2.1' })
    const text = textOf(await response.text())
    assert.match(text, /Your request/)
    assert.doesNotMatch(text, /See it in its flow/)
  })

  it('returns the values, the nearest miss and the cause as JSON', async t => {
    const server = await start(t)
    const { request } = await readJson(await get(await failing(server)))
    assert.deepEqual(
      { method: request.method, status: request.status, rule: request.rule, received: request.received, expected: request.expected, candidate: request.nearest_miss.candidate },
      { method: 'GET', status: 302, rule: 'resource-is-ours', received: 'https://b.example', expected: [server.config.resource], candidate: server.config.resource },
    )
  })
})

describe('The page of a rule', () => {
  it('shows the lines that enforce it, with a link to the file', async t => {
    const server = await startServer(t)
    const html = await (await get(`${server.url}/explain/code-is-fresh`, asBrowser)).text()
    assert.match(html, /<a href="[^"]*\/source\/(core\/oauth\/grants\/authorization-code\.ts)#L\d+">src\/\1<\/a>/)
    assert.match(html, /<span class="code-line hit">.*>codeIsFresh<\/a>, code\.expires_at &gt; context\.now\(\)/)
  })

  it('names the tests that cover it', async t => {
    const server = await startServer(t)
    const text = await read(`${server.url}/explain/authorization-is-sent-once`)
    assert.match(text, /Tests that cover it test\/http\/\S+\.test\.ts is refused if it is sent twice/)
  })

  it('names a row of a table of tests', async t => {
    const text = await read(`${(await startServer(t)).url}/explain/jwt-type-is-access-token`)
    assert.match(text, /test\/oauth\/jwt\.test\.ts .*a header without typ \(RFC 9068 section 4\)/)
  })

  it('does not name tests that would pass with any rule', async t => {
    const text = await read(`${(await startServer(t)).url}/explain/redirect-uri-is-registered`)
    assert.match(text, /test\/oauth\/authorize/)
    assert.doesNotMatch(text, /test\/pages\//)
  })

  it('links to the list of all rules if the rule does not exist', async t => {
    const response = await get(`${(await startServer(t)).url}/explain/no-such-rule`, asBrowser)
    assert.equal(response.status, 404)
    assert.match(await response.text(), /<a href="[^"]+\/explain">Search the list of all rules/)
  })

  it('says that a rule is only reported in place of others', async t => {
    const server = await startServer(t)
    assert.match(await read(`${server.url}/explain/client-is-authenticated`), /No line enforces this rule itself/)
  })

  for (const [id, url] of [
    ['code-is-fresh', 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2'],
    ['redirect-uri-is-registered', 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-2.3.1'],
    ['host-is-served', 'https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security-endpoint'],
  ] as const) {
    it(`links to its clause: ${url}`, async t => {
      const html = await (await get(`${(await startServer(t)).url}/explain/${id}`, asBrowser)).text()
      assert.ok(html.includes(`<a href="${url}">`), /<dt>Specified in.*?<\/dd>/.exec(html)?.[0])
    })
  }

  it('has a link for every clause', async t => {
    const server = await startServer(t)
    for (const { id } of catalogue.flatMap(({ rules }) => rules)) {
      const html = await (await get(`${server.url}/explain/${id}`, asBrowser)).text()
      assert.match(html, /<dt>Specified in<\/dt><dd><a href="https:\/\//, id)
    }
  })
})

describe('GET /explain', () => {
  const titles = async (server: TestServer, query: string): Promise<readonly string[]> => {
    const html = await (await get(`${server.url}/explain${query}`, asBrowser)).text()
    return [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title]) => title!)
  }

  it('lists by topic', async t => {
    assert.deepEqual((await titles(await startServer(t), '')).slice(0, 2), ['Every request', 'Client registration'])
  })

  it('lists by specification, in numeric order', async t => {
    const list = await titles(await startServer(t), '?by=specification')
    assert.ok(list.indexOf('RFC 6749') < list.indexOf('RFC 6750') && list.indexOf('RFC 6750') < list.indexOf('RFC 9728'), list.join())
    assert.equal(new Set(list).size, list.length)
  })

  for (const [sought, found] of [
    ['verifier does not match', ['code-verifier-matches']],
    ['REDIRECT uri 8252 port', ['redirect-uri-is-registered']],
    ['https://www.rfc-editor.org/rfc/rfc7636.html#section-4.6', ['code-verifier-matches']],
    ['(rfc7636) verifier unreserved', ['code-verifier-is-well-formed']],
    ['nothing-speaks-of-this', []],
    ['<script>', []],
  ] as const) {
    it(`finds ${found.length} for ${sought}, without a script`, async t => {
      const server = await startServer(t)
      const html = await (await get(`${server.url}/explain?q=${encodeURIComponent(sought)}`, asBrowser)).text()
      assert.deepEqual([...html.matchAll(/<dt id="[^"]+"><a href="[^"]*\/explain\/([^"]+)"/g)].map(([, id]) => id), found)
      assert.ok(!html.includes('<script'))
    })
  }

  it('folds its groups, and unfolds the few that a search finds', async t => {
    const { url } = await startServer(t)
    assert.doesNotMatch(await (await get(`${url}/explain`, asBrowser)).text(), /<details open>/)
    assert.doesNotMatch(await (await get(`${url}/explain?q=token`, asBrowser)).text(), /<details open>/)
    assert.match(await (await get(`${url}/explain?q=verifier+does+not+match`, asBrowser)).text(), /<details open>/)
  })

  it('returns the found rules as JSON', async t => {
    const list = await readJson(await get(`${(await startServer(t)).url}/explain?q=verifier+does+not+match`)) as unknown as Members[]
    assert.deepEqual(list.map(({ id }) => id), ['code-verifier-matches'])
  })
})
