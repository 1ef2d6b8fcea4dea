import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorText, OAuthError } from '../../src/base/protocol/errors.ts'

describe('errorText()', () => {
  const texts = {
    'leaves printable ASCII unchanged': { text: 'scope must not exceed [a] {b}!', is: 'scope must not exceed [a] {b}!' },
    'replaces a quotation mark with an apostrophe (RFC 6749 section 5.2)': { text: 'not "plain"', is: "not 'plain'" },
    'replaces a backslash (RFC 6749 section 5.2)': { text: 'a\\b', is: 'a?b' },
    'replaces a line break, which would end a header': { text: 'a\r\nset-cookie: b', is: 'a??set-cookie: b' },
    'replaces non-ASCII characters (RFC 6749 section 5.2)': { text: 'Zürich', is: 'Z?rich' },
  }
  for (const [what, { text, is }] of Object.entries(texts)) {
    it(what, () => assert.equal(errorText(text), is))
  }

  it('truncates a long text', () => assert.equal(errorText('a'.repeat(1000)).length, 400))
})

describe('OAuthError', () => {
  const statuses = {
    invalid_request: 400, invalid_client: 401, invalid_grant: 400, invalid_scope: 400, invalid_target: 400,
    invalid_token: 401, insufficient_scope: 403, invalid_client_metadata: 400, server_error: 500,
  } as const
  for (const [code, status] of Object.entries(statuses)) {
    it(`answers ${code} with ${status}`, () => assert.equal(new OAuthError(code as keyof typeof statuses, '').status, status))
  }

  it('uses the status that the specification of an endpoint requires', () => {
    assert.equal(new OAuthError('invalid_client', '', { status: 400 }).status, 400)
  })
})
