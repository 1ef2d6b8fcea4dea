import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseChallenges, tokenChallenge } from '../../src/base/protocol/challenge.ts'

/** The challenges of a header as plain data. */
function parsed(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])
}

function tokenParameters(...headers: readonly string[]): unknown {
  return Object.fromEntries(tokenChallenge(new Headers(headers.map(value => ['www-authenticate', value]))))
}

describe('parseChallenges()', () => {
  it('reproduces the example of two challenges in one header (RFC 9110 section 11.6.1)', () => {
    assert.deepEqual(parsed('Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'), [
      ['basic', { realm: 'simple' }],
      ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
    ])
  })

  it('reproduces the example of an expired token (RFC 6750 section 3)', () => {
    assert.deepEqual(parsed('Bearer realm="example", error="invalid_token", error_description="The access token expired"'), [
      ['bearer', { realm: 'example', error: 'invalid_token', error_description: 'The access token expired' }],
    ])
  })

  it('reproduces the example of a resource_metadata parameter (RFC 9728 section 5.1)', () => {
    assert.deepEqual(
      parsed('Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource"'),
      [['bearer', { resource_metadata: 'https://resource.example.com/.well-known/oauth-protected-resource' }]],
    )
  })

  const forms: readonly (readonly [string, string, unknown])[] = [
    ['a scheme without parameters', 'Bearer', [['bearer', {}]]],
    ['two schemes without parameters', 'Negotiate, Bearer', [['negotiate', {}], ['bearer', {}]]],
    ['the scheme case-insensitively', 'bEARER scope=a', [['bearer', { scope: 'a' }]]],
    ['parameter names case-insensitively', 'Bearer SCOPE="a"', [['bearer', { scope: 'a' }]]],
    ['parameter values case-sensitively', 'Bearer scope="Files:Read"', [['bearer', { scope: 'Files:Read' }]]],
    ['a parameter value that is a token', 'Bearer error=invalid_token', [['bearer', { error: 'invalid_token' }]]],
    ['an empty quoted value', 'Bearer scope="", error="x"', [['bearer', { scope: '', error: 'x' }]]],
    ['a quoted pair', 'Bearer realm="a\\\\b\\"c\\d"', [['bearer', { realm: 'a\\b"cd' }]]],
    ['commas inside quotes', 'Bearer error_description="no, not so, Basic x", scope="a"',
      [['bearer', { error_description: 'no, not so, Basic x', scope: 'a' }]]],
    ['parameters inside quotes as text', 'Bearer realm="scope=\'evil\', error=x", scope="good"',
      [['bearer', { realm: 'scope=\'evil\', error=x', scope: 'good' }]]],
    ['spaces around the equals sign', 'Bearer realm = "x" ,\tscope\t=\ta', [['bearer', { realm: 'x', scope: 'a' }]]],
    ['empty list elements', ', ,Bearer ,,scope=a, ,error=b,', [['bearer', { scope: 'a', error: 'b' }]]],
    ['token68 credentials of another scheme', 'Negotiate a87421000492aa874209af8bc028==, Bearer scope=a',
      [['negotiate', {}], ['bearer', { scope: 'a' }]]],
    ['token68 with every character that it allows', 'NTLM Az09-._~+/=, Bearer scope=a', [['ntlm', {}], ['bearer', { scope: 'a' }]]],
    ['parameters without commas between them', 'Bearer error="x" scope="y"', [['bearer', { error: 'x', scope: 'y' }]]],
    ['a repeated challenge', 'Bearer scope=a, Bearer scope=b', [['bearer', { scope: 'a' }], ['bearer', { scope: 'b' }]]],
  ]
  for (const [what, header, expected] of forms) {
    it(`reads ${what} (RFC 9110 section 11)`, () => assert.deepEqual(parsed(header), expected))
  }

  it('uses the first of two parameters with the same name', () => {
    assert.deepEqual(parsed('Bearer scope="a", scope="b", Scope="c"'), [['bearer', { scope: 'a' }]])
  })

  const garbage: readonly (readonly [string, string, unknown])[] = [
    ['nothing', '', []],
    ['spaces', ' \t ', []],
    ['commas', ',,,', []],
    ['a lone equals sign', '=', []],
    ['a parameter without a scheme', 'scope="a"', []],
    ['a value without its closing quote', 'Bearer scope="a', [['bearer', {}], ['scope', {}]]],
    ['brackets', '{"error":"x"}', []],
    ['text after something unreadable', 'Bearer scope=a, <b>, error=x', [['bearer', { scope: 'a' }]]],
  ]
  for (const [what, header, expected] of garbage) {
    it(`survives ${what} instead of a challenge`, () => assert.deepEqual(parsed(header), expected))
  }

  // A parser that backtracks would need minutes for these; one that does not is done at once.
  const long = 400_000
  const hostile: readonly (readonly [string, string])[] = [
    ['spaces after the scheme', `Bearer${' '.repeat(long)}"`],
    ['leading spaces', `${' '.repeat(long)}"`],
    ['spaces before an equals sign', `Bearer scope${' '.repeat(long)}=`],
    ['spaces after an equals sign', `Bearer scope=${' '.repeat(long)}`],
    ['spaces after token68', `Basic abc${' '.repeat(long)}"`],
    ['equals signs', `Basic abc${'='.repeat(long)}"`],
    ['commas', `Bearer scope=a${','.repeat(long)}"`],
    ['backslashes in an open quote', `Bearer scope="${'\\'.repeat(long)}`],
    ['one long word', `Bearer ${'a'.repeat(long)}"`],
    ['many quotes', `Bearer scope=${'"'.repeat(long)}`],
  ]
  for (const [what, header] of hostile) {
    it(`is not slowed down by 400 kB of ${what}`, () => {
      assert.ok(parseChallenges(header).every(({ parameters }) => parameters.size <= 1))
    })
  }
})

describe('tokenChallenge()', () => {
  it('finds Bearer after another challenge', () => {
    assert.deepEqual(tokenParameters('Basic realm="x, y", Bearer scope="a b"'), { scope: 'a b' })
  })

  it('finds Bearer in a separate header field (RFC 9110 section 5.3)', () => {
    assert.deepEqual(tokenParameters('Basic realm="x"', 'Bearer scope="a"'), { scope: 'a' })
  })

  it('finds Bearer after DPoP, which some servers send first', () => {
    assert.deepEqual(tokenParameters('DPoP algs="ES256 RS256", Bearer scope="a"'), { scope: 'a' })
  })

  it('uses a DPoP challenge if there is no other (RFC 9449 section 7.1)', () => {
    assert.deepEqual(tokenParameters('DPoP algs="ES256", resource_metadata="https://a.example/m"'), {
      algs: 'ES256', resource_metadata: 'https://a.example/m',
    })
  })

  it('uses the first of two Bearer challenges', () => {
    assert.deepEqual(tokenParameters('Bearer scope="a"', 'Bearer scope="b"'), { scope: 'a' })
  })

  it('is empty without a header', () => {
    assert.deepEqual(tokenParameters(), {})
  })

  it('is empty for other schemes only', () => {
    assert.deepEqual(tokenParameters('Basic realm="x", Negotiate'), {})
  })
})
