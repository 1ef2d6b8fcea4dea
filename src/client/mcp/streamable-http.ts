/** Streamable HTTP: posts JSON-RPC messages, and reads the messages that come back as JSON or as an event stream. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { checkRedirect, readAll, timeLimit, type OpenResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { isJsonType } from '../../base/http/message.ts'
import { messageProblem, type JsonRpcMessage, type RequestId } from '../../base/protocol/json-rpc.ts'
import { isJsonObject, parseJson } from '../../base/protocol/json.ts'
import { modernVersion } from '../../base/protocol/mcp.ts'
import type { Authorizer } from '../../core/client/authorizer.ts'
import { answerIsJsonRpc } from '../rules/mcp.ts'
import { parseEventStream, type EventStreamState } from './event-stream.ts'

const accept = 'application/json, text/event-stream'

/** How often the client resumes a stream, and how long it waits before that (in milliseconds) unless the server says. */
const maxReconnections = 5
const defaultRetry = 1_000

/** The deepest nesting of JSON. No honest schema or result gets near it, and neither does the call stack. */
const maxDepth = 100

export interface Delivery {
  readonly status: number
  readonly headers: Headers
  readonly url: string
  /** The messages of the response, as they arrive. */
  readonly messages: AsyncIterable<JsonRpcMessage>
}

export class StreamableHttp {
  readonly url: string
  private readonly authorizer: Authorizer
  private readonly trace: Trace

  constructor(url: string, authorizer: Authorizer) {
    this.url = url
    this.authorizer = authorizer
    this.trace = authorizer.trace
  }

  /** Sends one message. `headers` are those that the protocol version requires. */
  async post(message: JsonRpcMessage, headers: Readonly<Record<string, string>>): Promise<Delivery> {
    const response = await this.authorizer.send({
      method: 'POST',
      url: this.url,
      headers: { accept, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(message),
    })
    const messages = isEventStream(response)
      ? this.stream(response, headers, 'id' in message ? message.id : undefined)
      : this.single(response)
    return { status: response.status, headers: response.headers, url: this.url, messages }
  }

  /**
   * Opens the stream on which a legacy server sends its own requests and notifications. Returns undefined if the server
   * has none (MCP 2025-11-25 basic/transports, Listening for Messages from the Server).
   */
  async listen(
    headers: Readonly<Record<string, string>>, signal: AbortSignal,
  ): Promise<AsyncIterable<JsonRpcMessage> | undefined> {
    const request = { method: 'GET', url: this.url, headers: { ...headers, accept: 'text/event-stream' }, signal } as const
    const response = await this.authorizer.sendOnce(request)
    if (response.status === 200 && isEventStream(response)) {
      return this.read(response, { retry: undefined, lastEventId: undefined })
    }
    await readAll(response)
    return undefined
  }

  /**
   * Ends a session (MCP 2025-11-25 basic/transports, Session Management). A failure is only noted, because the work of
   * the session is done.
   */
  async delete(headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      await readAll(await this.authorizer.sendOnce({ method: 'DELETE', url: this.url, headers }))
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      this.trace.note(`the session could not be ended: ${error.message}`)
    }
  }

  private async* single(response: OpenResponse): AsyncGenerator<JsonRpcMessage> {
    const { body, status, headers } = await readAll(response)
    checkRedirect(response, this.trace)
    const type = headers.get('content-type') ?? ''
    if (body === '' || status === 202) return
    // A proxy, or a server that does not know the request, answers with an error that is not JSON-RPC. Its status matters.
    const isForeignError = status >= 400 && readMessages(body).problem !== undefined
    if (isForeignError || !isJsonType(type)) {
      this.trace.note(`${this.url} answered ${status} with ${type || 'no content type'}`)
      return
    }
    yield* this.parse(body)
  }

  /**
   * Reads a stream up to the response to the request `id`. A server of 2025-11-25 may close the connection earlier. The
   * client then resumes the stream after the time that the server asked for.
   */
  private async* stream(
    first: OpenResponse, headers: Readonly<Record<string, string>>, id: RequestId | undefined,
  ): AsyncGenerator<JsonRpcMessage> {
    const state: EventStreamState = { retry: undefined, lastEventId: undefined }
    const deadline = performance.now() + timeLimit
    // MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages: modern streams cannot be resumed.
    const isLegacy = headers['mcp-protocol-version'] !== modernVersion
    let response: OpenResponse | undefined = first
    for (let reconnections = 0; response; reconnections++) {
      try {
        for await (const message of this.read(response, state)) {
          yield message
          if (!('method' in message) && message.id === id) return
        }
      } catch (error) {
        const isResumable = isLegacy && state.lastEventId !== undefined
        if (!isResumable || !isConnectionLost(error)) throw error
      }
      if (!isLegacy || state.lastEventId === undefined || reconnections === maxReconnections) return
      response = await this.resume(headers, state.lastEventId, state.retry ?? defaultRetry, deadline)
    }
  }

  /** Returns undefined if the server does not resume the stream. */
  private async resume(
    headers: Readonly<Record<string, string>>, lastEventId: string, pause: number, deadline: number,
  ): Promise<OpenResponse | undefined> {
    if (performance.now() + pause > deadline) {
      throw new ClientError(`${this.url} gave no complete answer within ${timeLimit / 1000} s`, exitCodes.unreachable)
    }
    await sleep(pause)
    this.trace.budget.spendTime(pause)
    const resumption = { ...headers, accept: 'text/event-stream', 'last-event-id': lastEventId }
    const response = await this.authorizer.send({ method: 'GET', url: this.url, headers: resumption })
    if (response.status === 200) return response
    await readAll(response)
    return undefined
  }

  private async* read(response: OpenResponse, state: EventStreamState): AsyncGenerator<JsonRpcMessage> {
    const seen: string[] = []
    try {
      for await (const { data } of parseEventStream(response.text, state)) {
        seen.push(`data: ${data.replaceAll('\n', ' ')}`)
        yield* this.parse(data)
      }
    } finally {
      response.finish(seen.join('\n'))
    }
  }

  private parse(text: string): readonly JsonRpcMessage[] {
    const { messages, problem } = readMessages(text)
    this.trace.check(answerIsJsonRpc, problem === undefined, `something that is not JSON-RPC: ${problem}`)
    return messages
  }
}

/** Parses one message, or a batch of them (MCP 2025-03-26), and says what is wrong with the text. */
function readMessages(text: string): { messages: readonly JsonRpcMessage[]; problem: string | undefined } {
  const parsed = parseJson(text, maxDepth)
  if ('problem' in parsed) return { messages: [], problem: parsed.problem }
  const messages = Array.isArray(parsed.value) ? parsed.value as unknown[] : [parsed.value]
  const problems = messages.map(message => isErrorWithoutId(message) ? undefined : messageProblem(message))
  return { messages: messages as JsonRpcMessage[], problem: problems.find(problem => problem !== undefined) }
}

/** JSON-RPC 2.0 section 5: the id is null if the server could not read it from the request. */
function isErrorWithoutId(message: unknown): boolean {
  return isJsonObject(message) && isJsonObject(message['error']) && message['id'] === null
}

function isConnectionLost(error: unknown): boolean {
  return error instanceof ClientError && error.exitCode === exitCodes.unreachable
}

function isEventStream({ headers }: OpenResponse): boolean {
  return /^text\/event-stream\s*(?:;[^,]*)?$/i.test(headers.get('content-type') ?? '')
}
