/**
 * A request and a reply as values. A handler takes the one and returns the other; only `app` touches a socket.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Html } from '../ui/html.ts'

export interface Request {
  readonly method: string
  /** The path as it was sent, without the query and without the path of `SERVER_URL`. */
  readonly path: string
  /** What follows the `?`, as it was sent. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** What the path has in place of the parameter in which the route ends, decoded. */
  readonly parameter: string
  readonly remoteAddress: string
  /** Aborted when the other side goes away, or the server stops, before the reply is complete. */
  readonly signal: AbortSignal
  /** Reads the body. A handler that refuses before it needs the body never reads it. */
  text(): Promise<string>
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | AsyncIterable<string>
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function htmlReply(status: number, document: Html, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: document.text }
}

/**
 * RFC 9700 section 4.12: a redirect after a form with credentials is 303, since 307 would send the form on.
 * 302 serves for the rest.
 */
export function redirect(status: 302 | 303, location: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...headers, location }, body: '' }
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: '' }
}

/** Whether a browser asks: it names HTML, a program does not. */
export function prefersHtml(request: Request): boolean {
  return (request.headers.accept ?? '').includes('text/html')
}

/** Whether a Content-Type is JSON, or a type that is built on it (RFC 6839 section 3.1). */
export function isJsonType(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)
}

/** The media type of the body, without its parameters, in lower case; empty when there is none. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}
