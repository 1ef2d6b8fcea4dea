/**
 * Client metadata that names more than this server supports. A registration and a metadata document are narrowed by the same
 * code, so that each row runs for both.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorizationParameters, authorize, basic, bearer, exchange, get, getTokens, locationOf, postJson, readJson,
  redirect_uri, refresh, register, requestAuthorization, requestCode, requestRegistration, requestToken, startServer, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import { client_id as documentUrl, documentOf, fetcher } from '../extensions/document-client.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const both = 'mcp:tools:read mcp:tools:execute'
const code = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }

/** What is sent, and what the answer says instead; an undefined member is not in it. */
const narrowed: Record<string, { sent: Members; registered: Members }> = {
  'the jwt-bearer grant, as a hosted client sends it': {
    sent: { grant_types: ['authorization_code', 'refresh_token', jwtBearer] }, registered: code,
  },
  'an unsupported grant type in front': { sent: { grant_types: ['password', 'authorization_code'] }, registered: { grant_types: ['authorization_code'] } },
  'the device grant and token exchange': {
    sent: { grant_types: [
      'urn:ietf:params:oauth:grant-type:device_code', 'authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange', 'refresh_token',
    ] },
    registered: code,
  },
  'the implicit grant and its response types': {
    sent: { grant_types: ['authorization_code', 'implicit', 'refresh_token'], response_types: ['code', 'token', 'id_token'] }, registered: code,
  },
  'an unsupported response type in front': { sent: { response_types: ['none', 'code'] }, registered: code },
  'a hybrid response type beside code': { sent: { response_types: ['code', 'code id_token'] }, registered: code },
  'a grant type twice': { sent: { grant_types: ['authorization_code', 'authorization_code'] }, registered: { grant_types: ['authorization_code'] } },
  'client_credentials for a client without a secret': {
    sent: { grant_types: ['authorization_code', 'client_credentials'] }, registered: { grant_types: ['authorization_code'] },
  },
  'a foreign scope alone, as a hosted client sends it': { sent: { scope: 'claudeai' }, registered: { scope: both } },
  'several foreign scopes alone': { sent: { scope: 'repo user read:org' }, registered: { scope: both } },
  'OpenID Connect scopes alone': { sent: { scope: 'openid profile email offline_access' }, registered: { scope: both } },
  'a foreign scope beside one of ours': { sent: { scope: 'claudeai mcp:tools:read' }, registered: { scope: 'mcp:tools:read' } },
  'a malformed scope beside one of ours': { sent: { scope: 'mcp:tools:read "x"' }, registered: { scope: 'mcp:tools:read' } },
  'scopes separated by commas': { sent: { scope: 'mcp:tools:read,mcp:tools:execute' }, registered: { scope: both } },
  'contacts in a string': { sent: { contacts: 'dev@example.com' }, registered: { contacts: undefined } },
  'a contact that is no text': { sent: { contacts: ['dev@example.com', 1] }, registered: { contacts: ['dev@example.com'] } },
  'more than 20 contacts': { sent: { contacts: Array(25).fill('dev@example.com') }, registered: { contacts: Array(20).fill('dev@example.com') } },
  'a software_version in a number': { sent: { software_version: 1.5 }, registered: { software_version: undefined } },
  'a software_id that is an object': { sent: { software_id: {} }, registered: { software_id: undefined } },
  'a logo_uri without a host': { sent: { logo_uri: '/logo.png' }, registered: { logo_uri: undefined } },
  'a client_uri without a scheme': { sent: { client_uri: 'app.example.com' }, registered: { client_uri: undefined } },
  'a client_uri with a port but no scheme': { sent: { client_uri: 'app.example.com:8080/x' }, registered: { client_uri: undefined } },
  'a policy_uri with a blank in it': { sent: { policy_uri: 'https://app.example.com/a b' }, registered: { policy_uri: undefined } },
  'a tos_uri that is a mail address': { sent: { tos_uri: 'mailto:dev@example.com' }, registered: { tos_uri: undefined } },
  'a logo_uri that is a list': { sent: { logo_uri: ['https://app.example.com/logo.png'] }, registered: { logo_uri: undefined } },
  'a logo_uri of 2,000 characters': { sent: { logo_uri: `https://app.example.com/${'x'.repeat(2000)}` }, registered: { logo_uri: undefined } },
  'an unknown application_type': { sent: { application_type: 'service' }, registered: { application_type: undefined } },
  'keys that the authentication method does not use': {
    sent: { jwks: { keys: [] }, jwks_uri: 'https://app.example.com/jwks' }, registered: { jwks: undefined, jwks_uri: undefined },
  },
  'a software statement': { sent: { software_statement: 'eyJhbGciOiJub25lIn0.e30.' }, registered: { software_statement: undefined } },
  'members that nobody knows': { sent: { 'client_name#de': 'Beispiel', x: { y: [1] } }, registered: { 'client_name#de': undefined, x: undefined } },
}

/** What the specification protects: the client is refused. */
const refused: Record<string, { sent: Members; rule: string; error?: string }> = {
  'only unsupported grant types': { sent: { grant_types: ['password', jwtBearer] }, rule: 'grant-types-are-supported' },
  'the implicit grant alone': { sent: { grant_types: ['implicit'], response_types: ['token'] }, rule: 'grant-types-are-supported' },
  'only unsupported response types': { sent: { response_types: ['token', 'id_token'] }, rule: 'response-types-are-supported' },
  'only client_credentials, for a client without a secret': {
    sent: { grant_types: ['client_credentials'] }, rule: 'client-credentials-are-confidential',
  },
  'code without its grant type': { sent: { grant_types: ['refresh_token'], response_types: ['code'] }, rule: 'grant-types-fit-response-types' },
  'an unknown authentication method': { sent: { token_endpoint_auth_method: 'tls_client_auth' }, rule: 'authentication-method-is-supported' },
  'private_key_jwt without a key': { sent: { token_endpoint_auth_method: 'private_key_jwt' }, rule: 'client-keys-are-sent' },
  'dpop_bound_access_tokens in a string': { sent: { dpop_bound_access_tokens: 'true' }, rule: 'client-metadata-is-typed' },
  'grant_types in a string': { sent: { grant_types: 'authorization_code' }, rule: 'client-metadata-is-typed' },
  'a scope in a list': { sent: { scope: ['mcp:tools:read'] }, rule: 'client-metadata-is-typed' },
  'a logo_uri that is a script': { sent: { logo_uri: 'javascript:alert(1)' }, rule: 'client-metadata-is-typed' },
  'a client_uri that is data': { sent: { client_uri: 'data:text/html,x' }, rule: 'client-metadata-is-typed' },
  'a bad redirect URI behind a good one': {
    sent: { redirect_uris: [redirect_uri, 'http://app.example.com/'] }, rule: 'redirect-uri-is-safe', error: 'invalid_redirect_uri',
  },
  'a bad redirect URI in front of a good one': {
    sent: { redirect_uris: ['javascript:alert(1)', redirect_uri] }, rule: 'redirect-uri-is-safe', error: 'invalid_redirect_uri',
  },
  'a redirect URI that is a number, beside a good one': {
    sent: { redirect_uris: [redirect_uri, 1] }, rule: 'redirect-uris-are-sent', error: 'invalid_redirect_uri',
  },
}

const env = { OAUTH_CLIENT_CREDENTIALS: 'true' }

function startWithDocument(t: TestContext, changes: Members): Promise<TestServer> {
  const document = documentOf(documentUrl, { token_endpoint_auth_method: 'none', ...changes })
  return startServer(t, env, { fetchDocument: fetcher(document).fetchDocument })
}

describe('POST /oauth/register narrows, and the answer says to what (RFC 7591 section 3.2.1)', () => {
  for (const [what, { sent, registered }] of Object.entries(narrowed)) {
    it(what, async t => {
      const client = await register(await startServer(t, env), sent)
      assert.deepEqual(Object.fromEntries(Object.keys(registered).map(name => [name, client[name]])), registered)
    })
  }

  it('client_credentials where this server does not offer it', async t => {
    const server = await startServer(t, { OAUTH_CLIENT_CREDENTIALS: 'false' })
    const client = await register(server, {
      grant_types: ['authorization_code', 'client_credentials'], token_endpoint_auth_method: 'client_secret_basic',
    })
    assert.deepEqual(client['grant_types'], ['authorization_code'])
  })

  it('a client_name in a number', async t => {
    assert.equal((await register(await startServer(t), { client_name: 42 }))['client_name'], undefined)
  })

  it('all at once, and the client then goes through the whole flow', async t => {
    const server = await startServer(t, env)
    const sent = {
      grant_types: ['authorization_code', 'refresh_token', jwtBearer], response_types: ['code', 'token'], scope: 'claudeai', contacts: 'x',
      logo_uri: '', jwks: null,
    }
    const { client, tokens } = await getTokens(server, sent)
    assert.equal(tokens['scope'], both)
    assert.equal((await refresh(server, client, tokens['refresh_token'])).status, 200)
  })

  it('and what is read back is what was registered (RFC 7592 section 2.1)', async t => {
    const server = await startServer(t, env)
    const { client_id, registration_access_token } = await register(server, { grant_types: ['authorization_code', jwtBearer], scope: 'claudeai' })
    const client = await readJson(await get(`${server.url}/oauth/register/${client_id}`, bearer(registration_access_token)))
    assert.deepEqual([client['grant_types'], client['scope']], [['authorization_code'], both])
  })

  it('an update as well (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t, env)
    const { client_id, registration_access_token } = await register(server)
    const response = await fetch(`${server.url}/oauth/register/${client_id}`, {
      method: 'PUT', headers: { 'content-type': 'application/json', ...bearer(registration_access_token) },
      body: JSON.stringify({ client_id, redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', jwtBearer] }),
    })
    assert.deepEqual((await readJson(response))['grant_types'], ['authorization_code'])
  })
})

describe('A metadata document is narrowed like a registration', () => {
  for (const [what, { sent }] of Object.entries(narrowed)) {
    it(what, async t => {
      const server = await startWithDocument(t, sent)
      const client = { client_id: documentUrl }
      assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
    })
  }
})

describe('POST /oauth/register still refuses', () => {
  for (const [what, { sent, rule, error = 'invalid_client_metadata' }] of Object.entries(refused)) {
    it(what, async t => {
      await assertRefused(await requestRegistration(await startServer(t, env), sent), rule, error, 400)
    })
  }

  it('a body that is a list', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, '[]')
    await assertRefused(response, 'client-metadata-is-an-object', 'invalid_client_metadata', 400)
  })
})

describe('A metadata document is still refused', () => {
  for (const [what, { sent }] of Object.entries(refused)) {
    it(what, async t => {
      const server = await startWithDocument(t, sent)
      const response = await requestCode(server, { client_id: documentUrl })
      await assertRefused(response, 'client-document-describes-a-client', 'invalid_client', 400)
    })
  }
})

describe('Unknown scopes are dropped beside known ones (RFC 6749 section 3.3)', () => {
  const requested: Record<string, string> = {
    'claudeai mcp:tools:read': 'mcp:tools:read',
    'mcp:tools:read claudeai': 'mcp:tools:read',
    'mcp:tools:read  mcp:tools:execute mcp:tools:admin': both,
    'openid claudeai mcp:tools:execute': 'mcp:tools:execute',
    'mcp:tools:read mcp:tools:read': 'mcp:tools:read',
    'mcp:tools:read MCP:TOOLS:EXECUTE': 'mcp:tools:read',
  }
  for (const [scope, granted] of Object.entries(requested)) {
    it(`at the authorization endpoint: ${scope}`, async t => {
      const { tokens } = await getTokens(await startServer(t), {}, { scope })
      assert.equal(tokens['scope'], granted)
    })
  }

  it('at the token endpoint, when the client repeats the scope that it had requested', async t => {
    const server = await startServer(t)
    const scope = 'claudeai mcp:tools:read'
    const { client, tokens } = await getTokens(server, {}, { scope })
    const response = await refresh(server, client, tokens['refresh_token'], { scope })
    assert.equal((await readJson(response))['scope'], 'mcp:tools:read')
  })

  it('for a client that acts for itself', async t => {
    const server = await startServer(t, env)
    const { client_id, client_secret } = await register(server, {
      grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic', redirect_uris: undefined,
    })
    const form = { grant_type: 'client_credentials', scope: 'claudeai mcp:tools:read' }
    const response = await requestToken(server, form, basic(client_id, client_secret))
    assert.equal((await readJson(response))['scope'], 'mcp:tools:read')
  })

  for (const scope of ['claudeai', 'openid claudeai', 'mcp:tools', '"']) {
    it(`and refused alone: ${scope}`, async t => {
      const server = await startServer(t)
      const query = authorizationParameters(await register(server), createCodeVerifier(), { scope })
      const { searchParams } = locationOf(await requestAuthorization(server, query))
      assert.equal(searchParams.get('error'), 'invalid_scope')
      assert.match(searchParams.get('error_description')!, /mcp:tools:read or mcp:tools:execute/)
    })
  }

  for (const scope of ['claudeai', 'mcp:tools:read mcp:tools:execute']) {
    it(`and a refresh never widens the grant: ${scope}`, async t => {
      const server = await startServer(t)
      const { client, tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
      await assertRefused(await refresh(server, client, tokens['refresh_token'], { scope }), 'scope-is-not-widened', 'invalid_scope', 400)
    })
  }
})
