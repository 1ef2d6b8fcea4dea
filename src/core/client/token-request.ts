/** Requests to the token endpoint, and to the revocation endpoint, with client authentication as registered. */
import type { KeyObject } from 'node:crypto'
import { tokenResponseIsComplete, tokensAreGranted, tokenTypeIsUsable } from '../rules/client.ts'
import type { DpopProver } from '../../client/extensions/dpop.ts'
import { ClientError, exitCodes } from './wire/errors.ts'
import { checkAnswer, formBody, looseJson, readJsonObject, send, type HttpResponse } from './wire/http.ts'
import { clientAssertion } from '../../client/extensions/signing.ts'
import type { Registration } from './storage.ts'
import type { Trace } from './wire/trace.ts'

/** A successful token response (RFC 6749 section 5.1), checked. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number | undefined
  readonly refresh_token: string | undefined
  readonly scope: string | undefined
}

/** Where a request goes, and whose it is. */
export interface Recipient {
  readonly url: string
  /** The issuer to which the endpoint belongs: the audience of a client assertion. */
  readonly issuer: string
  readonly registration: Registration
}

/** The keys of the client, where it has any. */
export interface ClientKeys {
  /** Signs client assertions (private_key_jwt). */
  readonly privateKey?: KeyObject | undefined
  /** Signs DPoP proofs: the tokens will be bound to its key. */
  readonly prover?: DpopProver | undefined
  /** The present as a NumericDate, for the assertions. */
  readonly now?: () => number
}

type Form = Readonly<Record<string, string | undefined>>

export async function requestTokens(recipient: Recipient, form: Form, keys: ClientKeys, trace: Trace): Promise<TokenResponse> {
  const response = await postWithNonce(recipient, form, keys, trace)
  checkAnswer(tokensAreGranted, response.status === 200, response, trace)
  const body = readJsonObject(response, trace)
  // Some servers answer errors with 200.
  checkAnswer(tokensAreGranted, typeof body['error'] !== 'string', response, trace)
  const { access_token, token_type, expires_in, refresh_token, scope } = body
  trace.check(tokenResponseIsComplete, isTokenText(access_token), undefined, 'access_token')
  trace.check(tokenResponseIsComplete, typeof token_type === 'string', undefined, 'token_type')
  const usable = keys.prover ? 'DPoP' : 'Bearer'
  trace.check(tokenTypeIsUsable, token_type.toLowerCase() === usable.toLowerCase(), token_type, usable)
  const lifetime = readLifetime(expires_in)
  trace.check(tokenResponseIsComplete, lifetime !== 'malformed', expires_in, 'expires_in')
  const renewable = typeof refresh_token === 'string' ? refresh_token : undefined
  trace.check(tokenResponseIsComplete, renewable !== undefined || isAbsent(refresh_token), undefined, 'refresh_token')
  const granted = typeof scope === 'string' ? scope : undefined
  return { access_token, token_type, expires_in: lifetime, refresh_token: renewable, scope: granted }
}

/** Asks the server to forget a token (RFC 7009 section 2.1). Whether it did is not essential to the client. */
export async function revokeToken(recipient: Recipient, token: string, keys: ClientKeys, trace: Trace): Promise<boolean> {
  const response = await postForm(recipient, { token }, { ...keys, prover: undefined }, trace)
  return response.status === 200
}

/** RFC 9449 section 8: a request that is refused for its nonce is repeated with the right one, once. */
async function postWithNonce(recipient: Recipient, form: Form, keys: ClientKeys, trace: Trace): Promise<HttpResponse> {
  const response = await postForm(recipient, form, keys, trace)
  const { status, headers } = response
  if (!keys.prover?.learnNonce(recipient.url, status, headers, looseJson(response)['error'])) return response
  trace.note('the authorization server wants a nonce in the proof')
  return postForm(recipient, form, keys, trace)
}

function postForm({ url, issuer, registration }: Recipient, form: Form, keys: ClientKeys, trace: Trace): Promise<HttpResponse> {
  const { headers, parameters } = authenticate(registration, issuer, keys)
  return send({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...headers,
      ...(keys.prover ? { dpop: keys.prover.proof('POST', url) } : {}),
    },
    body: formBody({ ...form, ...parameters }),
  }, trace)
}

/** Client authentication (RFC 6749 section 2.3, RFC 7523 section 2.2), by the method that was registered. */
function authenticate(
  { client_id, client_secret, token_endpoint_auth_method }: Registration,
  issuer: string,
  { privateKey, now = () => Date.now() / 1000 }: ClientKeys,
): { headers: Record<string, string>; parameters: Form } {
  if (token_endpoint_auth_method === 'private_key_jwt') {
    if (!privateKey) {
      throw new ClientError(`the client ${client_id} authenticates with a private key, which is not given`, exitCodes.usage, {
        remedy: 'Give it with --private-key.',
      })
    }
    const client_assertion = clientAssertion(client_id, issuer, privateKey, now())
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    return { headers: {}, parameters: { client_id, client_assertion_type, client_assertion } }
  }
  if (token_endpoint_auth_method === 'client_secret_basic' && client_secret !== undefined) {
    return { headers: { authorization: basicCredentials(client_id, client_secret) }, parameters: {} }
  }
  return { headers: {}, parameters: { client_id, client_secret } }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, so that a colon stays what it is. */
function basicCredentials(client_id: string, client_secret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(client_id)}:${encode(client_secret)}`).toString('base64')}`
}

/** access-token = 1*VSCHAR (RFC 6749 appendix A.12): anything else, and more than this, could not stand in a header. */
export function isTokenText(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 16_384 && /^[\x21-\x7e]+$/.test(text)
}

/** Some servers write null for a member that they do not send. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

/** In seconds: a hundred years, beyond which a date is none. */
const longestLifetime = 100 * 365 * 86_400

/** Seconds; some servers send the number as a string. */
function readLifetime(expires_in: unknown): number | undefined | 'malformed' {
  if (isAbsent(expires_in)) return undefined
  const seconds = typeof expires_in === 'string' && /^\d+$/.test(expires_in) ? Number(expires_in) : expires_in
  const isLifetime = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0
  return isLifetime ? Math.min(seconds, longestLifetime) : 'malformed'
}
