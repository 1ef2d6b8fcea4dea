import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  authorize, basic, bearer, callMcp, decide, exchange, get, locationOf, openConsent, postForm, postMcp, readJson,
  redirect_uri, refresh, register, type Members, type TestServer,
} from '../harness.ts'
import { htmlOf, listFlows, openFile, saveFlow, start, watch } from './flow-server.ts'

/** Uses every kind of secret in every way, and returns them by name. */
async function useEverySecret(server: TestServer): Promise<Members> {
  const post = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
  const first = await authorize(server, post)
  const tokens = await readJson(await exchange(server, post, first))
  await exchange(server, post, first)
  const wrong = { code: 'a-code-that-nobody-issued', code_verifier: 'a-verifier-that-belongs-to-nobody-but-is-long-enough' }
  await exchange(server, post, wrong)
  await refresh(server, post, 'a-refresh-token-that-nobody-issued')
  await exchange(server, { ...post, client_secret: 'a-wrong-client-secret' }, await authorize(server, post))

  const byBasic = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
  const credentials = basic(byBasic['client_id'], byBasic['client_secret'])
  const second = await authorize(server, byBasic)
  const form = { grant_type: 'authorization_code', code: second.code, code_verifier: second.code_verifier, redirect_uri }
  const own = await readJson(await postForm(`${server.url}/oauth/token`, form, credentials))
  const newer = await readJson(await postForm(`${server.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: own['refresh_token'] }, credentials))
  await postForm(`${server.url}/oauth/introspect`, { token: newer['access_token'] }, credentials)
  await postForm(`${server.url}/oauth/introspect`, { token: newer['refresh_token'] }, credentials)
  const initialized = await callMcp(server, newer['access_token'], 'initialize', { protocolVersion: '2025-11-25' })
  const session = initialized.headers.get('mcp-session-id')!
  await callMcp(server, newer['access_token'], 'tools/list', {}, { 'mcp-session-id': session })
  await callMcp(server, `${newer['access_token']}x`, 'ping')
  await get(`${server.url}/mcp?access_token=${newer['access_token']}`)
  await postMcp(server, newer['access_token'], '{"access_token": broken')
  await postForm(`${server.url}/oauth/revoke`, { token: newer['access_token'] }, credentials)
  await postForm(`${server.url}/oauth/revoke`, { token: newer['refresh_token'] }, credentials)
  await get(`${server.url}/oauth/register/${byBasic['client_id']}`, bearer(byBasic['registration_access_token']))

  const web = await register(server, { redirect_uris: ['https://app.example.com/cb'] })
  const consent = await openConsent(server, web, { redirect_uri: 'https://app.example.com/cb' })
  const decided = await decide(server, consent)
  await decide(server, consent)
  return {
    'client secret sent by post': post['client_secret'], 'client secret sent by Basic': byBasic['client_secret'],
    'registration access token': byBasic['registration_access_token'], 'code': first.code, 'code_verifier': first.code_verifier,
    'unknown code': wrong.code, 'unknown code_verifier': wrong.code_verifier, 'unknown refresh token': 'a-refresh-token-that-nobody-issued',
    'wrong client secret': 'a-wrong-client-secret', 'access token': tokens['access_token'], 'refresh token': tokens['refresh_token'],
    'access token after Basic': own['access_token'], 'access token of a refresh': newer['access_token'],
    'refresh token that was rotated': own['refresh_token'], 'refresh token of a refresh': newer['refresh_token'], 'session id': session,
    'csrf_token': consent.csrf_token, 'consent_token': consent.consent_token, 'cookie': consent.cookie.split('=')[1],
    'code that a person approved': locationOf(decided).searchParams.get('code'),
    'Basic credentials': credentials['authorization']!.split(' ')[1],
  }
}

describe('What is shown of a flow', () => {
  it('holds no secret: neither on a page, nor in a file, an event, an explanation, or a page that is handed on', async t => {
    const server = await start(t)
    const stream = await watch(server)
    const secrets = await useEverySecret(server)
    const list = await listFlows(server)
    assert.ok(list.length >= 3)
    const shown: string[] = [await htmlOf(server), JSON.stringify(await stream.until(events => events.some(({ data }) => data.includes('/oauth/consent'))))]
    stream.close()
    for (const { id } of list) {
      const saved = await saveFlow(server, id)
      shown.push(saved, await htmlOf(server, `/flow/${id}`), await htmlOf(server, `/flow/${id}?as=page`), await (await openFile(server, saved)).text())
      for (const [, uri] of saved.matchAll(/(\/explain\/[\w-]+\?trace=[\w-]+)/g)) {
        shown.push(await htmlOf(server, uri), await (await get(server.url + uri)).text())
      }
    }
    const text = shown.join('\n')
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(typeof secret === 'string' && secret.length > 15, name)
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
        assert.ok(!text.includes(form), `a ${name} is shown: ${text.slice(Math.max(0, text.indexOf(form) - 300), text.indexOf(form) + 50)}`)
      }
      // The signature alone would be enough to forge nothing, and is in no record either.
      if (secret.split('.').length === 3) assert.ok(!text.includes(secret.split('.')[2]!), `the signature of a ${name} is shown`)
    }
    assert.ok(text.includes('sha256:') && text.includes('grant_id'))
  })
})
