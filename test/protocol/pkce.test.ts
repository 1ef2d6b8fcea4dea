import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  codeChallengeS256, createCodeVerifier, isCodeChallengeS256, isCodeVerifier, verifyCodeVerifier,
} from '../../src/base/protocol/pkce.ts'

const code_verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const code_challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

describe('codeChallengeS256()', () => {
  it('reproduces RFC 7636 appendix B', () => {
    assert.equal(codeChallengeS256(code_verifier), code_challenge)
  })
})

describe('verifyCodeVerifier()', () => {
  it('accepts the pair of RFC 7636 appendix B', () => {
    assert.equal(verifyCodeVerifier(code_verifier, code_challenge), true)
  })

  it('refuses a different verifier (RFC 7636 section 4.6)', () => {
    assert.equal(verifyCodeVerifier(`${code_verifier}x`, code_challenge), false)
  })

  it('refuses the challenge itself, which plain would accept (RFC 7636 section 4.6)', () => {
    assert.equal(verifyCodeVerifier(code_challenge, code_challenge), false)
  })

  it('refuses a challenge of a different length', () => {
    assert.equal(verifyCodeVerifier(code_verifier, `${code_challenge}=`), false)
  })
})

describe('createCodeVerifier()', () => {
  it('makes 43 unreserved characters (RFC 7636 section 4.1)', () => {
    assert.match(createCodeVerifier(), /^[A-Za-z0-9\-._~]{43}$/)
  })

  it('makes a different one each time', () => {
    assert.notEqual(createCodeVerifier(), createCodeVerifier())
  })
})

describe('isCodeVerifier()', () => {
  const accepted = {
    'the verifier of RFC 7636 appendix B': code_verifier,
    '43 characters': 'a'.repeat(43),
    '128 characters': 'a'.repeat(128),
    'every unreserved character': 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~',
  }
  for (const [what, text] of Object.entries(accepted)) {
    it(`accepts ${what} (RFC 7636 section 4.1)`, () => assert.equal(isCodeVerifier(text), true))
  }

  const refused = {
    '42 characters': 'a'.repeat(42),
    '129 characters': 'a'.repeat(129),
    'a plus sign': `${'a'.repeat(43)}+`,
    'a slash': `${'a'.repeat(43)}/`,
    'padding': `${'a'.repeat(43)}=`,
    'a space': `${'a'.repeat(43)} `,
    'a line break at the end': `${'a'.repeat(43)}\n`,
    'a non-ASCII letter': `${'a'.repeat(43)}ä`,
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what} (RFC 7636 section 4.1)`, () => assert.equal(isCodeVerifier(text), false))
  }
})

describe('isCodeChallengeS256()', () => {
  it('accepts the challenge of RFC 7636 appendix B', () => {
    assert.equal(isCodeChallengeS256(code_challenge), true)
  })

  const refused = {
    'padding': `${code_challenge}=`,
    'the base64 alphabet': code_challenge.replace('-', '+'),
    'the hexadecimal form of the hash': 'a1'.repeat(32),
    'one character too few': code_challenge.slice(1),
    'a line break at the end': `${code_challenge}\n`,
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what} (RFC 7636 section 4.2)`, () => assert.equal(isCodeChallengeS256(text), false))
  }
})
