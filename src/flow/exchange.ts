/**
 * The record of one exchange: who spoke to whom, what was sent and answered with its secrets taken out, and every rule that
 * ran. It exists while `DEBUG` is on; what it is joined to is in `recorder.ts`.
 */
import { fingerprint } from '../crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from '../http/json.ts'
import { isJsonType, mediaType, prefersHtml, type Reply, type Request } from '../http/message.ts'
import { isSecretName, redactBody, redactHeaders, redactText, redactUrl } from '../http/redact.ts'
import type { Verdict } from '../rules/rule.ts'
import { showVerdict, type ShownVerdict } from '../rules/shown-verdict.ts'

/** The parties, as lifelines from left to right. */
export const parties = ['user agent', 'client', 'authorization server', 'resource server'] as const
export type Party = (typeof parties)[number]

export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Exchange {
  /** Unguessable: whoever was answered with it in an `error_uri` may see this request explained. */
  readonly id: string
  /** When it began, as a NumericDate, and how many milliseconds it took. */
  readonly time: number
  readonly duration: number
  readonly from: Party
  readonly to: Party
  readonly method: string
  /** With the query, redacted. */
  readonly target: string
  /** What the path does not say: the MCP method and its tool, the grant type, the name of the client. */
  readonly title: string
  readonly status: number
  readonly request: Message
  readonly response: Message
  /** The claims of the access token that was sent or issued, as JSON; the token itself is in no record. */
  readonly claims?: string
  readonly verdicts: readonly ShownVerdict[]
}

/** What `app.ts` knows of an exchange once it is answered. */
export interface RawExchange {
  readonly id: string
  readonly time: number
  readonly duration: number
  readonly request: Request
  readonly body: string
  readonly caller: 'program' | 'resource' | 'browser' | undefined
  readonly reply: Reply
  readonly verdicts: readonly Verdict[]
}

/** An exchange with the names by which it is joined to others; none of them is a secret, and none is shown. */
export interface JoinedExchange {
  readonly exchange: Exchange
  /** Of codes, tokens, sessions and consent pages: each belongs to one flow. */
  readonly keys: readonly string[]
  readonly client_id: string | undefined
  /** What the client calls itself, where it registers. */
  readonly client_name: string | undefined
  /** Address and user agent, the last resort. */
  readonly agent: string
}

/** Characters of a body, and of a header or target. */
const maxBody = 8192
const maxLine = 2048

/** Pages about the server are no part of any flow. */
const ownPages = /^\/(?:$|(?:health|docs|openapi\.json|explain|flow|source|account|sign-out)(?:\/|$))/

export function isRecorded(path: string): boolean {
  return !ownPages.test(path)
}

/**
 * What browsers ask of any site by themselves, or for somebody who mistyped a path: it belongs to no flow. An unknown path
 * with the request of a client does: that client has the endpoint wrong.
 */
export function isStray({ caller, request, reply }: RawExchange): boolean {
  const { path, query, headers } = request
  const isUnknown = caller === undefined && reply.status === 404
  if (!isUnknown || path.startsWith('/.well-known/') || query.includes('client_id=')) return false
  const destination = headers['sec-fetch-dest'] ?? 'empty'
  return destination !== 'empty' || prefersHtml(request) || /^\/(?:favicon\.ico|robots\.txt|apple-touch-icon.*\.png)$/.test(path)
}

export function recordExchange(raw: RawExchange): JoinedExchange {
  const { id, time, duration, request, reply, verdicts } = raw
  const parts = readParts(raw)
  const { method, path, query, headers, remoteAddress } = request
  const from = fromWhom(raw)
  const client_id = clientOf(path, parts)
  const exchange: Exchange = {
    id, time, duration, from,
    to: /^\/(?:mcp|\.well-known\/oauth-protected-resource)(?:\/|$)/.test(path) ? 'resource server' : 'authorization server',
    method: cut(method, 20),
    target: cut(redactUrl(query === '' ? path : `${path}?${query}`), maxLine),
    title: shownTitle(titleOf(path, parts)) ?? '',
    status: reply.status,
    request: { headers: shownHeaders(headers), body: shownBody(raw.body, mediaType(headers)) },
    response: { headers: shownHeaders(reply.headers), body: responseBody(reply) },
    ...(parts.claims === undefined ? {} : { claims: cut(redactBody(JSON.stringify(parts.claims), 'application/json'), maxBody) }),
    verdicts: verdicts.map(showVerdict),
  }
  return {
    exchange,
    keys: keysOf(parts, request, reply),
    client_id,
    // Whoever is refused names no client: the request may say the client_id of another.
    client_name: client_id === undefined || reply.status < 300 ? shownTitle(clientNameOf(path, parts)) : undefined,
    agent: `${from} ${remoteAddress} ${headers['user-agent'] ?? ''}`.slice(0, 300),
  }
}

/** The rule that an exchange was refused by. A rule that was broken and led to no error decided nothing. */
export function refusalOf({ status, response, verdicts }: Exchange): string | undefined {
  const refused = status >= 400 || /[?&]error=/.test(response.headers['location'] ?? '') || /"error":\{"code":/.test(response.body)
  return refused ? verdicts.findLast(({ passed }) => !passed)?.rule : undefined
}

/** The route decides: where people go, a user agent does. A path that is unknown is told by what the request accepts. */
function fromWhom({ caller, request }: RawExchange): Party {
  if (caller !== undefined) return caller === 'browser' ? 'user agent' : 'client'
  return prefersHtml(request) ? 'user agent' : 'client'
}

/** What names something, taken out of the places in which it can stand. */
interface Parts {
  /** Query and form, in which no name is repeated but by mistake. */
  readonly sent: ReadonlyMap<string, string>
  readonly sentJson: JsonObject
  readonly answered: JsonObject
  readonly redirected: URLSearchParams
  readonly basic: string | undefined
  readonly bearer: string | undefined
  readonly claims: JsonObject | undefined
  /** Of the form in a page that was shown. */
  readonly hidden: readonly string[]
}

function readParts({ request, body, reply }: RawExchange): Parts {
  const type = mediaType(request.headers)
  const form = type === 'application/x-www-form-urlencoded' ? body : ''
  const replyBody = typeof reply.body === 'string' ? reply.body : ''
  const replyType = reply.headers['content-type'] ?? ''
  const answered = isJsonType(replyType) ? objectOf(replyBody) : {}
  const [, scheme, credentials] = /^(\w+) +(\S+)$/.exec(request.headers.authorization ?? '') ?? []
  const bearer = scheme !== undefined && /^(?:bearer|dpop)$/i.test(scheme) ? credentials : undefined
  const token = bearer ?? (typeof answered['access_token'] === 'string' ? answered['access_token'] : undefined)
  const location = reply.headers['location']
  return {
    sent: new Map([...new URLSearchParams(request.query), ...new URLSearchParams(form)]),
    sentJson: type === 'application/json' ? objectOf(body) : {},
    answered,
    redirected: new URLSearchParams(location?.split('?')[1] ?? ''),
    basic: scheme?.toLowerCase() === 'basic' ? userOf(credentials!) : undefined,
    bearer,
    claims: token === undefined ? undefined : claimsOf(token),
    hidden: replyType.startsWith('text/html') ? hiddenSecrets(replyBody) : [],
  }
}

function objectOf(text: string): JsonObject {
  const parsed = parseJson(text)
  return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : {}
}

/** The claims of a token that need not be valid: they are shown, never believed. */
function claimsOf(token: string): JsonObject | undefined {
  const [, payload, signature] = token.split('.')
  const claims = payload !== undefined && signature !== undefined ? objectOf(Buffer.from(payload, 'base64url').toString()) : {}
  return Object.keys(claims).length > 0 ? claims : undefined
}

/** The client_id of Basic credentials (RFC 6749 section 2.3.1). */
function userOf(credentials: string): string {
  const pair = Buffer.from(credentials, 'base64').toString()
  return new URLSearchParams(`user=${pair.slice(0, Math.max(0, pair.indexOf(':')))}`).get('user') ?? ''
}

function hiddenSecrets(page: string): readonly string[] {
  return [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g)].filter(([, name]) => isSecretName(name!)).map(([, , value]) => value!)
}

/** Secrets by their fingerprints. A token that was presented under any name is the same token. */
function keysOf({ sent, answered, redirected, bearer, claims, hidden }: Parts, { headers }: Request, reply: Reply): readonly string[] {
  const named = ['code', 'refresh_token', 'token', 'csrf_token', 'consent_token'].map(name => sent.get(name))
  const issued = ['access_token', 'refresh_token', 'registration_access_token'].map(name => answered[name])
  const sessions = [headers['mcp-session-id'], reply.headers['mcp-session-id']]
  const secrets = [...named, ...issued, ...sessions, ...hidden, redirected.get('code'), bearer]
    .filter((secret): secret is string => typeof secret === 'string' && secret !== '')
  const grant = claims?.['grant_id']
  return [...new Set([...secrets.map(fingerprint), ...(typeof grant === 'string' ? [`grant ${grant.slice(0, 100)}`] : [])])]
}

function clientOf(path: string, { sent, answered, basic, claims }: Parts): string | undefined {
  const assertion = sent.get('client_assertion')
  const inPath = /^\/oauth\/register\/([^/]+)$/.exec(path)?.[1]
  const registered = path === '/oauth/register' ? answered['client_id'] : undefined
  const named = [registered, sent.get('client_id'), basic, inPath, answered['client_id'], claims?.['client_id'],
    assertion && claimsOf(assertion)?.['sub'], clientOfReturn(sent.get('return_to'))]
    .find((name): name is string => typeof name === 'string' && name !== '')
  return named?.slice(0, 300)
}

function clientNameOf(path: string, { sentJson: { client_name } }: Parts): string | undefined {
  return path.startsWith('/oauth/register') && typeof client_name === 'string' ? client_name : undefined
}

/** After the sign-in the browser goes back to an authorization request, which is that of a client. */
function clientOfReturn(return_to: string | undefined): string | undefined {
  return new URLSearchParams(return_to?.split('?')[1]).get('client_id') ?? undefined
}

function titleOf(path: string, parts: Parts): string | undefined {
  const { sent, sentJson: { method, params } } = parts
  if (typeof method === 'string') {
    const tool = isJsonObject(params) && typeof params['name'] === 'string' ? ` ${params['name']}` : ''
    return method + tool
  }
  return clientNameOf(path, parts) ?? sent.get('grant_type') ?? sent.get('decision')
}

function shownTitle(title: string | undefined): string | undefined {
  return title === undefined ? undefined : cut(redactText(title), 120)
}

function shownHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, cut([value].flat().join(', '), maxLine)] as const)
  return redactHeaders(Object.fromEntries(lines))
}

function shownBody(body: string, type: string): string {
  return cut(redactBody(body, type), maxBody)
}

function responseBody({ headers, body }: Reply): string {
  if (typeof body !== 'string') return 'a stream, which is not recorded'
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!
  return body === '' ? '' : shownBody(body, isJsonType(type) ? 'application/json' : type)
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text
}
