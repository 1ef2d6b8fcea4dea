/**
 * The record of one exchange: who spoke to whom, the request and the response with their secrets redacted, and every rule
 * that ran. Records exist only while `DEBUG` is on. `recorder.ts` joins them into flows.
 */
import { isJsonType, mediaType, prefersHtml, type Reply } from '../base/http/message.ts'
import { redactBody, redactHeaders, redactText, redactUrl } from '../base/protocol/redact.ts'
import type { AnsweredExchange } from '../core/context/recording.ts'
import { showVerdict, type ShownVerdict } from '../base/rules/shown-verdict.ts'
import { clientNameOf, clientOf, keysOf, readParts, titleOf } from './named-parts.ts'

/** The parties, in the order of their lifelines from left to right. */
export const parties = ['user agent', 'client', 'authorization server', 'resource server'] as const
export type Party = (typeof parties)[number]

/** A request or a response, as it is shown. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request and its response, as they are kept: without any secret. */
export interface Exchange {
  /** Unguessable. Whoever received it in an `error_uri` may see this request explained. */
  readonly id: string
  /** When it began, as a NumericDate, and its duration in milliseconds. */
  readonly time: number
  readonly duration: number
  readonly from: Party
  readonly to: Party
  readonly method: string
  /** With the query, redacted. */
  readonly target: string
  /** Shown after the path: MCP method and tool, client name, grant type, or decision. */
  readonly title: string
  readonly status: number
  readonly request: Message
  readonly response: Message
  /** The claims of the access token that was sent or issued, as JSON. The token itself is never recorded. */
  readonly claims?: string
  readonly verdicts: readonly ShownVerdict[]
}

/** An exchange with what joins it to others. None of this is secret, and none of it is shown. */
export interface JoinedExchange {
  readonly exchange: Exchange
  /** Fingerprints of codes, tokens, sessions and consent pages. Each belongs to one flow. */
  readonly keys: readonly string[]
  readonly client_id: string | undefined
  /** The name that the client registers. */
  readonly client_name: string | undefined
  /** Address and user agent, the last resort for joining. */
  readonly agent: string
}

/** In characters: the longest body, and the longest header or target, that is kept whole. */
const maxBody = 8192
const maxLine = 2048

const ownPages = /^\/(?:$|(?:health|docs|openapi\.json|explain|flow|source|account|sign-out)(?:\/|$))/

/** Whether a path can be part of a flow. Pages about the server cannot. */
export function isRecorded(path: string): boolean {
  return !ownPages.test(path)
}

/**
 * Whether a browser asked for something that does not exist, such as a favicon or a mistyped path. That belongs to no flow.
 * A client's request to an unknown path does: the client has the wrong endpoint.
 */
export function isStray({ caller, request, reply }: AnsweredExchange): boolean {
  const { path, query, headers } = request
  if (caller !== undefined || reply.status !== 404) return false
  if (path.startsWith('/.well-known/') || query.includes('client_id=')) return false
  if (prefersHtml(request) || /^\/(?:favicon\.ico|robots\.txt|apple-touch-icon.*\.png)$/.test(path)) return true
  return (headers['sec-fetch-dest'] ?? 'empty') !== 'empty'
}

/** Makes the record of an exchange, with what joins it to others. */
export function recordExchange(raw: AnsweredExchange): JoinedExchange {
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
    // A refused request must not rename a client: its client_id may be that of another client.
    client_name: client_id === undefined || reply.status < 300 ? shownTitle(clientNameOf(path, parts)) : undefined,
    agent: `${from} ${remoteAddress} ${headers['user-agent'] ?? ''}`.slice(0, 300),
  }
}

/** The route decides who called it. For an unknown path, what the request accepts decides. */
function fromWhom({ caller, request }: AnsweredExchange): Party {
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
  if (typeof body !== 'string') return '(a stream, which is not recorded)'
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!
  return body === '' ? '' : shownBody(body, isJsonType(type) ? 'application/json' : type)
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text
}
