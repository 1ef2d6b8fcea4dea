/** What comes back from an authorization server, or from a person who pastes it: long, decorated, doubled, and meant well. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { CallbackListener } from '../../src/client/user-agent/callback-listener.ts'
import { HeadlessUserAgent } from '../../src/client/user-agent/headless.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { createAuthorizationRequest, type PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { readAuthorizationResponse, responseParameters } from '../../src/core/client/authorization-response.ts'
import { startPeer } from '../peer.ts'

const redirect_uri = 'http://127.0.0.1:53682/callback'
const longCode = 'c'.repeat(6_000)
const pending: PendingAuthorization = {
  url: 'https://auth.example.com/authorize', redirect_uri, state: 'the-state', code_verifier: 'the-verifier',
  issuer: 'https://auth.example.com', issuerIsPromised: false,
}
const right = `${redirect_uri}?code=the-code&state=the-state`

describe('A redirect to the client, found in a Location header', () => {
  const accepted: Record<string, [string, string?]> = {
    'a code of 6,000 characters': [`${redirect_uri}?code=${longCode}&state=the-state`, longCode],
    'an empty fragment': [`${right}#`],
    'the fragment that Facebook adds': [`${right}#_=_`],
    'an inherited fragment': [`${right}#section-2`],
    'a fragment with a question mark': [`${right}#?code=forged`],
    'a second question mark': [`${redirect_uri}?error_description=Unknown%20scope?&code=the-code&state=the-state`],
    'a blank that is not encoded': [`${right}&error_description=not here`],
    'a slash at the end of the path': [`${redirect_uri}/?code=the-code&state=the-state`],
    'localhost for 127.0.0.1': [right.replace('127.0.0.1', 'localhost')],
    'the scheme in capitals': [right.replace('http:', 'HTTP:')],
    'an empty error': [`${right}&error=`],
  }
  for (const [what, [url, code = 'the-code']] of Object.entries(accepted)) {
    it(`may have ${what}`, () => {
      const response = responseParameters(url, redirect_uri)
      assert.ok(response)
      assert.equal(readAuthorizationResponse(response, pending, new Trace()), code)
    })
  }

  it('keeps the query of a redirect URI that has one', () => {
    assert.deepEqual([...responseParameters('cursor://a?b=1&code=x', 'cursor://a?b=1') ?? []], [['b', '1'], ['code', 'x']])
  })

  const refused = [
    redirect_uri, `${redirect_uri}#code=x`, `${redirect_uri}x?code=x`, 'http://127.0.0.1:53683/callback?code=x',
    `https${redirect_uri.slice(4)}?code=x`, 'http://127.0.0.1.evil.example:53682/callback?code=x', 'http://evil.example:53682/callback?code=x',
    'code=x', '?code=x', '',
  ]
  for (const url of refused) {
    it(`is not ${JSON.stringify(url)}`, () => assert.equal(responseParameters(url, redirect_uri), undefined))
  }

  for (const [what, url] of [
    ['two codes', `${right}&code=other`], ['two states', `${right}&state=other`], ['the same state twice', `${right}&state=the-state`],
    ['an empty issuer', `${right}&iss=`], ['an error beside a code', `${right}&error=x`],
  ]) {
    it(`has not ${what}`, () => {
      assert.throws(() => readAuthorizationResponse(responseParameters(url!, redirect_uri)!, pending, new Trace()))
    })
  }
})

describe('A redirect URI that somebody pastes', () => {
  const pasted: Record<string, string> = {
    'blanks around it': `  ${right}\t`,
    'quotes': `"${right}"`,
    'single quotes': `'${right}'`,
    'backticks': `\`${right}\``,
    'angle brackets': `<${right}>`,
    'brackets of Markdown': `(${right})`,
    'the marks of a bracketed paste': `\u001b[200~${right}\u001b[201~`,
    'zero-width characters': `\u200b${right.replace('code', 'co\u200bde')}\ufeff`,
    'a no-break space': `\u00a0${right}\u00a0`,
    'blanks where the terminal broke the line': right.replace('the-code', 'the-  code'),
    'a fragment': `${right}#_=_`,
    'a carriage return': `${right}\r`,
  }
  for (const [what, line] of Object.entries(pasted)) {
    it(`may have ${what}`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /authorize', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Sign in</p>' })
      const agent = new HeadlessUserAgent({ input: Readable.from([`${line}\n`]), write: () => {} })
      const visit = await agent.begin(undefined)
      const response = await visit.go({ ...pending, url: `${peer.url}/authorize` }, new Trace())
      assert.equal(readAuthorizationResponse(response, pending, new Trace()), 'the-code')
    })
  }

  it('is followed no further once it is reached, however it is written', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', { status: 302, headers: { location: `http://localhost:53682/callback?code=${longCode}&state=the-state#_=_` } })
    const visit = await new HeadlessUserAgent({ input: Readable.from([]), write: () => {} }).begin(undefined)
    const response = await visit.go({ ...pending, url: `${peer.url}/authorize` }, new Trace())
    assert.equal(response.get('code'), longCode)
    assert.deepEqual(peer.targets(), ['GET /authorize'])
  })
})

describe('The callback listener', () => {
  const queries: Record<string, string> = {
    'a second question mark in the query': '?error=invalid_scope&error_description=Unknown%20scope?&state=the-state',
    'a code of 6,000 characters': `?code=${longCode}&state=the-state`,
    'a code of 60,000 characters': `?code=${longCode.repeat(10)}&state=the-state`,
  }
  for (const [what, query] of Object.entries(queries)) {
    it(`takes ${what}`, async t => {
      const { listener, response } = await listen(t)
      await get(`${listener.redirect_uri}${query}`)
      assert.equal((await response).get('state'), 'the-state')
    })
  }

  it('takes a slash at the end of its path', async t => {
    const { listener, response } = await listen(t)
    await get(`${listener.redirect_uri}/?code=x&state=the-state`)
    assert.equal((await response).get('code'), 'x')
  })

  it('takes a request with 200 kB of cookies from other programs on localhost', async t => {
    const { listener, response } = await listen(t)
    await get(`${listener.redirect_uri}?code=x&state=the-state`, { cookie: `other=${'x'.repeat(200_000)}` })
    assert.equal((await response).get('code'), 'x')
  })
})

describe('An authorization endpoint that has a query of its own', () => {
  const request = (endpoint: string) => {
    const server = { authorization_endpoint: endpoint, issuer: 'https://auth.example.com', authorization_response_iss_parameter_supported: false }
    const registration = { client_id: 'ours', redirect_uri, token_endpoint_auth_method: 'none' }
    const { url } = createAuthorizationRequest(
      server as unknown as Parameters<typeof createAuthorizationRequest>[0], registration, ['mcp', 'offline_access'], 'https://mcp.example.com/mcp',
    )
    return new URL(url).searchParams
  }
  for (const [name, value] of [
    ['resource', 'https://mcp.example.com/mcp'], ['resource', 'https://other.example.com'], ['scope', 'mcp'], ['prompt', 'login'], ['client_id', 'theirs'],
    ['response_type', 'token'], ['state', 'fixed'], ['redirect_uri', 'https://evil.example.com'], ['code_challenge_method', 'plain'],
  ] as const) {
    it(`is sent ${name} once, if the endpoint has ${name}=${value} already (RFC 6749 section 3.1)`, () => {
      const query = request(`https://auth.example.com/authorize?tenant=a&${name}=${encodeURIComponent(value)}&policy=b`)
      assert.equal(query.getAll(name).length, 1)
      assert.equal(query.get('client_id'), 'ours')
      assert.equal(query.get('resource'), 'https://mcp.example.com/mcp')
      assert.deepEqual([query.get('tenant'), query.get('policy')], ['a', 'b'])
    })
  }

  for (const ending of ['?', '?&', '?a=1&']) {
    it(`is sent a well-formed query, if the endpoint ends in ${ending}`, () => {
      const query = request(`https://auth.example.com/authorize${ending}`)
      assert.equal(query.get('response_type'), 'code')
      assert.equal(query.has(''), false)
    })
  }
})

async function listen(t: { after(end: () => Promise<void>): void }) {
  const listener = await CallbackListener.open('127.0.0.1', 0)
  t.after(() => listener.close())
  return { listener, response: listener.receive({ ...pending, redirect_uri: listener.redirect_uri }) }
}

function get(url: string, headers: Record<string, string> = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, answer => {
      answer.resume()
      answer.on('end', resolve)
    }).on('error', reject).end()
  })
}
