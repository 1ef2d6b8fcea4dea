import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatScope, includesScope, parseScope, unionOfScopes } from '../../src/base/protocol/scope.ts'
import { selectScopes } from '../../src/core/oauth/server-scope.ts'

describe('parseScope()', () => {
  const parsed: Record<string, { text: string; scopes: readonly string[] | undefined }> = {
    'keeps the order (RFC 6749 section 3.3)': { text: 'b a', scopes: ['b', 'a'] },
    'drops a repeated scope': { text: 'a b a', scopes: ['a', 'b'] },
    'is case-sensitive (RFC 6749 section 3.3)': { text: 'a A', scopes: ['a', 'A'] },
    'returns no scopes for empty text': { text: '', scopes: [] },
    'accepts extra spaces': { text: ' a  b ', scopes: ['a', 'b'] },
    'accepts every character that a scope may contain (RFC 6749 section 3.3)': { text: '!#[]~', scopes: ['!#[]~'] },
    'rejects a quotation mark (RFC 6749 section 3.3)': { text: 'a"b', scopes: undefined },
    'rejects a backslash (RFC 6749 section 3.3)': { text: 'a\\b', scopes: undefined },
    'rejects a tab (RFC 6749 section 3.3)': { text: 'a\tb', scopes: undefined },
    'rejects a line break (RFC 6749 section 3.3)': { text: 'a\n', scopes: undefined },
    'rejects a letter outside ASCII (RFC 6749 section 3.3)': { text: 'ä', scopes: undefined },
  }
  for (const [what, { text, scopes }] of Object.entries(parsed)) {
    it(what, () => assert.deepEqual(parseScope(text), scopes))
  }
})

describe('selectScopes()', () => {
  it('drops the OpenID Connect scopes (RFC 6749 section 3.3)', () => {
    const requested = 'openid profile email address phone offline_access mcp:tools:read'
    assert.deepEqual(selectScopes(requested), { scopes: ['mcp:tools:read'], areSupported: true })
  })

  it('drops unknown scopes beside a known one (RFC 6749 section 3.3)', () => {
    assert.deepEqual(selectScopes('x mcp:tools:read mcp:tools:"write"'), { scopes: ['mcp:tools:read'], areSupported: true })
  })

  it('detects that no scope is supported', () => {
    assert.equal(selectScopes('openid mcp:tools:write').areSupported, false)
  })

  it('is case-sensitive (RFC 6749 section 3.3)', () => {
    assert.equal(selectScopes('MCP:tools:read').areSupported, false)
  })

  it('does not support text that is not a scope (RFC 6749 section 3.3)', () => {
    assert.equal(selectScopes('mcp:tools:"read"').areSupported, false)
  })
})

describe('includesScope()', () => {
  it('is true if all are granted', () => assert.equal(includesScope(['a', 'b'], ['b', 'a']), true))
  it('is true if none is needed', () => assert.equal(includesScope([], []), true))
  it('is false if one is missing', () => assert.equal(includesScope(['a'], ['a', 'b']), false))
  it('does not match a prefix of a scope', () => assert.equal(includesScope(['a:b'], ['a']), false))
})

describe('unionOfScopes() and formatScope()', () => {
  it('join sets in order, each scope once', () => {
    assert.equal(formatScope(unionOfScopes(['a', 'b'], [], ['b', 'c'])), 'a b c')
  })
})
