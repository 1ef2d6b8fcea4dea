/** Requests to the token endpoint, and to the revocation endpoint, with client authentication as registered. */
import { tokenResponseIsComplete, tokensAreGranted, tokenTypeIsUsable } from '../rules/client.ts'
import { checkAnswer, formBody, readJsonObject, send, type HttpResponse } from './http.ts'
import type { Registration } from './storage.ts'
import type { Trace } from './trace.ts'

/** A successful token response (RFC 6749 section 5.1), checked. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number | undefined
  readonly refresh_token: string | undefined
  readonly scope: string | undefined
}

type Form = Readonly<Record<string, string | undefined>>

export async function requestTokens(endpoint: string, registration: Registration, form: Form, trace: Trace): Promise<TokenResponse> {
  const response = await postForm(endpoint, registration, form, trace)
  checkAnswer(tokensAreGranted, response.status === 200, response, trace)
  const body = readJsonObject(response, trace)
  // Some servers answer errors with 200.
  checkAnswer(tokensAreGranted, typeof body['error'] !== 'string', response, trace)
  const { access_token, token_type, expires_in, refresh_token, scope } = body
  trace.check(tokenResponseIsComplete, typeof access_token === 'string' && isTokenText(access_token), undefined, 'access_token')
  trace.check(tokenResponseIsComplete, typeof token_type === 'string', undefined, 'token_type')
  trace.check(tokenTypeIsUsable, token_type.toLowerCase() === 'bearer', token_type, 'Bearer')
  const lifetime = readLifetime(expires_in)
  trace.check(tokenResponseIsComplete, lifetime !== 'malformed', expires_in, 'expires_in')
  const renewable = typeof refresh_token === 'string' ? refresh_token : undefined
  trace.check(tokenResponseIsComplete, renewable !== undefined || isAbsent(refresh_token), undefined, 'refresh_token')
  return { access_token, token_type, expires_in: lifetime, refresh_token: renewable, scope: typeof scope === 'string' ? scope : undefined }
}

/** Asks the server to forget a token (RFC 7009 section 2.1). Whether it did is not essential to the client. */
export async function revokeToken(endpoint: string, registration: Registration, token: string, trace: Trace): Promise<boolean> {
  const response = await postForm(endpoint, registration, { token }, trace)
  return response.status === 200
}

function postForm(url: string, registration: Registration, form: Form, trace: Trace): Promise<HttpResponse> {
  const { client_id, client_secret, token_endpoint_auth_method } = registration
  const basic = token_endpoint_auth_method === 'client_secret_basic' && client_secret !== undefined
  const inBody = basic ? {} : { client_id, client_secret }
  return send({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(basic ? { authorization: basicCredentials(client_id, client_secret) } : {}),
    },
    body: formBody({ ...form, ...inBody }),
  }, trace)
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, so that a colon stays what it is. */
function basicCredentials(client_id: string, client_secret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(client_id)}:${encode(client_secret)}`).toString('base64')}`
}

/** access-token = 1*VSCHAR (RFC 6749 appendix A.12): anything else could not stand in a header. */
function isTokenText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

/** Some servers write null for a member that they do not send. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

/** Seconds; some servers send the number as a string. */
function readLifetime(expires_in: unknown): number | undefined | 'malformed' {
  if (isAbsent(expires_in)) return undefined
  const seconds = typeof expires_in === 'string' && /^\d+$/.test(expires_in) ? Number(expires_in) : expires_in
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : 'malformed'
}
