/** Rules of sender-constrained access tokens (RFC 9449). */
import type { Rule } from '../../base/rules/rule.ts'

const again = 'Make a proof for each request: typ dpop+jwt, the public key as jwk, jti, htm, htu, iat, and at the MCP server ath.'

export const dpopProofIsSentOnce: Rule = {
  id: 'dpop-proof-is-sent-once',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP header must be sent exactly once',
  requires: 'There is one DPoP header where a proof is needed, and never more than one.',
  otherwise: 'One component would check the first proof and another trust the second.',
  remedy: 'Send one DPoP header.',
}

export const dpopProofIsWellFormed: Rule = {
  id: 'dpop-proof-is-well-formed',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP proof cannot be used: {received}',
  requires: 'The proof is a JWT of typ dpop+jwt with a jti, which carries a public key as jwk and is signed by that key with an '
    + 'asymmetric algorithm.',
  otherwise: 'A proof that proves the possession of nothing would bind the token to nothing.',
  remedy: again,
}

export const dpopProofIsForThisRequest: Rule = {
  id: 'dpop-proof-is-for-this-request',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'the DPoP proof is for {received}, this is {expected}',
  requires: 'htm and htu of the proof are the method and the URL of the request, without query and fragment.',
  otherwise: 'A proof that was overheard would serve for other requests.',
  remedy: again,
}

export const dpopProofIsFresh: Rule = {
  id: 'dpop-proof-is-fresh',
  clause: 'RFC 9449 section 11.1',
  error: 'invalid_dpop_proof',
  says: 'iat of the DPoP proof must be within a minute of now',
  requires: 'The proof was made within a minute of now.',
  otherwise: 'Proofs made in advance could be used long after.',
  remedy: 'Set the clock, and make a proof for each request.',
}

export const dpopProofIsUnused: Rule = {
  id: 'dpop-proof-is-unused',
  clause: 'RFC 9449 section 11.1',
  error: 'invalid_dpop_proof',
  says: 'jti of the DPoP proof was used before',
  requires: 'The jti of the proof has not been seen.',
  otherwise: 'A proof that was overheard could be sent again.',
  remedy: again,
}

export const dpopNonceIsOurs: Rule = {
  id: 'dpop-nonce-is-ours',
  clause: 'RFC 9449 section 8',
  error: 'use_dpop_nonce',
  says: 'the DPoP proof must carry the nonce of the DPoP-Nonce header',
  requires: 'Where the server asks for nonces (OAUTH_DPOP_NONCE=true), the proof carries a recent one.',
  otherwise: 'Whoever can use the key for a moment could make proofs for the future.',
  remedy: 'Repeat the request with the nonce of the DPoP-Nonce header in the proof.',
}

export const dpopProofIsNeeded: Rule = {
  id: 'dpop-proof-is-needed',
  clause: 'RFC 9449 section 5.2',
  error: 'invalid_dpop_proof',
  says: 'the client registered dpop_bound_access_tokens and sends no DPoP proof',
  requires: 'A client that registered dpop_bound_access_tokens sends a proof with every token request.',
  otherwise: 'A stolen code or refresh token would give tokens that are bound to nothing.',
  remedy: again,
}

export const boundTokenComesWithProof: Rule = {
  id: 'bound-token-comes-with-proof',
  clause: 'RFC 9449 section 7.2',
  error: 'invalid_token',
  says: 'a token that is bound to a key must be sent as DPoP, and only such a token',
  requires: 'A token with cnf.jkt is sent with the scheme DPoP and a proof, and a token without it is sent as Bearer.',
  otherwise: 'Sending a stolen bound token as Bearer would undo the binding.',
  remedy: 'Send Authorization: DPoP <token> with a DPoP header when token_type was DPoP.',
}

export const dpopProofIsForThisToken: Rule = {
  id: 'dpop-proof-is-for-this-token',
  clause: 'RFC 9449 section 4.3',
  error: 'invalid_dpop_proof',
  says: 'ath of the DPoP proof is not the hash of the access token',
  requires: 'ath is the SHA-256 of the access token that comes with the proof, as base64url.',
  otherwise: 'A proof made for one token of the key would serve with another, such as one that was slipped to the client.',
  remedy: again,
}

export const proofIsByTheBoundKey: Rule = {
  id: 'proof-is-by-the-bound-key',
  clause: 'RFC 9449 section 7.1',
  error: 'invalid_token',
  says: 'the proof was made with another key than the token is bound to',
  requires: 'The thumbprint of the key of the proof is cnf.jkt of the token.',
  otherwise: 'A stolen token could be used with a key of the thief.',
  remedy: 'Use the key with which the token was asked for.',
}
