/**
 * The HTTP of the client. No redirect is ever followed, since it would carry codes and tokens to wherever the answer
 * says; no answer may be endless, in bytes or in time.
 */
import { displayText } from '../http/html.ts'
import { parseJson } from '../http/json.ts'
import { isJsonType } from '../http/message.ts'
import { isJsonObject, type JsonObject } from '../mcp/json-rpc.ts'
import { answerIsBounded, documentIsJson } from '../rules/client.ts'
import type { Rule } from '../rules/rule.ts'
import { ClientError, exitCodes, OAuthResponseError } from './errors.ts'
import type { Trace } from './trace.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What ends the exchange, in place of the time limit: for a stream that stays open. */
  readonly signal?: AbortSignal
}

export interface HttpResponse {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** In milliseconds: the longest that one exchange may take, and in bytes: the most that an answer may be. */
export const timeLimit = 40_000
const sizeLimit = 4 * 1024 * 1024

/** Sends a request and reads the whole answer. */
export async function send(request: HttpRequest, trace: Trace): Promise<HttpResponse> {
  const response = await open(request, trace)
  let body = ''
  for await (const part of readText(response.raw, request.url, trace)) body += part
  return response.finish(body)
}

export interface OpenResponse {
  readonly raw: Response
  /** Records the exchange with what was read of the body. */
  finish(body: string): HttpResponse
}

/** Sends a request and leaves the body to be read, as an event stream is. */
export async function open(
  { method, url, headers = {}, body, signal = AbortSignal.timeout(timeLimit) }: HttpRequest, trace: Trace,
): Promise<OpenResponse> {
  let raw: Response
  try {
    raw = await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal })
  } catch (error) {
    throw unreachable(url, error)
  }
  return {
    raw,
    finish(responseBody) {
      trace.exchange({
        method, url, requestHeaders: headers, requestBody: body ?? '',
        status: raw.status, responseHeaders: Object.fromEntries(raw.headers), responseBody,
      })
      return { url, status: raw.status, headers: raw.headers, body: responseBody }
    },
  }
}

/** The body of a response as text, part by part, bounded in bytes and time. */
export async function* readText(response: Response, url: string, trace: Trace): AsyncGenerator<string> {
  if (!response.body) return
  const decoder = new TextDecoder()
  let size = 0
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length
      trace.check(answerIsBounded, size <= sizeLimit, url, sizeLimit)
      yield decoder.decode(chunk, { stream: true })
    }
  } catch (error) {
    throw error instanceof ClientError ? error : unreachable(url, error)
  }
  yield decoder.decode()
}

/** Reads an answer that has to be a JSON object, and says what came instead where it is not. */
export function readJsonObject({ url, headers, body }: HttpResponse, trace: Trace): JsonObject {
  const type = headers.get('content-type') ?? 'no content type'
  const parsed = isJsonType(type) ? parseJson(body) : undefined
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined
  trace.check(documentIsJson, isJsonObject(value), url, isJsonType(type) ? 'something that is not a JSON object' : type)
  return value
}

/** Checks `rule`, which an answer with an OAuth error breaks: that error is thrown as it came. */
export function checkAnswer(rule: Rule, granted: boolean, response: HttpResponse, trace: Trace): void {
  trace.check(rule, granted, granted ? undefined : oauthErrorOf(response, rule))
}

function oauthErrorOf(response: HttpResponse, rule: Rule): OAuthResponseError {
  const { error, error_description, error_uri } = looseJson(response)
  const text = (value: unknown): string | undefined => typeof value === 'string' ? displayText(value, 300) : undefined
  return new OAuthResponseError(rule, text(error) ?? `HTTP ${response.status}`, text(error_description), text(error_uri))
}

/** The members of an answer that may be something else than a JSON object, and then has none. */
export function looseJson({ headers, body }: HttpResponse): JsonObject {
  const parsed = isJsonType(headers.get('content-type') ?? '') ? parseJson(body) : {}
  return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : {}
}

/** The body of a form request; members that are undefined are left out. */
export function formBody(members: Readonly<Record<string, string | undefined>>): string {
  const sent = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(sent).toString()
}

function unreachable(url: string, error: unknown): ClientError {
  const { origin } = new URL(url)
  const late = error instanceof Error && error.name === 'TimeoutError'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = late ? `gave no complete answer within ${timeLimit / 1000} s` : `cannot be reached: ${describe(cause)}`
  return new ClientError(`${origin} ${reason}`, exitCodes.unreachable, { remedy: 'Check the URL, and that the server runs.', cause: error })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
