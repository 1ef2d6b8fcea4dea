import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { hmacSha256 } from '../../src/base/protocol/crypto.ts'
import { signJwt, verifyJwt } from '../../src/core/oauth/jwt.ts'
import { Checker, type Rule } from '../../src/base/rules/rule.ts'

/** RFC 7515 appendix A.1: the key, the signing input and the signature. */
const example = {
  k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  signingInput: 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9'
    + '.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
  signature: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
}

const key = createSecretKey(Buffer.from('a key of 32 bytes for these tests'))
const otherKey = createSecretKey(Buffer.from('another key of 32 bytes for tests'))

class TestChecker extends Checker {
  protected record(): void {}

  protected refusal(rule: Rule): Error {
    return new Error(rule.id)
  }
}

const checker = new TestChecker()

describe('JWS', () => {
  it('reproduces the signature of RFC 7515 appendix A.1', () => {
    const exampleKey = createSecretKey(example.k, 'base64url')
    assert.equal(hmacSha256(exampleKey, example.signingInput), example.signature)
  })

  it('verifies the example of RFC 7515 appendix A.1', () => {
    const exampleKey = createSecretKey(example.k, 'base64url')
    assert.deepEqual(
      verifyJwt(`${example.signingInput}.${example.signature}`, 'jwt', [exampleKey], checker),
      { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true },
    )
  })
})

describe('signJwt()', () => {
  it('writes alg and typ into the header (RFC 7515 section 4.1)', () => {
    const [header] = signJwt('at+jwt', { sub: 'joe' }, key).split('.')
    assert.deepEqual(JSON.parse(Buffer.from(header!, 'base64url').toString()), { alg: 'HS256', typ: 'at+jwt' })
  })

  it('creates a token that verifyJwt() accepts, with the same claims', () => {
    assert.deepEqual(verifyJwt(signJwt('at+jwt', { sub: 'jöe' }, key), 'at+jwt', [key], checker), { sub: 'jöe' })
  })
})

describe('verifyJwt()', () => {
  const token = signJwt('at+jwt', { sub: 'joe' }, key)
  const [header, payload, signature] = token.split('.') as [string, string, string]

  it('accepts a token signed with the second of two keys', () => {
    assert.deepEqual(verifyJwt(token, 'at+jwt', [otherKey, key], checker), { sub: 'joe' })
  })

  it('accepts typ with the prefix application/ (RFC 7515 section 4.1.9)', () => {
    assert.deepEqual(verifyJwt(signJwt('application/at+jwt', {}, key), 'at+jwt', [key], checker), {})
  })

  it('accepts typ in upper case (RFC 7515 section 4.1.9)', () => {
    assert.deepEqual(verifyJwt(signJwt('AT+JWT', {}, key), 'at+jwt', [key], checker), {})
  })

  const refused: Record<string, { token: string; rule: string }> = {
    'a token signed with another key (RFC 7515 section 5.2)': {
      token: signJwt('at+jwt', { sub: 'joe' }, otherKey), rule: 'jwt-signature-verifies',
    },
    'another payload under the same signature (RFC 7515 section 5.2)': {
      token: `${header}.${base64url('{"sub":"root"}')}.${signature}`, rule: 'jwt-signature-verifies',
    },
    'an empty signature (RFC 7515 section 5.2)': { token: `${header}.${payload}.`, rule: 'jwt-signature-verifies' },
    'another encoding of the same signature bytes (RFC 7515 section 2)': {
      token: `${header}.${payload}.${otherSpelling(signature)}`, rule: 'jwt-signature-verifies',
    },
    'a signature with padding (RFC 7515 section 2)': { token: `${token}=`, rule: 'jwt-signature-verifies' },
    'a signature with a line break (RFC 7515 section 2)': { token: `${token}\n`, rule: 'jwt-signature-verifies' },
    'a signature in the base64 alphabet (RFC 7515 section 2)': {
      token: `${header}.${payload}.+/${signature.slice(2)}`, rule: 'jwt-signature-verifies',
    },
    'a header in base64 with padding (RFC 7515 section 2)': {
      token: signParts('eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9=', payload), rule: 'jwt-is-well-formed',
    },
    'a payload with a space inside (RFC 7515 section 2)': {
      token: signParts(header, `${payload.slice(0, 4)} ${payload.slice(4)}`), rule: 'jwt-is-well-formed',
    },
    'alg none without a signature (RFC 8725 section 3.1)': {
      token: `${base64url('{"alg":"none","typ":"at+jwt"}')}.${payload}.`, rule: 'jwt-algorithm-is-hs256',
    },
    'alg none with a valid signature (RFC 8725 section 3.1)': {
      token: sign('{"alg":"none","typ":"at+jwt"}'), rule: 'jwt-algorithm-is-hs256',
    },
    'alg HS512 with a valid HS512 signature (RFC 8725 section 3.1)': {
      token: sign('{"alg":"HS512","typ":"at+jwt"}', 'sha512'), rule: 'jwt-algorithm-is-hs256',
    },
    'alg in lower case (RFC 7515 section 4.1.1)': {
      token: sign('{"alg":"hs256","typ":"at+jwt"}'), rule: 'jwt-algorithm-is-hs256',
    },
    'a header without alg (RFC 7515 section 4.1.1)': { token: sign('{"typ":"at+jwt"}'), rule: 'jwt-algorithm-is-hs256' },
    'critical header parameters (RFC 7515 section 4.1.11)': {
      token: sign('{"alg":"HS256","typ":"at+jwt","crit":["b64"],"b64":false}'), rule: 'jwt-has-no-critical-header',
    },
    'an empty list of critical header parameters (RFC 7515 section 4.1.11)': {
      token: sign('{"alg":"HS256","typ":"at+jwt","crit":[]}'), rule: 'jwt-has-no-critical-header',
    },
    'typ JWT (RFC 9068 section 4)': { token: signJwt('JWT', {}, key), rule: 'jwt-type-is-access-token' },
    'a header without typ (RFC 9068 section 4)': { token: sign('{"alg":"HS256"}'), rule: 'jwt-type-is-access-token' },
    'a typ that is not a string (RFC 9068 section 4)': {
      token: sign('{"alg":"HS256","typ":["at+jwt"]}'), rule: 'jwt-type-is-access-token',
    },
    'a header that names alg twice (RFC 7515 section 5.2)': {
      token: sign('{"alg":"none","typ":"at+jwt","alg":"HS256"}'), rule: 'jwt-is-well-formed',
    },
    'a header that names alg twice, once escaped (RFC 7515 section 5.2)': {
      token: sign('{"\\u0061lg":"none","typ":"at+jwt","alg":"HS256"}'), rule: 'jwt-is-well-formed',
    },
    'a payload that names a claim twice (RFC 7519 section 4)': {
      token: signParts(header, base64url('{"sub":"joe","sub":"root"}')), rule: 'jwt-is-well-formed',
    },
    'a header that is an array': { token: sign('["HS256"]'), rule: 'jwt-is-well-formed' },
    'a payload that is null (RFC 7519 section 7.2)': { token: signParts(header, base64url('null')), rule: 'jwt-is-well-formed' },
    'a payload that is not JSON (RFC 7519 section 7.2)': {
      token: signParts(header, base64url('sub=joe')), rule: 'jwt-is-well-formed',
    },
    'two parts (RFC 7515 section 7.1)': { token: `${header}.${payload}`, rule: 'jwt-is-well-formed' },
    'four parts (RFC 7515 section 7.1)': { token: `${token}.${signature}`, rule: 'jwt-is-well-formed' },
    'five parts, as an encrypted token has (RFC 7516 section 7.1)': {
      token: `${token}.${signature}.${signature}`, rule: 'jwt-is-well-formed',
    },
    'an empty string': { token: '', rule: 'jwt-is-well-formed' },
    'a valid token of more than 8192 characters': {
      token: signJwt('at+jwt', { sub: 'j'.repeat(8192) }, key), rule: 'jwt-is-well-formed',
    },
  }
  for (const [what, { token, rule }] of Object.entries(refused)) {
    it(`rejects ${what}`, () => {
      assert.throws(() => verifyJwt(token, 'at+jwt', [key], checker), { message: rule })
    })
  }
})

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** A token with this header, signed by the right key. */
function sign(header: string, hash = 'sha256'): string {
  return signParts(base64url(header), base64url('{"sub":"joe"}'), hash)
}

function signParts(header: string, payload: string, hash = 'sha256'): string {
  return `${header}.${payload}.${createHmac(hash, key).update(`${header}.${payload}`).digest('base64url')}`
}

/** 32 bytes leave two bits of the 43rd character unused: three other characters decode to the same bytes. */
function otherSpelling(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const other = signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.at(-1)!) + 1]
  assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(signature, 'base64url'))
  return other
}
