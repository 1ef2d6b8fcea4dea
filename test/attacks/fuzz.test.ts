/**
 * Fuzzing with fixed seeds: inputs made from the grammars of what is parsed. No exception leaves a handler, no answer is a
 * 5xx, and work grows in proportion to the input.
 */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { parseChallenges } from '../../src/base/protocol/challenge.ts'
import { parseEventStream } from '../../src/client/mcp/event-stream.ts'
import { parseState } from '../../src/client/storage/stored-state.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { parseJson } from '../../src/base/protocol/json.ts'
import { redactBody, redactHeaders, redactUrl } from '../../src/base/protocol/redact.ts'
import { signJwt, verifyJwt } from '../../src/core/oauth/jwt.ts'
import { matchesRedirectUri, redirectUriProblem } from '../../src/base/protocol/redirect-uri.ts'
import { parseScope } from '../../src/base/protocol/scope.ts'
import { plainText } from '../../src/base/ui/plain-text.ts'
import { bearer, getTokens, startServer } from '../harness.ts'
import { assertLinear } from '../growth.ts'
import { mutatorFrom } from './mutate.ts'

/** How many inputs each test below makes. */
const inputs = 3_000
const requests = 400

const words: readonly string[] = [
  '', ' ', '\t', '\r', '\n', '\r\n', '\0', '"', '\\', '\\"', '%', '%00', '%2f', '%0d%0a', '%zz', '&', '=', '+', ',', ';', ':', '/', '//', '..', '?', '#', '@', '[',
  ']', '{', '}', '{"', '[[', '"a":', '__proto__', 'constructor', 'null', 'true', '1e999', '-0', '\\u0000', '\\ud800', '\ud800', '\u202e', 'é', '\u{1f600}', 'http://',
  'https://', 'javascript:', 'localhost', '127.0.0.1', '[::1]', ':65536', 'Bearer ', 'Basic ', 'scope', 'a=', 'a="', 'data:', 'id:', 'retry:', 'event:', ': ', 'eyJ', '.',
]

/** Feeds mutated inputs, and each word many times over: both must be taken without an exception, and the latter in linear time. */
async function fuzz(examples: readonly string[], take: (input: string) => unknown): Promise<void> {
  const { mutate } = mutatorFrom(examples[0]!)
  for (let i = 0; i < inputs; i++) {
    const input = mutate(examples, words)
    await explaining(input, async () => take(input))
  }
  for (const word of words.filter(text => text !== '')) {
    for (const start of [examples[0]!, '']) {
      await explaining(`${start}${word}…`, () => assertLinear(60_000, size => take(start + word.repeat(size / word.length))))
    }
  }
}

/** Names the input in the message of what fails, and keeps the cause. */
async function explaining(input: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new Error(`with the input ${JSON.stringify(input.slice(0, 500))}: ${cause instanceof Error ? cause.stack : cause}`, { cause })
  }
}

async function* once(text: string): AsyncGenerator<string> {
  const size = text.length > 10_000 ? 1000 : 7
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

describe('Fuzzing', () => {
  it('the redirect URI matcher: a URL parser reads what it accepts as it is written', async () => {
    const registered = 'http://127.0.0.1:7777/callback'
    const examples = [registered, 'https://client.example/cb?x=1', 'http://localhost/cb', 'com.example.app:/cb', 'http://[::1]:80/', 'https://xn--e1afmkfd.example/']
    await fuzz(examples, uri => {
      if (matchesRedirectUri(uri, registered)) assert.match(uri, /^http:\/\/127\.0\.0\.1(?::\d{1,5})?\/callback$/)
      if (redirectUriProblem(uri) !== undefined) return
      assert.match(uri, /^[\x21-\x7e]+$/)
      assert.doesNotMatch(new URL(uri).protocol, /^(?:javascript|data|file|vbscript|blob|about):/)
      if (/^https?:/i.test(uri)) assert.equal(new URL(uri).username, '')
    })
  })

  it('the JWT verifier: only the signed token passes', async () => {
    const key = createSecretKey(Buffer.alloc(32, 7))
    const token = signJwt('at+jwt', { sub: 'a', exp: 9e9 }, key)
    const other = signJwt('at+jwt', { sub: 'b' }, createSecretKey(Buffer.alloc(32, 8)))
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`
    const trace = new Trace()
    await fuzz([token, other, none], text => {
      try {
        verifyJwt(text, 'at+jwt', [key], trace)
        assert.equal(text, token)
      } catch (error) {
        assert.equal((error as Error).name, 'ClientError', String(error))
      }
    })
  })

  it('the JSON parser: what it accepts is what JSON.parse reads', async () => {
    const examples = ['{"a":[1,{"b":"c"}],"d":null}', '{"redirect_uris":["http://127.0.0.1/"],"scope":"a b"}', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]']
    await fuzz(examples, text => {
      const parsed = parseJson(text)
      if ('value' in parsed) assert.deepEqual(parsed.value, JSON.parse(text))
    })
  })

  it('the challenge parser', async () => {
    await fuzz(['Bearer scope="a b", resource_metadata="https://a.example/x"', 'DPoP algs="ES256", Bearer error="invalid_token"', 'Negotiate abc==, Basic realm=x'],
      text => parseChallenges(text))
  })

  it('the event stream parser: how the stream is cut into parts changes nothing', async () => {
    await fuzz(['id: 1\nretry: 10\ndata: {"jsonrpc":"2.0"}\n\n', 'event: message\r\ndata: a\r\ndata: b\r\n\r\n: comment\r\r'], async text => {
      const whole: string[] = []
      const parts: string[] = []
      for await (const { data } of parseEventStream((async function* () { yield text })(), { retry: undefined, lastEventId: undefined })) whole.push(data)
      for await (const { data } of parseEventStream(once(text), { retry: undefined, lastEventId: undefined })) parts.push(data)
      if (text.length <= 10_000) assert.deepEqual(parts, whole)
    })
  })

  it('the redaction: a secret with a telling name is never shown', async () => {
    const secret = 'TheSecretThatNobodyMaySee'
    await fuzz([`client_id=a&client_secret=${secret}&x=1`, `{"a":{"access_token":"${secret}"},"b":1}`, `https://a.example/cb?code=${secret}&state=x#y`], text => {
      redactUrl(text)
      redactHeaders({ authorization: text, location: text, 'x-any': text })
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/event-stream', '']) redactBody(text, type)
      assert.equal(redactBody(JSON.stringify({ any: text.slice(0, 20), access_token: secret }), 'application/json').includes(secret), false)
    })
  })

  it('scopes, the client storage and the text for a terminal', async () => {
    await fuzz(['{"version":1,"registrations":{},"servers":{"a":{"issuer":"b"}}}', 'mcp:tools:read mcp:tools:execute'], text => {
      parseScope(text)
      parseState(text)
      assert.doesNotMatch(plainText(text), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    })
  })
})

describe('Fuzzing a server', () => {
  it('with bodies and queries: each is answered, and none with a 5xx', async t => {
    const server = await startServer(t, { LOG_LEVEL: 'info' })
    const { tokens, client } = await getTokens(server)
    const { mutate, pick } = mutatorFrom('bodies')
    const form = 'application/x-www-form-urlencoded'
    const targets: readonly (readonly [string, string, readonly string[]])[] = [
      ['/oauth/token', form, [`grant_type=refresh_token&refresh_token=${tokens['refresh_token']}&client_id=${client['client_id']}`, 'grant_type=authorization_code&code=a&code_verifier=b&client_id=c&resource=d']],
      ['/oauth/revoke', form, ['token=a&token_type_hint=refresh_token&client_id=b']],
      ['/oauth/introspect', form, ['token=a&client_id=b&client_secret=c']],
      ['/oauth/consent', form, ['consent_token=a&decision=approve&scope=b']],
      ['/oauth/register', 'application/json', ['{"redirect_uris":["http://127.0.0.1/cb"],"grant_types":["authorization_code"],"client_name":"a","contacts":[],"jwks":{"keys":[]}}']],
      ['/mcp', 'application/json', ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_files","arguments":{"pattern":"src/**/*.ts"}}}',
        '{"jsonrpc":"2.0","id":"x","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}']],
    ]
    for (let i = 0; i < requests; i++) {
      const [path, type, examples] = pick(targets)
      const body = mutate(examples, words)
      const headers = { 'content-type': pick([type, type, type, 'text/plain', '']), ...bearer(path === '/mcp' ? tokens['access_token'] : undefined) }
      const response = await fetch(server.url + path, { method: 'POST', headers, body, redirect: 'manual' })
      await response.text()
      assert.ok(response.status < 500, `${response.status} for ${path} with ${JSON.stringify(body)}`)
      const query = mutate(['response_type=code&client_id=a&redirect_uri=http://127.0.0.1/&state=b&code_challenge=c&code_challenge_method=S256'], words)
      const asked = await fetch(`${server.url}/oauth/authorize?${encodeURI(Buffer.from(query).toString())}`, { redirect: 'manual' })
      assert.ok(asked.status < 500, `${asked.status} for ${JSON.stringify(query)}`)
      await asked.text()
    }
    assert.deepEqual(server.log.filter(line => line.includes('"level":"error"')), [])
  })

  it('with requests on raw sockets: each is answered below 500 or cut off, and the server keeps running', async t => {
    const server = await startServer(t, { LOG_LEVEL: 'info' })
    const { mutate, below } = mutatorFrom('requests')
    const examples = [
      'GET /health HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n',
      'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ngrant_type=x',
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a.b.c\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n0\r\n\r\n',
      'GET /oauth/authorize?client_id=a&redirect_uri=b HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n\r\n',
    ]
    const http = ['HTTP/1.0', 'HTTP/2.0', 'Host: x', 'Content-Length: 5', 'Content-Length: -1', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'Upgrade: h2c', 'ffffffff\r\n', '\r\n\r\n']
    const speakOnce = async (): Promise<void> => {
      const request = Buffer.from(mutate(examples, [...words, ...http]), 'latin1')
      const answer = await speak(server.port, request, below(2) === 0)
      for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) assert.ok(Number(status) < 500, `${status} for ${JSON.stringify(request.toString('latin1'))}`)
    }
    for (let i = 0; i < requests; i += 20) await Promise.all(Array.from({ length: 20 }, speakOnce))
    assert.equal((await fetch(`${server.url}/health`)).status, 200)
    assert.deepEqual(server.log.filter(line => line.includes('"level":"error"')), [])
  })
})

/** Sends bytes, ends its side where told to, and reads for a moment. */
function speak(port: number, bytes: Buffer, ends: boolean): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1').on('data', text => { answer += text }).on('error', () => {}).on('close', () => resolve(answer))
    if (ends) socket.end(bytes)
    else socket.write(bytes)
    setTimeout(() => socket.destroy(), 40)
  })
}
