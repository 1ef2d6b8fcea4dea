/**
 * A request and a reply as plain values. A handler takes a request and returns a reply. Only `app` touches a socket.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Html } from '../ui/html.ts'

export interface Request {
  readonly method: string
  /** The path as received, without the query and without the path of `SERVER_URL`. */
  readonly path: string
  /** Everything after the `?`, as received. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** The decoded value of the parameter at the end of the path. Empty if the route has none. */
  readonly parameter: string
  readonly remoteAddress: string
  /** Aborted when the peer disconnects, or the server stops, before the reply is complete. */
  readonly signal: AbortSignal
  /** Reads the body. A handler that refuses the request early never reads it. */
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
 * RFC 9700 section 4.12: after a form with credentials the redirect is 303, because 307 would repeat the form, with the
 * credentials, at the new location. Every other redirect is 302.
 */
export function redirect(status: 302 | 303, location: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...headers, location }, body: '' }
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: '' }
}

/** Whether the request comes from a browser, which asks for HTML. Programs do not. */
export function prefersHtml(request: Request): boolean {
  return (request.headers.accept ?? '').includes('text/html')
}

/** Whether a Content-Type is JSON, or has the suffix +json (RFC 6839 section 3.1). A comma separates it from a second one. */
export function isJsonType(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;[^,]*)?$/i.test(contentType)
}

/** The media type of the body, in lower case and without parameters. Empty if there is none. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}
