import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  assertRefused, exchange, postForm, postJson, readJson, requestToken, startServer, startWithCode } from '../harness.ts'
import { attack } from './attack.ts'

describe('Parameters of the token endpoint', { concurrency: 8 }, () => {
  for (const name of ['code', 'client_id', 'code_verifier', 'grant_type', 'redirect_uri', 'x', '__proto__']) {
    attack(`posts ${name} twice to the token endpoint`, 'parameters-are-not-repeated', async t => {
      const { server, client, authorization } = await startWithCode(t)
      const { code, code_verifier } = authorization
      const form = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] })
      const response = await postForm(`${server.url}/oauth/token`, `${form}&${name}=a&${name}=b`)
      await assertRefused(response, 'parameters-are-not-repeated', 'invalid_request', 400)
      assert.equal((await exchange(server, client, authorization)).status, 200)
    })
  }

  attack('posts a parameter in another case', 'parameter-is-sent', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const response = await exchange(server, client, authorization, { code: undefined, Code: authorization.code })
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  attack('posts the parameters in the query', 'parameter-is-sent', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { code, code_verifier } = authorization
    const query = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] })
    const response = await postForm(`${server.url}/oauth/token?${query}`, '')
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  for (const octets of ['%ff', '%c0%af', '%ed%a0%80', '%', '%zz', '%u0041']) {
    attack(`posts ${octets} in a form`, 'parameters-are-utf-8', async t => {
      const server = await startServer(t)
      const response = await postForm(`${server.url}/oauth/token`, `grant_type=refresh_token&refresh_token=${octets}&client_id=x`)
      await assertRefused(response, 'parameters-are-utf-8', 'invalid_request', 400)
    })
  }

  attack('posts JSON to the token endpoint', 'body-is-a-form', async t => {
    const server = await startServer(t)
    await assertRefused(await postJson(`${server.url}/oauth/token`, { grant_type: 'refresh_token' }), 'body-is-a-form', 'invalid_request', 400)
  })

  attack('posts a multipart form to the token endpoint', 'body-is-a-form', async t => {
    const server = await startServer(t)
    const form = new FormData()
    form.set('grant_type', 'refresh_token')
    await assertRefused(await fetch(`${server.url}/oauth/token`, { method: 'POST', body: form }), 'body-is-a-form', 'invalid_request', 400)
  })

  attack('injects forbidden characters into error_description', 'src/base/protocol/errors.ts: text.replaceAll', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const response = await requestToken(server, { grant_type: '"\\\r\n\u0000\u202e<b>ä' })
    assert.match((await readJson(response))['error_description'], /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})
