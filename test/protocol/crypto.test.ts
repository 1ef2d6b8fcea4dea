import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { constantTimeEqual, decodeBase64url, fingerprint, hmacSha256, randomToken, sha256 } from '../../src/base/protocol/crypto.ts'

describe('decodeBase64url()', () => {
  it('reproduces RFC 7515 appendix C', () => {
    assert.deepEqual(decodeBase64url('A-z_4ME'), Buffer.from([3, 236, 255, 224, 193]))
  })

  it('decodes an empty text to no bytes (RFC 4648 section 10)', () => {
    assert.deepEqual(decodeBase64url(''), Buffer.alloc(0))
  })

  const refused = {
    'padding': 'Zm8=', 'a space': 'Zm 8', 'a line break': 'Zm8\n', 'the base64 alphabet': 'A+z/4ME',
    'unused bits that are set': 'Zm9', 'an impossible length': 'Zm9vY', 'a character outside the alphabet': 'Zm8!',
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what} (RFC 4648 section 3)`, () => assert.equal(decodeBase64url(text), undefined))
  }
})

describe('hmacSha256()', () => {
  it('reproduces test case 2 of RFC 4231 section 4.3', () => {
    assert.equal(
      Buffer.from(hmacSha256('Jefe', 'what do ya want for nothing?'), 'base64url').toString('hex'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})

describe('sha256()', () => {
  it('reproduces the hash of "abc" (RFC 6234 section 8.5)', () => {
    assert.equal(
      Buffer.from(sha256('abc'), 'base64url').toString('hex'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})

describe('randomToken()', () => {
  it('has 256 bits in base64url (RFC 6749 section 10.10)', () => assert.match(randomToken(), /^[A-Za-z0-9_-]{43}$/))
  it('is different each time', () => assert.notEqual(randomToken(), randomToken()))
})

describe('constantTimeEqual()', () => {
  it('is true for the same text', () => assert.equal(constantTimeEqual('äb', 'äb'), true))
  it('is false for a different text of the same length', () => assert.equal(constantTimeEqual('ab', 'ac'), false))
  it('is false for a text of a different length', () => assert.equal(constantTimeEqual('ab', 'abc'), false))
})

describe('fingerprint()', () => {
  it('is the same for the same secret', () => assert.equal(fingerprint('secret'), fingerprint('secret')))
  it('differs for different secrets', () => assert.notEqual(fingerprint('secret'), fingerprint('Secret')))
  it('has too few bits to reveal the secret', () => assert.match(fingerprint('secret'), /^sha256:[A-Za-z0-9_-]{10}$/))
})
