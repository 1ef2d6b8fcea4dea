import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorize, exchange, register, requestRegistration, bearer } from '../harness.ts'
import { listFlows, runFlow, start } from './flow-server.ts'

describe('The name of a flow', () => {
  it('is that of its client, even if the client registered in an earlier flow', async t => {
    const server = await start(t)
    const { client } = await runFlow(server, { client_name: 'Editor' })
    await exchange(server, client, await authorize(server, client))
    assert.deepEqual((await listFlows(server)).map(({ title }) => title), ['Editor', 'Editor'])
  })

  it('follows when the client changes its name', async t => {
    const server = await start(t)
    const client = await register(server, { client_name: 'Editor' })
    const { registration_client_uri, registration_access_token } = client
    const headers = { 'content-type': 'application/json', ...bearer(registration_access_token) }
    await fetch(registration_client_uri, { method: 'PUT', headers, body: JSON.stringify({ ...client, client_name: 'Notebook' }) })
    assert.deepEqual((await listFlows(server)).map(({ title }) => title), ['Notebook'])
  })

  it('is not changed by another registration that claims its client_id', async t => {
    const server = await start(t)
    const { client_id } = await register(server, { client_name: 'Editor' })
    for (const redirect_uris of [['x'], ['http://127.0.0.1:1/cb']]) {
      await fetch(`${server.url}/oauth/register?client_id=${client_id}`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ client_name: 'Evil', redirect_uris }),
      })
    }
    assert.ok((await listFlows(server)).map(({ title }) => title).includes('Editor'))
  })

  it('is that of a client whose registration is refused', async t => {
    const server = await start(t)
    await requestRegistration(server, { client_name: 'Editor', redirect_uris: ['javascript:x'] })
    assert.deepEqual((await listFlows(server)).map(({ title }) => title), ['Editor'])
  })
})
