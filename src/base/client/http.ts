/**
 * The HTTP of the client. No redirect is ever followed, since it would carry codes and tokens to wherever the answer
 * says; no answer may be endless, in bytes or in time.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { version } from '../config/version.ts'
import { isJsonType } from '../http/message.ts'
import { isJsonObject, parseJson, type JsonObject } from '../protocol/json.ts'
import { answerIsBounded, documentIsJson } from '../rules/answer.ts'
import { ClientError, exitCodes } from './errors.ts'
import { secretsIn } from './sent-secrets.ts'
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

/** In milliseconds: the longest that one exchange may take, of which the time to connect. */
export const timeLimit = 40_000
const connectLimit = 7_000

/** In bytes: the most that an answer may be, and its head. */
const sizeLimit = 4 * 1024 * 1024
const headLimit = 16 * 1024

/** Sends a request and reads the whole answer. */
export async function send(request: HttpRequest, trace: Trace): Promise<HttpResponse> {
  return readAll(await open(request, trace))
}

export async function readAll(response: OpenResponse): Promise<HttpResponse> {
  let body = ''
  for await (const part of response.text) body += part
  return response.finish(body)
}

/** An answer of which the head has come. */
export interface OpenResponse {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  /** The body, part by part; who stops reading it ends the connection. */
  readonly text: AsyncIterable<string>
  /** Records the exchange with what was read of the body. */
  finish(body: string): HttpResponse
  /** Leaves the body unread. */
  discard(): void
}

/** Sends a request and leaves the body to be read, as an event stream is. */
export async function open(request: HttpRequest, trace: Trace): Promise<OpenResponse> {
  const { method, url, headers = {}, body, signal } = request
  let counted = performance.now()
  const limit = Math.min(timeLimit, trace.budget.timeLeft)
  const deadline = signal ?? AbortSignal.timeout(limit)
  const spend = (): void => {
    const now = performance.now()
    if (!signal) trace.budget.spendTime(now - counted)
    counted = now
  }
  const fail = (error: unknown): never => {
    spend()
    if (error instanceof ClientError) throw error
    trace.check(answerIsBounded, codeOf(error) !== 'HPE_HEADER_OVERFLOW', url, headLimit)
    const late = `gave no complete answer within ${Math.round(limit / 1000)} s`
    throw unreachable(url, deadline.aborted ? late : describe(error), error)
  }
  for (const secret of secretsIn(headers, body)) trace.secret(secret)
  const incoming = await receive(request, deadline).catch(fail)
  const response = { url, status: incoming.statusCode!, headers: headersOf(incoming) }
  const finish = (responseBody: string): HttpResponse => {
    spend()
    trace.exchange({
      method, url, requestHeaders: headers, requestBody: body ?? '',
      status: response.status, responseHeaders: Object.fromEntries(response.headers), responseBody,
    })
    return { ...response, body: responseBody }
  }
  const discard = (): void => {
    incoming.destroy()
    finish('')
  }
  return { ...response, text: readText(incoming, url, trace, fail), finish, discard }
}

function receive({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const start = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = start(url, {
      method, signal, maxHeaderSize: headLimit,
      headers: {
        // RFC 9110 section 12.5.3: without the second any encoding would be welcome.
        'user-agent': `mcp-authorization/${version}`, 'accept-encoding': 'identity', ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    })
    const connecting = setTimeout(() => outgoing.destroy(new Error('ETIMEDOUT')), connectLimit)
    outgoing.on('socket', socket => {
      if (socket.connecting) socket.once('connect', () => clearTimeout(connecting))
      else clearTimeout(connecting)
    })
    outgoing.on('close', () => clearTimeout(connecting))
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end(body)
  })
}

/** The body as text, part by part, bounded in bytes; the deadline of the exchange bounds it in time. */
async function* readText(
  incoming: IncomingMessage, url: string, trace: Trace, fail: (error: unknown) => never,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let size = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length
      trace.check(answerIsBounded, size <= sizeLimit && trace.budget.spendBytes(chunk.length), url, sizeLimit)
      yield decoder.decode(chunk, { stream: true })
    }
  } catch (error) {
    fail(error)
  }
  yield decoder.decode()
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  return headers
}

/** Reads an answer that has to be a JSON object, and says what came instead where it is not. */
export function readJsonObject({ url, headers, body }: HttpResponse, trace: Trace): JsonObject {
  const type = headers.get('content-type') ?? 'no content type'
  const parsed = isJsonType(type) ? parseJson(body) : undefined
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined
  trace.check(documentIsJson, isJsonObject(value), url, isJsonType(type) ? 'something that is not a JSON object' : type)
  return value
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

function unreachable(url: string, reason: string, cause: unknown): ClientError {
  return new ClientError(`${new URL(url).origin} ${reason}`, exitCodes.unreachable, {
    remedy: 'Check the URL, and that the server runs.', cause,
  })
}

function describe(error: unknown): string {
  const code = codeOf(error)
  // HPE_... are the complaints of the HTTP parser.
  if (code?.startsWith('HPE_')) return `answered with something that is not HTTP: ${code}`
  return `cannot be reached: ${code ?? String((error as Error).message)}`
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
