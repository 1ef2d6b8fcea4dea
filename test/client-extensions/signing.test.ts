import assert from 'node:assert/strict'
import { constants, createPublicKey, generateKeyPairSync, verify, type JsonWebKey, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { describe, it } from 'node:test'
import { ClientError } from '../../src/base/client/errors.ts'
import { clientAssertion } from '../../src/client/extensions/private-key-jwt.ts'
import { publicJwk, readPrivateKey, signJws } from '../../src/client/extensions/signing.ts'
import type { Members } from '../harness.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

function pem({ privateKey }: { privateKey: KeyObject }, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  return privateKey.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }) as string
}

function jwk({ privateKey }: { privateKey: KeyObject }): string {
  return JSON.stringify(privateKey.export({ format: 'jwk' }))
}

function decode(part: string | undefined): Members {
  return JSON.parse(Buffer.from(part!, 'base64url').toString()) as Members
}

/** Verifies the signature with node:crypto, independently of our code. */
function isSignedBy(jws: string, publicKey: KeyObject, hash: string | null, options: Partial<VerifyKeyObjectInput> = {}): boolean {
  const [header, claims, signature] = jws.split('.')
  return verify(hash, Buffer.from(`${header}.${claims}`), { key: publicKey, ...options }, Buffer.from(signature!, 'base64url'))
}

describe('readPrivateKey()', () => {
  for (const [what, text, alg] of [
    ['a P-256 key in PKCS #8', pem(p256), 'ES256'],
    ['a P-256 key in SEC 1', pem(p256, 'sec1'), 'ES256'],
    ['a P-256 key as a JSON Web Key', jwk(p256), 'ES256'],
    ['an Ed25519 key in PKCS #8', pem(ed25519), 'EdDSA'],
    ['an Ed25519 key as a JSON Web Key', jwk(ed25519), 'EdDSA'],
    ['an RSA key in PKCS #8', pem(rsa), 'RS256'],
    ['an RSA key in PKCS #1', pem(rsa, 'pkcs1'), 'RS256'],
    ['an RSA key as a JSON Web Key', jwk(rsa), 'RS256'],
    ['a JSON Web Key after blank lines', `\n\n ${jwk(p256)}`, 'ES256'],
  ] as const) {
    it(`reads ${what}`, () => {
      const [header] = signJws({}, {}, readPrivateKey(text)).split('.')
      assert.equal(decode(header)['alg'], alg)
    })
  }

  const { publicKey: ofSomebody } = p256
  for (const [what, text] of [
    ['nothing', ''],
    ['arbitrary text', 'my secret key'],
    ['JSON that is not a key', '{}'],
    ['half a JSON Web Key', jwk(p256).slice(0, -10)],
    ['a public key', ofSomebody.export({ type: 'spki', format: 'pem' }) as string],
    ['a public JSON Web Key', JSON.stringify(ofSomebody.export({ format: 'jwk' }))],
    ['a shared secret', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' })],
    ['a password-protected key', p256.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string],
  ] as const) {
    it(`rejects ${what} as wrong usage without quoting it`, () => {
      assert.throws(() => readPrivateKey(text), error => (
        error instanceof ClientError && error.exitCode === 2 && error.message === 'the private key cannot be read'))
    })
  }

  for (const [what, keys] of [
    ['ec secp384r1', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ec secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['ed448', generateKeyPairSync('ed448')],
    ['x25519', generateKeyPairSync('x25519')],
    ['rsa 1024', generateKeyPairSync('rsa', { modulusLength: 1024 })],
  ] as const) {
    it(`rejects a key of type ${what}, and says so`, () => {
      assert.throws(() => readPrivateKey(pem(keys)), { message: `a key of type ${what} is not supported`, exitCode: 2 })
    })
  }
})

describe('publicJwk()', () => {
  it('contains nothing of the private key (RFC 9449 section 4.2)', () => {
    for (const keys of [p256, ed25519, rsa]) {
      assert.deepEqual(publicJwk(keys.privateKey), keys.publicKey.export({ format: 'jwk' }))
    }
  })
})

describe('signJws()', () => {
  const claims = { iss: 'joe', 'http://example.com/is_root': true }

  it('signs with ES256, as two concatenated numbers (RFC 7518 section 3.4)', () => {
    const jws = signJws({ typ: 'JWT' }, claims, p256.privateKey)
    assert.ok(isSignedBy(jws, p256.publicKey, 'sha256', { dsaEncoding: 'ieee-p1363' }))
    assert.equal(Buffer.from(jws.split('.')[2]!, 'base64url').length, 64)
  })

  it('signs with EdDSA (RFC 8037 section 3.1)', () => {
    assert.ok(isSignedBy(signJws({ typ: 'JWT' }, claims, ed25519.privateKey), ed25519.publicKey, null))
  })

  it('signs with RS256 (RFC 7518 section 3.3)', () => {
    assert.ok(isSignedBy(signJws({ typ: 'JWT' }, claims, rsa.privateKey), rsa.publicKey, 'sha256', { padding: constants.RSA_PKCS1_PADDING }))
  })

  it('has the header of RFC 8037 appendix A.4 for its key', () => {
    const key: JsonWebKey = {
      kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    }
    const jws = signJws({}, claims, readPrivateKey(JSON.stringify(key)))
    assert.equal(jws.split('.')[0], 'eyJhbGciOiJFZERTQSJ9')
    assert.ok(isSignedBy(jws, createPublicKey({ key, format: 'jwk' }), null))
  })

  it('keeps header and claims, and sets the algorithm (RFC 7515 section 5.1)', () => {
    const [header, payload] = signJws({ typ: 'JWT', alg: 'none' }, claims, p256.privateKey).split('.')
    assert.deepEqual([decode(header), decode(payload)], [{ typ: 'JWT', alg: 'ES256' }, claims])
  })
})

describe('clientAssertion()', () => {
  const issuer = 'https://auth.example.com'
  const make = (): Members => decode(clientAssertion('the-client', issuer, p256.privateKey, 1_000_000.7).split('.')[1])

  it('is issued by and about the client, for the issuer only, and valid for a minute (RFC 7523 section 3)', () => {
    const { jti, ...claims } = make()
    assert.deepEqual(claims, { iss: 'the-client', sub: 'the-client', aud: issuer, iat: 1_000_000, exp: 1_000_060 })
    assert.ok(typeof jti === 'string' && jti.length >= 22, String(jti))
  })

  it('has a new jti each time (RFC 7523 section 3)', () => {
    assert.notEqual(make()['jti'], make()['jti'])
  })

  it('verifies with the public key of the client', () => {
    assert.ok(isSignedBy(clientAssertion('the-client', issuer, rsa.privateKey, 0), rsa.publicKey, 'sha256'))
  })
})
