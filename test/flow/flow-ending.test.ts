import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endingOf } from '../../src/flow/ending.ts'
import {
  authorize, bearer, callMcp, decide, exchange, get, getTokens, openConsent, postForm, register, requestCode,
  requestRegistration, type TestServer } from '../harness.ts'
import { listFlows, runFlow, start } from './flow-server.ts'

describe('The ending of a flow', () => {
  const endings: readonly (readonly [string, (server: TestServer) => Promise<unknown>])[] = [
    ['token required', server => callMcp(server, undefined, 'initialize')],
    ['client registered', server => register(server)],
    ['code issued', async server => authorize(server, await register(server))],
    ['tokens issued', server => getTokens(server)],
    ['tool called', server => runFlow(server)],
    ['refused by redirect-uri-is-safe', server => requestRegistration(server, { redirect_uris: ['javascript:x'] })],
    ['refused by redirect-uri-is-registered', async server => requestCode(server, await register(server), { redirect_uri: 'http://localhost:1/callback' })],
    ['refused by code-verifier-matches', async server => {
      const client = await register(server)
      await exchange(server, client, { ...await authorize(server, client), code_verifier: 'x'.repeat(43) })
    }],
    ['refused by method-is-implemented', async server => {
      const { tokens } = await getTokens(server)
      await callMcp(server, tokens['access_token'], 'unknown')
    }],
    ['token revoked', async server => {
      const { client, tokens } = await getTokens(server)
      await postForm(`${server.url}/oauth/revoke`, { client_id: client['client_id'], token: tokens['refresh_token'] })
    }],
  ]

  for (const [ending, act] of endings) {
    it(`is listed as "${ending}"`, async t => {
      const server = await start(t)
      await act(server)
      assert.deepEqual((await listFlows(server)).map(flow => flow.ending), [ending])
    })
  }

  it('is listed as "denied by the user"', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    await decide(server, await openConsent(server, await register(server)), { decision: 'deny' })
    assert.equal((await listFlows(server))[0]!.ending, 'denied by the user')
  })

  it('is listed as abandoned after ten minutes without a message', async t => {
    const server = await start(t)
    await register(server)
    server.advance(601)
    assert.equal((await listFlows(server))[0]!.ending, 'abandoned: client registered')
  })
})

describe('endingOf()', () => {
  it('ignores refusals that are part of every flow', async t => {
    const server = await start(t)
    const { tokens } = await runFlow(server)
    await get(`${server.url}/mcp`, bearer(tokens['access_token']))
    await get(`${server.url}/.well-known/unknown`)
    assert.ok((await listFlows(server)).every(({ ending }) => ending === 'tool called' || ending === 'started'))
  })

  it('is open for a flow without messages', () => assert.equal(endingOf({ exchanges: [] }, 0).kind, 'open'))
})
