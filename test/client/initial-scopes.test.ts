import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selectInitialScopes, type AuthorizationServer, type ProtectedResource } from '../../src/core/client/discovery.ts'

describe('selectInitialScopes()', () => {
  const resource: ProtectedResource = { resource: 'https://a.example', authorization_servers: [], scopes_supported: ['a', 'b'] }
  const serverWith = (scopes_supported: readonly string[]): AuthorizationServer => ({
    issuer: 'https://a.example', authorization_endpoint: '', token_endpoint: '', code_challenge_methods_supported: undefined, registration_endpoint: undefined,
    revocation_endpoint: undefined, scopes_supported, grant_types_supported: undefined, token_endpoint_auth_methods_supported: [],
    client_id_metadata_document_supported: false, authorization_response_iss_parameter_supported: false,
  })

  it('uses the scope of the challenge first (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes('c d', resource, serverWith(['a'])), ['c', 'd'])
  })

  it('uses scopes_supported of the resource second (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes(undefined, resource, serverWith(['x'])), ['a', 'b'])
  })

  it('uses none if neither names any (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes(undefined, { ...resource, scopes_supported: undefined }, serverWith(['x'])), [])
  })

  it('adds offline_access if the authorization server supports it (MCP 2026-07-28 basic/authorization, Refresh Tokens)', () => {
    assert.deepEqual(selectInitialScopes('c', resource, serverWith(['offline_access'])), ['c', 'offline_access'])
  })

  it('does not add offline_access because the resource names it', () => {
    assert.deepEqual(selectInitialScopes('c', { ...resource, scopes_supported: ['offline_access'] }, serverWith([])), ['c'])
  })

  it('names offline_access once', () => {
    assert.deepEqual(selectInitialScopes('offline_access', resource, serverWith(['offline_access'])), ['offline_access'])
  })
})
