/**
 * The record of one exchange: who spoke to whom, what was sent and answered with its secrets taken out, and every rule that
 * ran. It exists while `DEBUG` is on; `named-parts.ts` says what it is joined by, `recorder.ts` to what.
 */
import { isJsonType, mediaType, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { redactBody, redactHeaders, redactText, redactUrl } from '../base/protocol/redact.ts'
import type { Verdict } from '../base/rules/rule.ts'
import { showVerdict, type ShownVerdict } from '../base/rules/shown-verdict.ts'
import { clientNameOf, clientOf, keysOf, readParts, titleOf } from './named-parts.ts'

/** The parties, as lifelines from left to right. */
export const parties = ['user agent', 'client', 'authorization server', 'resource server'] as const
/** One of them. */
export type Party = (typeof parties)[number]

/** One half of an exchange, as it is shown. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request and its answer, as they are kept: without a secret. */
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

/** What `app/app.ts` knows of an exchange once it is answered. */
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

const ownPages = /^\/(?:$|(?:health|docs|openapi\.json|explain|flow|source|account|sign-out)(?:\/|$))/

/** Whether a path can be part of a flow: pages about the server are no part of any. */
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

/** Makes the record of an exchange, and says what it is joined by. */
export function recordExchange(raw: RawExchange): JoinedExchange {
  const { id, time, duration, request, reply, verdicts } = raw
  const parts = readParts(request, raw.body, reply)
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

/** The route decides: where people go, a user agent does. A path that is unknown is told by what the request accepts. */
function fromWhom({ caller, request }: RawExchange): Party {
  if (caller !== undefined) return caller === 'browser' ? 'user agent' : 'client'
  return prefersHtml(request) ? 'user agent' : 'client'
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
