/** What token endpoints, and what stands before them, answer to a refresh: a refused login told apart from "cannot tell now". */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientError, exitCodes } from '../../src/base/client/errors.ts'
import { withExtensions } from '../../src/client/extensions/with-extensions.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import { TokenKeeper } from '../../src/core/client/token-keeper.ts'
import type { Members, TestContext } from '../harness.ts'
import { brokenOff, html, json, record, startPeer, validMetadata, validTokens, type Answer, type Peer } from '../peer.ts'

const serverUrl = 'http://127.0.0.1/mcp'
const present = 1_000_000
const registration = { client_id: 'the-client', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/callback' }

async function keep(t: TestContext, answer: Answer, changes: Members = {}, stored: (peer: Peer) => Members = () => ({})) {
  const peer = await startPeer(t)
  peer.on('POST /token', answer)
  peer.on('POST /revoke', answer)
  peer.on('GET /.well-known/oauth-authorization-server', json(validMetadata(peer.url)))
  const storage = new MemoryStorage()
  await storage.update(() => ({
    registrations: { [peer.url]: registration },
    servers: { [serverUrl]: {
      issuer: peer.url, registration, token_endpoint: `${peer.url}/token`, revocation_endpoint: `${peer.url}/revoke`, access_token: 'old',
      token_type: 'Bearer', refresh_token: 'the-refresh-token', requested_scopes: [], expires_at: present - 1, ...changes, ...stored(peer),
    } },
  }))
  const { trace, notes } = record()
  const keeper = new TokenKeeper(withExtensions({ serverUrl, storage, trace, now: () => present }))
  return { peer, storage, keeper, notes, stored: () => keeper.find() }
}

const cannotTell: Record<string, [Answer, RegExp]> = {
  '429': [json({}, 429), /HTTP 429/],
  '429 with Retry-After': [json({}, 429, { 'retry-after': '17' }), /HTTP 429: Retry-After: 17/],
  '500': [json({ error: 'server_error' }, 500), /server_error: HTTP 500/],
  '500 with invalid_grant from a proxy': [json({ detail: 'upstream' }, 500), /HTTP 500: upstream/],
  '502 as a page': [html('<!doctype html><title>Bad gateway</title>', 502), /HTTP 502: Bad gateway/],
  '503': [json({ error: 'temporarily_unavailable', error_description: 'maintenance' }, 503, { 'retry-after': 'Wed, 02 Dec 2026 07:28:00 GMT' }), /temporarily_unavailable: HTTP 503; maintenance; Retry-After: Wed/],
  '504 with nothing': [{ status: 504 }, /HTTP 504/],
  '408': [{ status: 408 }, /HTTP 408/],
  '400 temporarily_unavailable': [json({ error: 'temporarily_unavailable' }, 400), /temporarily_unavailable/],
  '400 slow_down': [json({ error: 'slow_down' }, 400), /slow_down/],
  'the 403 of a firewall': [html('<html><head><title>Attention Required! | Firewall</title></head></html>', 403), /HTTP 403: Attention Required! \| Firewall/],
  '400 in plain text': [{ status: 400, headers: { 'content-type': 'text/plain' }, body: 'upstream connect error' }, /HTTP 400: upstream connect error/],
  '404 as JSON without an OAuth error': [json({ message: 'no route' }, 404), /HTTP 404: no route/],
}

describe('A refresh that is answered', () => {
  for (const [what, [answer, says]] of Object.entries(cannotTell)) {
    it(`${what} keeps the tokens and exits with 6`, async t => {
      const { keeper, stored, storage, peer } = await keep(t, answer)
      const { message } = await failsWith(keeper.renew(), exitCodes.unreachable, says)
      assert.doesNotMatch(message, /the-refresh-token/)
      assert.equal((await stored())?.refresh_token, 'the-refresh-token')
      assert.ok((await storage.read()).registrations[peer.url])
    })
  }

  it('by a connection that breaks keeps the tokens and exits with 6', async t => {
    const { keeper, stored } = await keep(t, { headers: { 'content-type': 'application/json' }, body: brokenOff('{"access_token"') })
    await failsWith(keeper.renew(), exitCodes.unreachable, /./)
    assert.equal((await stored())?.refresh_token, 'the-refresh-token')
  })

  it('503 uses an access token that is still valid meanwhile', async t => {
    const { keeper, notes } = await keep(t, json({}, 503), { expires_at: present + 10 })
    assert.equal((await keeper.current())?.access_token, 'old')
    assert.match(notes.join('\n'), /the access token is used while it is valid/)
  })

  for (const code of ['invalid_grant', 'invalid_client']) {
    it(`${code} ends the login, and says so (RFC 6749 section 5.2)`, async t => {
      const { keeper, stored } = await keep(t, json({ error: code, error_description: 'it is gone' }, 400))
      await failsWith(keeper.renew(), exitCodes.authorizationNeeded, new RegExp(`${code}: it is gone`))
      assert.equal(await stored(), undefined)
    })
  }

  for (const code of ['invalid_request', 'unauthorized_client', 'invalid_scope', 'unsupported_grant_type', 'access_denied', 'a_code_of_its_own']) {
    it(`${code} keeps the tokens and exits with 4`, async t => {
      const { keeper, stored } = await keep(t, json({ error: code }, 400))
      await failsWith(keeper.renew(), exitCodes.refused, new RegExp(code))
      assert.equal((await stored())?.refresh_token, 'the-refresh-token')
    })
  }

  for (const [what, refresh_token] of [['an empty refresh token', ''], ['a refresh token that is null', null], ['no refresh token', undefined]]) {
    it(`with ${what} keeps the old one (RFC 6749 appendix A.17)`, async t => {
      const { keeper } = await keep(t, json(validTokens({ access_token: 'new', refresh_token })))
      assert.equal((await keeper.renew()).refresh_token, 'the-refresh-token')
    })
  }

  for (const member of ['scope', 'error', 'error_description', 'id_token', 'expires_in']) {
    for (const value of ['', null]) {
      it(`with ${JSON.stringify(value)} for ${member} is a success`, async t => {
        const { keeper } = await keep(t, json({ ...validTokens({ access_token: 'new' }), [member]: value }))
        assert.equal((await keeper.renew()).access_token, 'new')
      })
    }
  }
})

describe('The words of an error that is not an OAuth error', () => {
  const words: Record<string, [unknown, RegExp]> = {
    'detail': [{ detail: 'Not authenticated' }, /Not authenticated/],
    'a list of details': [{ detail: [{ loc: ['body'], msg: 'field required' }] }, /field required/],
    'message': [{ message: 'Too bad' }, /Too bad/],
    'an error object': [{ error: { code: 42, message: 'inner' } }, /inner/],
    'errors': [{ errors: [{ title: 'first' }, { title: 'second' }] }, /first/],
    'a list': [[{ message: 'in a list' }], /in a list/],
    'a text': ['just text', /just text/],
    'problem details': [{ type: 'about:blank', title: 'Out of quota' }, /Out of quota/],
  }
  for (const [what, [body, says]] of Object.entries(words)) {
    it(`are shown from ${what}`, async t => {
      const { keeper } = await keep(t, json(body, 400))
      await failsWith(keeper.renew(), exitCodes.unreachable, says)
    })
  }

  it('are bounded, and steer no terminal', async t => {
    const { keeper } = await keep(t, json({ detail: `\u001b[2J\u202e${'x'.repeat(5_000)}` }, 400))
    const { message } = await failsWith(keeper.renew(), exitCodes.unreachable, /x/)
    assert.ok(message.length < 600)
    assert.doesNotMatch(message, /[\u001b\u202e]/)
  })
})

describe('Access tokens that live for a moment', () => {
  for (const expires_in of [0, 1, 10, 29]) {
    it(`of ${expires_in} s are refreshed once in a command, not for every request`, async t => {
      const { keeper, peer } = await keep(t, json(validTokens({ access_token: 'new', expires_in })))
      for (let i = 0; i < 4; i++) assert.equal((await keeper.current())?.access_token, 'new')
      assert.equal(peer.to('POST /token').length, 1)
    })
  }

  it('without a refresh token are used until they are refused', async t => {
    const { keeper, stored } = await keep(t, json({}))
    await keeper.save({ access_token: 'short', token_type: 'Bearer', expires_in: 0 }, { ...(await stored())!, refresh_token: undefined } as never)
    assert.equal((await keeper.current())?.access_token, 'short')
  })
})

describe('An endpoint in the client storage', () => {
  const changed: Record<string, [string, (peer: Peer) => Members]> = {
    'http on another machine': ['endpoint-is-secure', () => ({ token_endpoint: 'http://evil.example/token' })],
    'a user name': ['endpoint-is-secure', ({ url }) => ({ token_endpoint: `${url.replace('//', '//user@')}/token` })],
    'another host that the metadata does not name': ['stored-endpoint-is-named', () => ({ token_endpoint: 'http://localhost:1/token' })],
  }
  for (const [what, [rule, change]] of Object.entries(changed)) {
    it(`gets no refresh token, if the file now has ${what}`, async t => {
      const { keeper, peer } = await keep(t, json(validTokens()), {}, change)
      const error = await keeper.renew().then(() => undefined, (error: ClientError) => error)
      assert.equal(error?.rule?.id, rule)
      assert.equal(peer.to('POST /token').length, 0)
    })
  }
})

describe('A revocation that is answered', () => {
  for (const status of [429, 500, 503]) {
    it(`${status} keeps the tokens, so that they can be revoked later`, async t => {
      const { keeper, stored } = await keep(t, json({}, status))
      const error = await failsWith(keeper.revoke(), exitCodes.unreachable, /did not revoke the tokens/)
      assert.equal((error as ClientError).rule?.id, 'tokens-are-revoked')
      assert.ok(await stored())
    })
  }

  it('400 forgets the tokens, and says that they stay valid', async t => {
    const { keeper, stored, notes } = await keep(t, json({ error: 'unsupported_token_type' }, 400))
    await keeper.revoke()
    assert.equal(await stored(), undefined)
    assert.match(notes.join('\n'), /they stay valid until they expire/)
  })
})

async function failsWith(work: Promise<unknown>, exitCode: number, says: RegExp): Promise<Error> {
  const error = await work.then(() => undefined, (error: unknown) => error)
  assert.ok(error instanceof ClientError)
  assert.equal(error.exitCode, exitCode, error.message)
  assert.match(error.message, says)
  return error
}
