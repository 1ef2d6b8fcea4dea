import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refreshed, register } from '../harness.ts'
import { arrowsOfFlow, listFlows, runFlow, start } from './flow-server.ts'

describe('The lifetime of a flow', () => {
  it('ends after twelve hours even if nobody looked at it: a refresh then starts a new flow', async t => {
    const server = await start(t)
    const { client, tokens } = await runFlow(server)
    server.advance(43_201)
    await refreshed(server, client, tokens['refresh_token'])
    const [flow, ...others] = await listFlows(server)
    assert.deepEqual([(await arrowsOfFlow(server, flow!.id)).length, others.length], [1, 0])
  })

  it('is twelve hours', async t => {
    const server = await start(t)
    await register(server)
    server.advance(43_201)
    assert.deepEqual(await listFlows(server), [])
  })
})
