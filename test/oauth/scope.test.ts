import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatScope, includesScope, parseScope, unionOfScopes } from '../../src/base/protocol/scope.ts'
import { selectScopes } from '../../src/core/oauth/server-scope.ts'

describe('parseScope()', () => {
  const parsed: Record<string, { text: string; scopes: readonly string[] | undefined }> = {
    'keeps the order (RFC 6749 section 3.3)': { text: 'b a', scopes: ['b', 'a'] },
    'takes a repeated scope once': { text: 'a b a', scopes: ['a', 'b'] },
    'is case-sensitive (RFC 6749 section 3.3)': { text: 'a A', scopes: ['a', 'A'] },
    'takes nothing for no scope': { text: '', scopes: [] },
    'takes more than one blank between scopes': { text: ' a  b ', scopes: ['a', 'b'] },
    'takes every character that a scope may have (RFC 6749 section 3.3)': { text: '!#[]~', scopes: ['!#[]~'] },
    'refuses a quotation mark (RFC 6749 section 3.3)': { text: 'a"b', scopes: undefined },
    'refuses a backslash (RFC 6749 section 3.3)': { text: 'a\\b', scopes: undefined },
    'refuses a tab (RFC 6749 section 3.3)': { text: 'a\tb', scopes: undefined },
    'refuses a line break (RFC 6749 section 3.3)': { text: 'a\n', scopes: undefined },
    'refuses a letter beyond ASCII (RFC 6749 section 3.3)': { text: 'ä', scopes: undefined },
  }
  for (const [what, { text, scopes }] of Object.entries(parsed)) {
    it(what, () => assert.deepEqual(parseScope(text), scopes))
  }
})

describe('selectScopes()', () => {
  it('drops the OpenID Connect scopes (RFC 6749 section 3.3)', () => {
    const requested = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'mcp:tools:read']
    assert.deepEqual(selectScopes(requested), { scopes: ['mcp:tools:read'], known: true })
  })

  it('tells of a scope that is not supported', () => {
    assert.equal(selectScopes(['mcp:tools:read', 'mcp:tools:write']).known, false)
  })

  it('knows a scope in its own case only (RFC 6749 section 3.3)', () => {
    assert.equal(selectScopes(['MCP:tools:read']).known, false)
  })
})

describe('includesScope()', () => {
  it('is true where all are granted', () => assert.equal(includesScope(['a', 'b'], ['b', 'a']), true))
  it('is true where none is needed', () => assert.equal(includesScope([], []), true))
  it('is false where one is missing', () => assert.equal(includesScope(['a'], ['a', 'b']), false))
  it('does not take a part of a scope for the scope', () => assert.equal(includesScope(['a:b'], ['a']), false))
})

describe('unionOfScopes() and formatScope()', () => {
  it('join sets in order, each scope once', () => {
    assert.equal(formatScope(unionOfScopes(['a', 'b'], [], ['b', 'c'])), 'a b c')
  })
})
