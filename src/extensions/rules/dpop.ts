/** Rules of sender-constrained access tokens (RFC 9449). */
import type { Rule } from '../../base/rules/rule.ts'

const makeNewProof = 'Make a new proof for each request: typ dpop+jwt, the public key as jwk, jti, htm, htu, iat, and at the MCP '
  + 'server also ath.'

export const dpopProofIsSentOnce: Rule = {
  id: 'dpop-proof-is-sent-once',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP header must be sent exactly once',
  requires: 'A request has at most one DPoP header, and exactly one if it needs a proof.',
  otherwise: 'One component would check the first proof and another would trust the second.',
  remedy: 'Send one DPoP header.',
}

export const dpopProofIsWellFormed: Rule = {
  id: 'dpop-proof-is-well-formed',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP proof cannot be used: {received}',
  requires: 'The proof is a JWT of typ dpop+jwt with a jti. It carries a public key as jwk and is signed by that key with an '
    + 'asymmetric algorithm.',
  otherwise: 'The proof would not prove possession of a key, and the token would be bound to nothing.',
  remedy: makeNewProof,
}

export const dpopProofIsForThisRequest: Rule = {
  id: 'dpop-proof-is-for-this-request',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP proof is for {received}, but this request is {expected}',
  requires: 'htm and htu of the proof are the method and the URL of the request, without query and fragment.',
  otherwise: 'An attacker who captures a proof could use it for other requests.',
  remedy: makeNewProof,
}

export const dpopProofIsFresh: Rule = {
  id: 'dpop-proof-is-fresh',
  clause: 'RFC 9449 section 11.1',
  error: 'invalid_dpop_proof',
  says: 'iat of the DPoP proof must be within a minute of now',
  requires: 'iat of the proof is at most one minute away from now.',
  otherwise: 'An attacker could collect proofs and use them long afterwards.',
  remedy: 'Set the clock, and make a new proof for each request.',
}

export const dpopProofIsUnused: Rule = {
  id: 'dpop-proof-is-unused',
  clause: 'RFC 9449 section 11.1',
  error: 'invalid_dpop_proof',
  says: 'jti of the DPoP proof was used before',
  requires: 'The server has not seen the jti of the proof before.',
  otherwise: 'An attacker who captures a proof could replay it.',
  remedy: makeNewProof,
}

export const dpopNonceIsOurs: Rule = {
  id: 'dpop-nonce-is-ours',
  clause: 'RFC 9449 section 8',
  error: 'use_dpop_nonce',
  says: 'the DPoP proof must carry the nonce of the DPoP-Nonce header',
  requires: 'If the server requires nonces (OAUTH_DPOP_NONCE=true), the proof carries a recent one.',
  otherwise: 'An attacker who can use the key for a moment could prepare proofs for later.',
  remedy: 'Repeat the request with the nonce of the DPoP-Nonce header in the proof.',
}

export const dpopProofIsNeeded: Rule = {
  id: 'dpop-proof-is-needed',
  clause: 'RFC 9449 section 5.2',
  error: 'invalid_dpop_proof',
  says: 'the client registered dpop_bound_access_tokens but sent no DPoP proof',
  requires: 'A client that registered dpop_bound_access_tokens sends a proof with every token request.',
  otherwise: 'A stolen code or refresh token would yield tokens that are not bound to a key.',
  remedy: makeNewProof,
}

export const boundTokenComesWithProof: Rule = {
  id: 'bound-token-comes-with-proof',
  clause: 'RFC 9449 section 7.2',
  error: 'invalid_token',
  says: 'a token that is bound to a key must be sent as DPoP, and any other token as Bearer',
  requires: 'A token with cnf.jkt is sent with the DPoP scheme and a proof. A token without it is sent as Bearer.',
  otherwise: 'A thief could send a stolen bound token as Bearer, without the key.',
  remedy: 'If token_type was DPoP, send Authorization: DPoP <token> with a DPoP header.',
}

export const dpopProofIsForThisToken: Rule = {
  id: 'dpop-proof-is-for-this-token',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'ath of the DPoP proof is not the hash of the access token',
  requires: 'ath is the SHA-256 hash, in base64url, of the access token that is sent with the proof.',
  otherwise: 'A proof made for one token could be used with another token that is bound to the same key.',
  remedy: makeNewProof,
}

export const proofIsByTheBoundKey: Rule = {
  id: 'proof-is-by-the-bound-key',
  clause: 'RFC 9449 section 7.1',
  error: 'invalid_token',
  says: 'the proof was signed with a key other than the one the token is bound to',
  requires: 'The thumbprint of the key in the proof is cnf.jkt of the token.',
  otherwise: 'A thief could use a stolen token with a key of their own.',
  remedy: 'Use the key with which the token was requested.',
}
