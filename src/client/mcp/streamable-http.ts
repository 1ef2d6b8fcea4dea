/** Carries JSON-RPC messages over Streamable HTTP, and their answers back, as JSON or as an event stream. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject, parseJson } from '../../base/protocol/json.ts'
import { isJsonType } from '../../base/http/message.ts'
import { messageProblem, type JsonRpcMessage, type RequestId } from '../../base/protocol/json-rpc.ts'
import { modernVersion } from '../../base/protocol/mcp.ts'
import { answerIsJsonRpc } from '../../core/rules/client.ts'
import type { Authorizer } from '../../core/client/authorizer.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { parseEventStream, type EventStreamState } from './event-stream.ts'
import { readAll, timeLimit, type OpenResponse } from '../../core/client/wire/http.ts'
import type { Trace } from '../../core/client/wire/trace.ts'

const accept = 'application/json, text/event-stream'

/** How often a stream that broke off is taken up again, and how long is waited where the server does not say. */
const maxReconnections = 5
const defaultRetry = 1_000

/** Deeper than any schema or result that is meant to be read, and far from where a stack ends. */
const maxDepth = 100

export interface Delivery {
  readonly status: number
  readonly headers: Headers
  readonly url: string
  /** The messages of the answer, as they arrive. */
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

  /** Sends one message. `headers` are those that the protocol version asks for. */
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
   * Opens the stream on which a server of the legacy era sends what answers no request
   * (MCP 2025-11-25 basic/transports, Listening for Messages from the Server); undefined where it has none.
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
   * Ends a session (MCP 2025-11-25 basic/transports, Session Management). The server may refuse, and what was done in
   * the session is done all the same: no answer is an error.
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
    const type = headers.get('content-type') ?? ''
    if (body === '' || status === 202) return
    // An error that is no JSON-RPC comes from a proxy, or from a server that does not know the request: its status counts.
    if (!isJsonType(type) || (status >= 400 && readMessages(body).problem !== undefined)) {
      this.trace.note(`${this.url} answered ${status} with ${type || 'no content type'}`)
      return
    }
    yield* this.parse(body)
  }

  /**
   * Reads a stream to the answer of the request `id`. A server of 2025-11-25 may end the connection before that and
   * leave the client to take the stream up again where it broke off, after the time that it named.
   */
  private async* stream(
    first: OpenResponse, headers: Readonly<Record<string, string>>, id: RequestId | undefined,
  ): AsyncGenerator<JsonRpcMessage> {
    const state: EventStreamState = { retry: undefined, lastEventId: undefined }
    // MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages: there a stream cannot be taken up again.
    const isResumable = headers['mcp-protocol-version'] !== modernVersion
    const deadline = performance.now() + timeLimit
    let response = first
    for (let reconnections = 0; ; reconnections++) {
      try {
        for await (const message of this.read(response, state)) {
          yield message
          if (!('method' in message) && message.id === id) return
        }
      } catch (error) {
        // A connection that broke off is taken up again as one that was closed is.
        const brokeOff = error instanceof ClientError && error.exitCode === exitCodes.unreachable
        if (!brokeOff || !isResumable || state.lastEventId === undefined) throw error
      }
      if (!isResumable || state.lastEventId === undefined || reconnections === maxReconnections) return
      const pause = state.retry ?? defaultRetry
      if (performance.now() + pause > deadline) {
        throw new ClientError(`${this.url} gave no complete answer within ${timeLimit / 1000} s`, exitCodes.unreachable)
      }
      await sleep(pause)
      this.trace.budget.spendTime(pause)
      const resumption = { ...headers, accept: 'text/event-stream', 'last-event-id': state.lastEventId }
      response = await this.authorizer.send({ method: 'GET', url: this.url, headers: resumption })
      if (response.status !== 200) {
        await readAll(response)
        return
      }
    }
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

/** The message in a text, or the messages of a batch, as MCP 2025-03-26 has them, and what is wrong with them. */
function readMessages(text: string): { messages: readonly JsonRpcMessage[]; problem: string | undefined } {
  const parsed = parseJson(text, maxDepth)
  if ('problem' in parsed) return { messages: [], problem: parsed.problem }
  const messages = Array.isArray(parsed.value) ? parsed.value as unknown[] : [parsed.value]
  const problems = messages.map(message => isErrorWithoutId(message) ? undefined : messageProblem(message))
  return { messages: messages as JsonRpcMessage[], problem: problems.find(problem => problem !== undefined) }
}

/** An error of which the server could not read the id, as `null` where JSON-RPC asks for it. */
function isErrorWithoutId(message: unknown): boolean {
  return isJsonObject(message) && isJsonObject(message['error']) && message['id'] === null
}

function isEventStream({ headers }: OpenResponse): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
}
