import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { serve } from '../../src/app/serve.ts'
import {
  authorize, bearer, callMcp, craftToken, decide, exchange, get, openConsent, postForm, readJson, refresh, register,
  requestAuthorization, requestCode, requestRegistration, requestToken, startServer, testKey, type Members, type TestServer,
} from '../harness.ts'
import { attack } from './attack.ts'
import { startServerProgram } from '../run-server.ts'
import { getTls, openConnection, tlsFiles } from './connections.ts'
import { cert, key, otherKey } from './tls-fixture.ts'

function linesOf({ log }: TestServer, event: string): Members[] {
  return log.map(line => JSON.parse(line) as Members).filter(line => line['event'] === event)
}

describe('Operations', { concurrency: 4 }, () => {
  // --- Starting ---

  const good = { JWT_SECRET_KEY: testKey, SERVER_PORT: '0', LOG_LEVEL: 'silent' }
  const bad: Record<string, [Record<string, string>, string]> = {
    'without a key': [{ JWT_SECRET_KEY: '' }, 'JWT_SECRET_KEY'],
    'with a key of 31 bytes': [{ JWT_SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz01234' }, 'JWT_SECRET_KEY'],
    'with a repetitive key': [{ JWT_SECRET_KEY: 'abab'.repeat(16) }, 'JWT_SECRET_KEY'],
    'with a short previous key': [{ JWT_PREVIOUS_SECRET_KEYS: 'short' }, 'JWT_PREVIOUS_SECRET_KEYS'],
    'with a short key even in DEBUG': [{ DEBUG: 'true', JWT_SECRET_KEY: 'short' }, 'JWT_SECRET_KEY'],
    'with auto-approval on the internet': [{ SERVER_URL: 'https://mcp.example.com', OAUTH_AUTO_APPROVE: 'true' }, 'OAUTH_AUTO_APPROVE'],
    'with auto-approval on a host that looks like loopback': [{ SERVER_URL: 'http://localhost.example.com', OAUTH_AUTO_APPROVE: '1' }, 'OAUTH_AUTO_APPROVE'],
    'with a certificate and no key': [{ TLS_CERT_FILE: '/x' }, 'TLS_KEY_FILE'],
    'with a key and no certificate': [{ TLS_KEY_FILE: '/x' }, 'TLS_CERT_FILE'],
    'with a certificate that does not exist': [{ TLS_CERT_FILE: '/nowhere/x', TLS_KEY_FILE: '/nowhere/x' }, 'TLS_CERT_FILE'],
    'with TLS and an http URL': [{ TLS_CERT_FILE: '/x', TLS_KEY_FILE: '/x', SERVER_URL: 'http://localhost:8000' }, 'SERVER_URL'],
  }
  for (const [what, [env, variable]] of Object.entries(bad)) {
    attack(`has the server start ${what}`, 'src/base/config/environment.ts: export class ConfigError', async () => {
      await assert.rejects(serve({ ...good, ...env }), new RegExp(`^ConfigError: ${variable} `))
    })
  }
  const numbers = ['NaN', '-1', 'Infinity', '1e3', '0x10', '9'.repeat(400), 'abc', ' 1', '1 ', '-0', '99999999999', '٣']
  for (const variable of [
    'JWT_ACCESS_TOKEN_EXPIRE_MINUTES', 'OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', 'OAUTH_REFRESH_TOKEN_EXPIRE_DAYS',
    'OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS', 'SERVER_PORT', 'RATE_LIMIT_REGISTRATIONS_PER_MINUTE',
  ]) {
    attack(`has the server start with a ${variable} that is infinite or not a number`, 'src/base/config/environment.ts: Number(raw) : NaN', async () => {
      for (const value of numbers) await assert.rejects(serve({ ...good, [variable]: value }), new RegExp(`^ConfigError: ${variable} `), value)
    })
  }
  for (const variable of ['JWT_ACCESS_TOKEN_EXPIRE_MINUTES', 'OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', 'OAUTH_REFRESH_TOKEN_EXPIRE_DAYS']) {
    attack(`has the server start with a ${variable} of 0`, 'src/base/config/variables.ts: moreThan: 0', async () => {
      await assert.rejects(serve({ ...good, [variable]: '0' }), new RegExp(`^ConfigError: ${variable} `))
    })
  }
  for (const url of ['x', 'localhost:8000', 'ftp://localhost', 'javascript:alert(1)', 'http://', 'http://a@localhost', 'http://localhost?x', 'http://localhost#', 'http://LOCALHOST', 'http://localhost:80', 'http://localhost//x', ' http://localhost', 'http://local\nhost']) {
    attack(`has the server start with the SERVER_URL ${JSON.stringify(url)}`, 'src/base/config/issuer.ts: function parseIssuer', async () => {
      await assert.rejects(serve({ ...good, SERVER_URL: url }), /^ConfigError: SERVER_URL /)
    })
  }
  for (const value of ['false', '0', '']) {
    attack(`gets approved without asking with OAUTH_AUTO_APPROVE=${JSON.stringify(value)}`, 'src/base/config/environment.ts: raw === \'true\'', async t => {
      const server = await startServer(t, { OAUTH_AUTO_APPROVE: value })
      assert.equal((await requestCode(server, await register(server))).status, 200)
    })
  }
  for (const value of ['no', 'off', 'False', 'TRUE ', 'yes', 'tru', 'null', 'undefined', '2']) {
    attack(`has the server start with OAUTH_AUTO_APPROVE=${JSON.stringify(value)}`, 'src/base/config/environment.ts: it must be true or false', async () => {
      await assert.rejects(serve({ ...good, OAUTH_AUTO_APPROVE: value }), /^ConfigError: OAUTH_AUTO_APPROVE /)
    })
  }
  attack('connects from another machine to a server with the default host', 'src/base/config/variables.ts: SERVER_HOST', async t => {
    const server = await startServer(t)
    assert.equal(server.config.host, '127.0.0.1')
    const socket = connect(server.port, '::1')
    await assert.rejects(once(socket, 'connect'))
  })
  attack('reads tokens in clear text on the network', 'src/app/warnings.ts: other machines can connect', async t => {
    const server = await startServer(t, { SERVER_HOST: '0.0.0.0' })
    assert.equal(linesOf(server, 'other machines can connect, but SERVER_URL is not https').length, 1)
    assert.match(server.log.join(''), /TLS_CERT_FILE/)
  })

  // --- Running ---

  attack('ends the server by ending the program that reads its log', 'src/server.ts: stream.on(\'error\'', async t => {
    const { child, url, ended } = await startServerProgram(t, { JWT_SECRET_KEY: testKey })
    const origin = await url()
    child.stderr!.destroy()
    child.stdout!.destroy()
    for (let i = 0; i < 20; i++) await postForm(`${origin}/oauth/token`, { grant_type: 'x' })
    assert.equal((await get(`${origin}/health`)).status, 200)
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })

  // --- TLS ---

  attack('intercepts the traffic between client and server', 'src/app/serve.ts: createHttpsServer(', async t => {
    const server = await startServer(t, await tlsFiles(t))
    assert.equal(server.config.issuer, `https://localhost:${server.port}`)
    assert.equal((await getTls(server.port, '/health')).status, 200)
    await assert.rejects(get(`http://localhost:${server.port}/health`))
  })
  attack('downgrades a browser to http', 'src/base/ui/security-headers.ts: \'strict-transport-security\'', async t => {
    const server = await startServer(t, await tlsFiles(t))
    assert.equal((await getTls(server.port, '/health')).headers['strict-transport-security'], 'max-age=31536000')
    const behindProxy = await startServer(t, { SERVER_URL: 'https://mcp.example.com', OAUTH_AUTO_APPROVE: 'false' })
    assert.ok((await get(`${behindProxy.url}/health`)).headers.has('strict-transport-security'))
    assert.equal((await get(`${(await startServer(t)).url}/health`)).headers.has('strict-transport-security'), false)
  })
  attack('crashes a recording server with values that cannot be converted to text', 'src/base/rules/shown-verdict.ts: JSON.stringify(value) ?? typeof value', async t => {
    const server = await startServer(t, { DEBUG: 'true', LOG_LEVEL: 'error' })
    const parts = [{ alg: 'HS256', crit: [{ toString: 1, valueOf: 1 }] }, {}].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const response = await fetch(`${server.url}/mcp`, { headers: bearer(`${parts.join('.')}.x`) })
    assert.equal(response.status, 401)
    assert.equal((await get(`${server.url}/health`)).status, 200)
  })
  attack('downgrades the server to TLS 1.1', 'src/app/serve.ts: minVersion: \'TLSv1.2\'', async t => {
    const server = await startServer(t, await tlsFiles(t))
    const socket = connectTls({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    await assert.rejects(once(socket, 'secureConnect'))
  })
  attack('speaks plain http to the TLS port', 'src/base/http/connections.ts: if (!exchanges) return void socket.destroy()', async t => {
    const server = await startServer(t, await tlsFiles(t))
    const socket = await openConnection(server.port, `GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await once(socket, 'close')
    assert.equal((await getTls(server.port, '/health')).status, 200)
  })
  for (const [what, files, variable] of [
    ['that is not one', { TLS_CERT_FILE: 'x', TLS_KEY_FILE: key }, 'TLS_CERT_FILE'],
    ['with a key that is not one', { TLS_CERT_FILE: cert, TLS_KEY_FILE: 'x' }, 'TLS_KEY_FILE'],
    ['with the key of another one', { TLS_CERT_FILE: cert, TLS_KEY_FILE: otherKey }, 'TLS_KEY_FILE'],
  ] as const) {
    attack(`has the server start with a certificate ${what}`, 'src/base/config/tls.ts: is not the key of the certificate', async t => {
      const error = await serve({ ...good, ...await tlsFiles(t, files) }).then(() => undefined, String)
      assert.match(error!, new RegExp(`^ConfigError: ${variable} `))
      assert.doesNotMatch(error!, /BEGIN|MIG/)
    })
  }

  // --- The log ---

  attack('registers, approves, redeems, refreshes, revokes and deletes without leaving a line in the log', 'src/core/context/context.ts: audit(event: string', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = await register(server)
    const { client_id } = client as { client_id: string }
    await decide(server, await openConsent(server, client), { decision: 'deny' })
    const page = await openConsent(server, client)
    const code = new URL((await decide(server, page)).headers.get('location')!).searchParams.get('code')!
    const tokens = await readJson(await exchange(server, client, { code, code_verifier: page.code_verifier }))
    const next = await readJson(await refresh(server, client, tokens['refresh_token']))
    await postForm(`${server.url}/oauth/revoke`, { token: next['access_token'], client_id })
    await postForm(`${server.url}/oauth/revoke`, { token: next['refresh_token'], client_id })
    await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' })
    await fetch(`${server.url}/oauth/register/${client_id}`, { method: 'DELETE', headers: bearer(client['registration_access_token']) })
    const events = server.log.map(line => JSON.parse(line) as Members)
    const audited = events.map(({ event, rule }) => rule ?? event)
    assert.deepEqual(audited, [
      'client registered', 'signed in', 'user-approved', 'authorization denied', 'signed in', 'authorization granted', 'token issued', 'token refreshed',
      'token revoked', 'token revoked', 'client-is-known', 'client deleted',
    ])
    for (const line of events) assert.equal(line['remote_address'], '127.0.0.1')
    const grants = new Set(events.filter(({ event }) => /granted|issued|refreshed|revoked/.test(event)).map(({ grant_id }) => grant_id))
    assert.equal(grants.size, 1)
  })

  for (const level of ['debug', 'info']) {
    attack(`reads secrets in the log at level ${level}`, 'src/base/protocol/crypto.ts: export function fingerprint', async t => {
      const server = await startServer(t, { LOG_LEVEL: level, DEBUG: level === 'debug' ? 'true' : 'false' })
      const client = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
      const authorization = await authorize(server, client)
      const wrong = { code_verifier: 'wrong-verifier'.repeat(4), client_secret: 'wrong-secret' }
      await exchange(server, client, authorization, { code_verifier: wrong.code_verifier })
      await exchange(server, client, authorization, { client_secret: wrong.client_secret })
      const tokens = await readJson(await exchange(server, client, authorization))
      await exchange(server, client, authorization)
      await refresh(server, client, tokens['refresh_token'])
      await refresh(server, client, 'guessed-refresh-token')
      await callMcp(server, tokens['access_token'], 'tools/list')
      await callMcp(server, `${tokens['access_token']}x`, 'tools/list')
      const secrets = [
        client['client_secret'], client['registration_access_token'], authorization.code, authorization.code_verifier, wrong.code_verifier,
        wrong.client_secret, tokens['access_token'], tokens['refresh_token'], tokens['access_token'].split('.')[2], 'guessed-refresh-token', testKey,
      ]
      for (const secret of secrets) assert.ok(!server.log.join('').includes(secret), secret)
    })
  }
  attack('injects lines into the log, and control sequences into the terminal that shows it', 'src/base/config/logger.ts: JSON escapes only C0 controls', async t => {
    const server = await startServer(t)
    const hostile = 'x\r\n{"event":"client deleted"}\u001b[2J\u009b31m\u202e\u2028\u0000\u007f'
    await requestRegistration(server, { client_name: hostile })
    await requestAuthorization(server, new URLSearchParams({ client_id: hostile, redirect_uri: hostile }))
    await requestToken(server, { grant_type: hostile })
    await callMcp(server, craftToken(server), hostile)
    assert.ok(server.log.length >= 4)
    for (const line of server.log) assert.match(line, /^\{[\x20-\x7e]*\}\n$/)
  })
  attack('fills the disk with long log lines', 'src/base/config/logger.ts: const maxLineLength', async t => {
    const server = await startServer(t)
    await requestToken(server, { grant_type: 'x'.repeat(60_000) })
    await requestRegistration(server, { redirect_uris: ['x'.repeat(60_000)] })
    await callMcp(server, craftToken(server), 'x'.repeat(200_000))
    for (const line of server.log) assert.ok(line.length < 5_000)
  })
})
