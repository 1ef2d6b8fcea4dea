/** Inputs as long as they may be: the work that they cause grows in proportion. Nothing else runs meanwhile, since it would be counted. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { assertLinear } from '../growth.ts'
import {
  callMcp, craftToken, postForm, postMcp, readJson, register, requestCode, requestToken, sendRaw, startServer,
} from '../harness.ts'
import { attack } from './attack.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

describe('Long inputs', () => {
  attack('posts thousands of parameters', 'src/base/http/parameters.ts: new URLSearchParams(text)', async t => {
    const server = await startServer(t)
    await assertLinear(60_000, async size => {
      const many = Array.from({ length: size }, (_, i) => `p${i}=`).join('&').slice(0, size)
      const response = await postForm(`${server.url}/oauth/token`, `${many}&grant_type=refresh_token&client_id=x`)
      assert.equal(response.status, 401)
    })
  })

  for (const name of ['code', 'refresh_token', 'client_id', 'client_secret', 'grant_type', 'scope', 'resource', 'redirect_uri', 'client_assertion']) {
    attack(`posts 60,000 characters as ${name}`, 'body-is-bounded', async t => {
      const server = await startServer(t)
      const client = await register(server)
      await assertLinear(60_000, async size => {
        const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client['client_id'], [name]: 'a:b '.repeat(size / 4) }
        const response = await requestToken(server, form)
        assert.ok(response.status >= 400 && response.status < 500)
        assert.ok((await response.text()).length < 2000)
      })
    })
  }

  for (const name of ['client_id', 'redirect_uri', 'scope', 'resource', 'code_challenge', 'response_type', 'prompt']) {
    attack(`sends 12,000 characters as ${name}`, 'src/base/http/parameters.ts: new URLSearchParams(text)', async t => {
      const server = await startServer(t)
      const client = await register(server)
      await assertLinear(12_000, async size => {
        const response = await requestCode(server, client, { [name]: 'a:b '.repeat(size / 4) })
        assert.ok(response.status < 500, `${response.status}`)
        await response.text()
      })
    })
  }

  for (const name of [
    'accept', 'content-type', 'origin', 'mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'cookie', 'dpop', 'authorization',
    'expect', 'x-forwarded-for',
  ]) {
    attack(`sends 14,000 characters in the header ${name}`, 'src/app/serve.ts: maxHeaderSize: 16_384', async t => {
      const server = await startServer(t)
      const head = ['POST /mcp HTTP/1.1', `Host: localhost:${server.port}`, `Authorization: Bearer ${craftToken(server)}`, 'Content-Length: 0']
      await assertLinear(14_000, async size => {
        const { status } = await sendRaw(server, [...head, `${name}: ${'a;, '.repeat(size / 4)}`])
        assert.ok(status >= 400 && status < 500, `${status}`)
      })
    })
  }

  for (const text of ['x', '"\\', '€', '/']) {
    attack(`sends 60,000 characters of ${JSON.stringify(text)} in every place of a message`, 'src/base/protocol/json.ts: function countColons', async t => {
      const server = await startServer(t)
      const token = craftToken(server)
      const messages = (long: string) => [{ ...ping, id: long }, { ...ping, method: long }, { ...ping, jsonrpc: long }, { ...ping, params: { [long]: long } }]
      for (const i of [0, 1, 2, 3]) {
        await assertLinear(60_000, async size => {
          const response = await postMcp(server, token, messages(text.repeat(size / text.length))[i])
          assert.ok(response.status < 500)
          await response.text()
        })
      }
    })
  }

  attack('nests lists 30,000 levels deep', 'message-is-json', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    await assertLinear(60_000, async size => {
      const nested = '['.repeat(size / 2) + ']'.repeat(size / 2)
      assert.equal((await postMcp(server, token, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${nested}}}`)).status, 400)
    })
  })

  attack('lists files with a pattern of 60,000 characters', 'src/tools/list-files.ts: maxLength: 200', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    await assertLinear(60_000, async size => {
      const response = await callMcp(server, token, 'tools/call', { name: 'list_files', arguments: { pattern: '*a'.repeat(size / 2) } })
      assert.equal((await readJson(response))['result'].isError, true)
    })
  })
})
