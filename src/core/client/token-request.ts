/** Requests to the token endpoint, and what the client checks of the response (OAuth 2.1 section 3.2). */
import { formBody, looseJson, readJsonObject, send, type HttpResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { tokenResponseIsComplete, tokensAreGranted, tokenTypeIsUsable } from '../rules/client.ts'
import { authenticate } from './client-authentication.ts'
import { checkAnswer } from './oauth-error.ts'
import type { AuthenticationMethods } from './seams/client-authentication.ts'
import type { Prover } from './seams/proof-of-possession.ts'
import type { Registration } from './seams/storage.ts'

export type Form = Readonly<Record<string, string | undefined>>

export interface TokenRequest {
  readonly url: string
  /** The authorization server to which the endpoint belongs. A client assertion names it as its audience. */
  readonly issuer: string
  readonly registration: Registration
  readonly form: Form
  readonly authenticationMethods: AuthenticationMethods
  /** Binds the tokens to its key. */
  readonly prover?: Prover | undefined
}

/** A successful token response (RFC 6749 section 5.1), checked. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly scope?: string
}

export async function requestTokens(request: TokenRequest, trace: Trace): Promise<TokenResponse> {
  const response = await postWithNonce(request, trace)
  checkAnswer(tokensAreGranted, response.status === 200, response, trace)
  const body = readJsonObject(response, trace)
  // Some servers answer errors with 200.
  const isError = typeof body['error'] === 'string' || (body['error'] !== undefined && body['access_token'] === undefined)
  checkAnswer(tokensAreGranted, !isError, response, trace)
  const { access_token, token_type, expires_in, refresh_token, scope } = body
  trace.check(tokenResponseIsComplete, isTokenText(access_token), undefined, 'access_token')
  trace.check(tokenResponseIsComplete, typeof token_type === 'string', undefined, 'token_type')
  const usable = request.prover?.tokenType ?? 'Bearer'
  trace.check(tokenTypeIsUsable, token_type.toLowerCase() === usable.toLowerCase(), token_type, usable)
  const lifetime = readLifetime(expires_in)
  trace.check(tokenResponseIsComplete, lifetime !== 'malformed', expires_in, 'expires_in')
  const hasRefreshToken = typeof refresh_token === 'string'
  trace.check(tokenResponseIsComplete, hasRefreshToken || refresh_token === undefined, undefined, 'refresh_token')
  return {
    access_token,
    token_type,
    ...(lifetime === undefined ? {} : { expires_in: lifetime }),
    ...(hasRefreshToken ? { refresh_token } : {}),
    ...(typeof scope === 'string' ? { scope } : {}),
  }
}

/** RFC 9449 section 8: a request that is refused for its nonce is sent again with the right one, once. */
async function postWithNonce(request: TokenRequest, trace: Trace): Promise<HttpResponse> {
  const response = await postForm(request, trace)
  const { status, headers } = response
  if (!request.prover?.learnNonce(request.url, status, headers, looseJson(response)['error'])) return response
  trace.note('the authorization server wants a nonce in the proof')
  return postForm(request, trace)
}

/** Sends an authenticated form. */
export async function postForm(
  { url, issuer, registration, form, authenticationMethods, prover }: TokenRequest, trace: Trace,
): Promise<HttpResponse> {
  const { headers, parameters } = authenticate(registration, issuer, authenticationMethods)
  return send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    headersFor: prover && (target => prover.prove('POST', target)),
    body: formBody({ ...form, ...parameters }),
  }, trace)
}

/** access-token = 1*VSCHAR (RFC 6749 appendix A.12). Other characters, or more of them, could not be sent in a header. */
export function isTokenText(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 16_384 && /^[\x21-\x7e]+$/.test(text)
}

/** In seconds: a hundred years. Much larger numbers are not valid dates. */
const longestLifetime = 100 * 365 * 86_400

/** Seconds; some servers send the number as a string. */
function readLifetime(expires_in: unknown): number | undefined | 'malformed' {
  if (expires_in === undefined) return undefined
  const seconds = typeof expires_in === 'string' && /^\d+$/.test(expires_in) ? Number(expires_in) : expires_in
  const isLifetime = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0
  return isLifetime ? Math.min(seconds, longestLifetime) : 'malformed'
}
