/**
 * The HTTP of the client. A redirect never leads a request to another origin, because codes and tokens would go wherever the
 * response points. Every response is limited in bytes and in time.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { version } from '../config/version.ts'
import { isJsonType } from '../http/message.ts'
import { headerValues } from '../http/request-headers.ts'
import { isJsonObject, parseJson, presentMembers, type JsonObject } from '../protocol/json.ts'
import { answerIsBounded, contentCodingIsReadable, documentIsJson, redirectStaysOnOrigin } from '../rules/answer.ts'
import { canDecode, contentCodings, decode, isDecodingError } from './content-coding.ts'
import { ClientError, exitCodes } from './errors.ts'
import { maxRedirects, readRedirect } from './redirect.ts'
import { secretsIn } from './sent-secrets.ts'
import type { Trace } from './trace.ts'

type RequestHeaders = Readonly<Record<string, string>>

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: RequestHeaders
  /** Returns the headers that depend on the URL, to which a redirect may lead. */
  readonly headersFor?: ((url: string) => RequestHeaders) | undefined
  readonly body?: string
  /** Ends the exchange instead of the time limit: for a stream that stays open. */
  readonly signal?: AbortSignal
  /** False if the caller reads Location itself. */
  readonly followsRedirects?: boolean
}

export interface HttpResponse {
  /** The URL that sent the response, after any redirects. */
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** Why the client did not follow a redirect, if this is one. */
  readonly unfollowed?: string | undefined
}

/** A response whose headers have arrived. */
export interface OpenResponse extends Omit<HttpResponse, 'body'> {
  /** The body in parts. If the reader stops, the connection ends. */
  readonly text: AsyncIterable<string>
  /** Records the exchange with what was read of the body. */
  finish(body: string): HttpResponse
  /** Ends the exchange without reading the body. */
  discard(): void
}

/** In milliseconds: for one exchange, and for its connection. */
export const timeLimit = 40_000
const connectLimit = 7_000

/** In bytes: for a response, and for its headers. */
const sizeLimit = 4 * 1024 * 1024
const headLimit = 16 * 1024

/** Sends a request and reads the whole response. */
export async function send(request: HttpRequest, trace: Trace): Promise<HttpResponse> {
  return readAll(await open(request, trace))
}

export async function readAll(response: OpenResponse): Promise<HttpResponse> {
  let body = ''
  for await (const part of response.text) body += part
  return { ...response.finish(body), unfollowed: response.unfollowed }
}

/** Sends a request and leaves the body of the response to be read, for example as an event stream. */
export async function open(request: HttpRequest, trace: Trace): Promise<OpenResponse> {
  const { method, headersFor, followsRedirects = true } = request
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const response = await exchange({ ...request, url, headers: { ...request.headers, ...headersFor?.(url) } }, trace)
    const location = response.headers.get('location')
    const redirect = followsRedirects ? readRedirect(method, url, response.status, location) : undefined
    if (!redirect) return response
    if ('problem' in redirect) return { ...response, unfollowed: redirect.problem }
    if (redirects === maxRedirects) return { ...response, unfollowed: `${response.status}, which is one redirect too many` }
    response.discard()
    trace.note(`${url} redirects to ${redirect.target} (${response.status})`)
    url = redirect.target
  }
}

async function exchange(request: PlainRequest, trace: Trace): Promise<OpenResponse> {
  for (const secret of secretsIn(request.headers, request.body)) trace.secret(secret)
  const exchange = new Exchange(request, trace)
  const incoming = await receive(request, exchange.signal).catch(error => exchange.fail(error))
  return exchange.responseOf(incoming)
}

type PlainRequest = HttpRequest & { readonly headers: RequestHeaders }

/** One exchange: how long it may take, how it fails, and how it is recorded. */
class Exchange {
  readonly signal: AbortSignal
  private readonly request: PlainRequest
  private readonly trace: Trace
  private readonly limit: number
  /** Until when the time was taken from the budget of the command. */
  private counted = performance.now()

  constructor(request: PlainRequest, trace: Trace) {
    this.request = request
    this.trace = trace
    this.limit = Math.min(timeLimit, trace.budget.timeLeft)
    this.signal = request.signal ?? AbortSignal.timeout(this.limit)
  }

  responseOf(incoming: IncomingMessage): OpenResponse {
    const head = { url: this.request.url, status: incoming.statusCode!, headers: headersOf(incoming) }
    const finish = (body: string): HttpResponse => this.finish({ ...head, body })
    const discard = (): void => {
      incoming.destroy()
      finish('')
    }
    return { ...head, text: this.readText(incoming, head), finish, discard }
  }

  fail(error: unknown): never {
    this.spendTime()
    if (error instanceof ClientError) throw error
    const { url } = this.request
    this.trace.check(answerIsBounded, codeOf(error) !== 'HPE_HEADER_OVERFLOW', url, headLimit)
    const reason = this.signal.aborted ? `gave no complete answer within ${Math.round(this.limit / 1000)} s` : describe(error)
    throw new ClientError(`${new URL(url).origin} ${reason}`, exitCodes.unreachable, {
      remedy: 'Check the URL, and that the server is running.', cause: error,
    })
  }

  private async* readText(incoming: IncomingMessage, { status, headers }: Omit<HttpResponse, 'body'>): AsyncGenerator<string> {
    const codings = contentCodings(headers.get('content-encoding'))
    const requireReadable = (condition: boolean): void => {
      const received = `${this.request.url} (HTTP ${status})`
      if (!condition) this.trace.fail(contentCodingIsReadable, received, codings.join(', '))
    }
    const decoder = new TextDecoder()
    try {
      requireReadable(canDecode(codings))
      // The coding that was applied last is undone first.
      const plain = codings.reduceRight((bytes, coding) => this.bounded(decode(bytes, coding)), this.bounded(incoming))
      for await (const chunk of plain) yield decoder.decode(chunk, { stream: true })
    } catch (error) {
      requireReadable(!isDecodingError(error))
      this.fail(error)
    }
    yield decoder.decode()
  }

  private async* bounded(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0
    for await (const chunk of chunks) {
      size += chunk.length
      const isBounded = size <= sizeLimit && this.trace.budget.spendBytes(chunk.length)
      this.trace.check(answerIsBounded, isBounded, this.request.url, sizeLimit)
      yield chunk
    }
  }

  private finish(response: HttpResponse): HttpResponse {
    this.spendTime()
    const { method, url, headers: requestHeaders, body: requestBody = '' } = this.request
    const { status, headers, body: responseBody } = response
    this.trace.exchange({
      method, url, requestHeaders, requestBody, status, responseHeaders: Object.fromEntries(headers), responseBody,
    })
    return response
  }

  /** A stream that stays open costs nothing. */
  private spendTime(): void {
    const now = performance.now()
    if (!this.request.signal) this.trace.budget.spendTime(now - this.counted)
    this.counted = now
  }
}

/** Resolves once the headers of the response have arrived. */
function receive({ method, url, headers, body }: PlainRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const start = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = start(url, {
      method, signal, maxHeaderSize: headLimit,
      headers: {
        // RFC 9110 section 12.5.3: without accept-encoding the server may choose any encoding.
        'user-agent': `mcp-authorization/${version}`, 'accept-encoding': 'identity', ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    })
    const connecting = setTimeout(() => outgoing.destroy(new Error('ETIMEDOUT')), connectLimit)
    const connected = (): void => clearTimeout(connecting)
    outgoing.on('socket', socket => {
      if (socket.connecting) socket.once('connect', connected)
      else connected()
    })
    outgoing.on('close', connected)
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end(body)
  })
}

/** A header without a value counts as absent, and one that was sent twice with equal values counts once. */
function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, lines = []] of Object.entries(headersDistinct)) {
    for (const value of headerValues(name, lines)) if (value !== '') headers.append(name, value)
  }
  return headers
}

/** The text of an error of the network or of the HTTP parser, whose codes begin with HPE_. */
function describe(error: unknown): string {
  const code = codeOf(error)
  if (code?.startsWith('HPE_')) return `answered with something that is not HTTP: ${code}`
  return `cannot be reached: ${code ?? String((error as Error).message)}`
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/** Checks that a response is not a redirect that the client does not follow. */
export function checkRedirect({ url, unfollowed }: Omit<HttpResponse, 'body'>, trace: Trace): void {
  if (unfollowed !== undefined) trace.fail(redirectStaysOnOrigin, `${url} answered ${unfollowed}`)
}

/** Reads a response that must be a JSON object. */
export function readJsonObject(response: HttpResponse, trace: Trace): JsonObject {
  checkRedirect(response, trace)
  const { url, headers, body } = response
  const type = headers.get('content-type') ?? 'no content type'
  const parsed = isJsonType(type) ? parseJson(body) : undefined
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined
  trace.check(documentIsJson, isJsonObject(value), url, isJsonType(type) ? 'something that is not a JSON object' : type)
  return presentMembers(value)
}

/** The members of a response that may be a JSON object. Without one there are none. */
export function looseJson({ headers, body }: HttpResponse): JsonObject {
  const parsed = isJsonType(headers.get('content-type') ?? '') ? parseJson(body) : {}
  return 'value' in parsed && isJsonObject(parsed.value) ? presentMembers(parsed.value) : {}
}

/** What an answer that is not an OAuth error says: its Location, a member that other conventions use, a plain text, or the title of a page. */
export function wordsOf({ headers, body, unfollowed }: HttpResponse): string | undefined {
  if (unfollowed !== undefined) return unfollowed
  const type = headers.get('content-type') ?? ''
  if (isJsonType(type)) {
    const parsed = parseJson(body)
    return 'value' in parsed ? wordsIn(parsed.value) : undefined
  }
  if (/html/i.test(type)) return /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim() || undefined
  return /^text\//i.test(type) || type === '' ? body.trim().slice(0, 1000) || undefined : undefined
}

/** The first text in the members that errors are told by: RFC 9457, and what frameworks write. */
function wordsIn(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value || undefined
  if (depth > 4 || typeof value !== 'object' || value === null) return undefined
  const found = Array.isArray(value) ? value.slice(0, 3) : wordMembers.map(name => (value as JsonObject)[name])
  return found.map(item => wordsIn(item, depth + 1)).find(words => words !== undefined)
}

const wordMembers = ['error_description', 'message', 'msg', 'detail', 'title', 'reason', 'error', 'errors', 'description', 'code']

/** The body of a form request, without the members that are undefined. */
export function formBody(members: Readonly<Record<string, string | undefined>>): string {
  const sent = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(sent).toString()
}
