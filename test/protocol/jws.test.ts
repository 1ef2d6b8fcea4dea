import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it, test } from 'node:test'
import { decodeJws, isPrivateKey, isThumbprint, signatureAlgorithms, thumbprint, verifiesJws } from '../../src/base/protocol/jws.ts'
import type { Members } from '../harness.ts'
import { createKeyPair, type Algorithm } from '../key-pair.ts'

/** The payload of RFC 7515 appendix A, which all its examples sign. */
const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

const rsaExample = {
  jwk: {
    kty: 'RSA', e: 'AQAB',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  },
  jws: `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
}

const ecExample = {
  jwk: { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' },
  jws: `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
}

const ed25519Key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

function verifies(jws: string, jwk: Members): boolean {
  const decoded = decodeJws(jws)
  return decoded !== undefined && verifiesJws(decoded, jwk)
}

describe('verifiesJws()', () => {
  it('reproduces RFC 7515 appendix A.2 (RS256)', () => assert.ok(verifies(rsaExample.jws, rsaExample.jwk)))
  it('reproduces RFC 7515 appendix A.3 (ES256)', () => assert.ok(verifies(ecExample.jws, ecExample.jwk)))

  it('reproduces RFC 8037 appendix A.5 (EdDSA)', () => {
    const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
    assert.ok(verifiesJws({
      header: { alg: 'EdDSA' }, claims: {}, signature: Buffer.from(signature, 'base64url'),
      signingInput: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
    }, ed25519Key))
  })

  for (const alg of signatureAlgorithms as readonly Algorithm[]) {
    it(`accepts a signature of ${alg}`, () => {
      const key = createKeyPair(alg)
      assert.ok(verifies(key.sign({}, { iss: 'joe' }), key.jwk))
    })

    it(`refuses a signature of ${alg} with another key`, () => {
      assert.ok(!verifies(createKeyPair(alg).sign({}, { iss: 'joe' }), createKeyPair(alg).jwk))
    })

    it(`refuses an empty signature of ${alg}`, () => {
      const key = createKeyPair(alg)
      assert.ok(!verifies(`${key.sign({}, {}).split('.').slice(0, 2).join('.')}.`, key.jwk))
    })
  }

  it('refuses a modified payload', () => {
    assert.ok(!verifies(ecExample.jws.replace(payload, Buffer.from('{"iss":"ann"}').toString('base64url')), ecExample.jwk))
  })

  const headers: Record<string, Members> = {
    'the algorithm none (RFC 8725 section 3.1)': { alg: 'none' },
    'a symmetric algorithm (RFC 8725 section 2.1)': { alg: 'HS256' },
    'an algorithm for another type of key (RFC 8725 section 3.1)': { alg: 'RS256' },
    'an algorithm that is a name of Object.prototype': { alg: 'constructor' },
    'an algorithm that is not a string': { alg: ['ES256'] },
    'critical header parameters (RFC 7515 section 4.1.11)': { crit: ['exp'] },
    'unencoded payloads (RFC 7797 section 6)': { b64: false, crit: ['b64'] },
  }
  for (const [what, header] of Object.entries(headers)) {
    it(`refuses ${what}`, () => {
      const key = createKeyPair()
      assert.ok(!verifies(key.sign(header, {}), key.jwk))
    })
  }

  const keys: Record<string, Members> = {
    'for encryption (RFC 7517 section 4.2)': { use: 'enc' },
    'for another algorithm (RFC 7517 section 4.4)': { alg: 'ES384' },
    'only for signing (RFC 7517 section 4.3)': { key_ops: ['sign'] },
    'of another curve': { crv: 'P-384' },
    'of another type': { kty: 'OKP' },
    'of a type that is a name of Object.prototype': { kty: 'constructor' },
    'off its curve': { x: 'AAAA' },
    'without a coordinate': { y: undefined },
  }
  for (const [what, changes] of Object.entries(keys)) {
    it(`refuses a key ${what}`, () => assert.ok(!verifies(ecExample.jws, { ...ecExample.jwk, ...changes })))
  }

  it('accepts a key that states its purpose', () => {
    assert.ok(verifies(ecExample.jws, { ...ecExample.jwk, use: 'sig', alg: 'ES256', key_ops: ['verify'] }))
  })

  it('refuses an RSA key shorter than 2048 bits (RFC 7518 section 3.3)', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    assert.ok(!verifies(rsaExample.jws, publicKey.export({ format: 'jwk' })))
  })

  it('refuses an RSA key with the exponent 1, with which anybody can forge signatures', () => {
    const key = createKeyPair('RS256')
    const forged = Buffer.from('0001', 'hex').toString('base64url')
    assert.ok(!verifies(key.sign({}, {}), { ...key.jwk, e: 'AQ' }))
    assert.ok(!verifies(`${key.sign({}, {}).split('.').slice(0, 2).join('.')}.${forged}`, { ...key.jwk, e: 'AQ' }))
  })

  it('refuses an RSA key with a huge exponent, which is slow to verify with', () => {
    assert.ok(!verifies(rsaExample.jws, { ...rsaExample.jwk, e: rsaExample.jwk.n }))
  })
})

describe('decodeJws()', () => {
  it('reads header and claims', () => {
    const { header, claims } = decodeJws(ecExample.jws)!
    assert.deepEqual({ header, claims }, {
      header: { alg: 'ES256' }, claims: { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true },
    })
  })

  const [header = '', body = '', signature = ''] = ecExample.jws.split('.')
  const part = (text: string): string => Buffer.from(text).toString('base64url')
  const malformed: Record<string, string> = {
    'nothing': '',
    'two parts': `${header}.${body}`,
    'four parts': `${ecExample.jws}.`,
    'padding (RFC 7515 section 2)': `${header}.${body}.${signature}==`,
    'a space': `${header}. ${body}.${signature}`,
    'a header that is not JSON': `${part('alg')}.${body}.${signature}`,
    'a header that is not an object': `${part('[]')}.${body}.${signature}`,
    'claims that are not JSON': `${header}.${part('iss')}.${signature}`,
    'claims that are not an object': `${header}.${part('null')}.${signature}`,
    'a repeated claim (RFC 7519 section 4)': `${header}.${part('{"iss":"a","iss":"b"}')}.${signature}`,
    'more than 8 KB': `${header}.${part(JSON.stringify({ jti: 'x'.repeat(60_000) }))}.${signature}`,
  }
  for (const [what, jws] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => assert.equal(decodeJws(jws), undefined))
  }
})

test('thumbprint() reproduces RFC 7638 section 3.1', () => {
  assert.equal(thumbprint({
    kty: 'RSA', alg: 'RS256', kid: '2011-04-29', e: 'AQAB',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  }), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

test('thumbprint() reproduces RFC 8037 appendix A.3', () => {
  assert.equal(thumbprint(ed25519Key), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

describe('thumbprint()', () => {
  const none: Record<string, Members> = {
    'a symmetric key': { kty: 'oct', k: 'AAAA' },
    'a key without a required member': { kty: 'EC', crv: 'P-256', x: 'AA' },
    'a key with a member of another type': { kty: 'OKP', crv: 'Ed25519', x: 1 },
    'a key without a type': {},
    'a type that is a name of Object.prototype': { kty: 'constructor' },
    'a type that is not a string': { kty: ['EC'], crv: 'P-256', x: 'AA', y: 'AA' },
  }
  for (const [what, jwk] of Object.entries(none)) {
    it(`has none for ${what}`, () => assert.equal(thumbprint(jwk), undefined))
  }
})

test('isThumbprint() accepts 43 characters of base64url', () => {
  assert.ok(isThumbprint('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'))
  assert.ok(!isThumbprint('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9X'))
})

describe('isPrivateKey()', () => {
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
    it(`recognizes a private key by ${name} (RFC 7518 section 6)`, () => assert.ok(isPrivateKey({ kty: 'RSA', [name]: 'AA' })))
  }

  it('does not take a public key for a private one', () => assert.ok(!isPrivateKey(rsaExample.jwk)))
})
