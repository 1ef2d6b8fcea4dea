/** Carries JSON-RPC messages over Streamable HTTP, and their answers back, as JSON or as an event stream. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject, messageProblem, type JsonRpcMessage, type RequestId } from '../mcp/json-rpc.ts'
import { answerIsJsonRpc } from '../rules/client.ts'
import type { Authorizer } from './authorizer.ts'
import { parseEventStream, type EventStreamState } from './event-stream.ts'
import { isJsonType, readText, type HttpResponse, type OpenResponse } from './http.ts'
import type { Trace } from './trace.ts'

const accept = 'application/json, text/event-stream'

/** How often a stream that broke off is taken up again, and how long is waited where the server does not say. */
const maxReconnections = 5
const defaultRetry = 1_000

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
    const type = response.raw.headers.get('content-type') ?? ''
    const messages = /^text\/event-stream\b/i.test(type)
      ? this.stream(response, headers, 'id' in message ? message.id : undefined)
      : this.single(response, type)
    return { status: response.raw.status, headers: response.raw.headers, url: this.url, messages }
  }

  /** Ends a session (MCP 2025-11-25 basic/transports, Session Management). */
  async delete(headers: Readonly<Record<string, string>>): Promise<void> {
    await readAll(await this.authorizer.send({ method: 'DELETE', url: this.url, headers }), this.trace)
  }

  private async* single(response: OpenResponse, type: string): AsyncGenerator<JsonRpcMessage> {
    const { body, status } = await readAll(response, this.trace)
    if (body === '' || status === 202) return
    if (!isJsonType(type)) {
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
    let response = first
    for (let reconnections = 0; ; reconnections++) {
      for await (const message of this.read(response, state)) {
        yield message
        if (!('method' in message) && message.id === id) return
      }
      if (state.lastEventId === undefined || reconnections === maxReconnections) return
      await sleep(state.retry ?? defaultRetry)
      const resumption = { ...headers, accept: 'text/event-stream', 'last-event-id': state.lastEventId }
      response = await this.authorizer.send({ method: 'GET', url: this.url, headers: resumption })
      if (response.raw.status !== 200) {
        await readAll(response, this.trace)
        return
      }
    }
  }

  private async* read(response: OpenResponse, state: EventStreamState): AsyncGenerator<JsonRpcMessage> {
    const seen: string[] = []
    try {
      for await (const { data } of parseEventStream(readText(response.raw, this.url, this.trace), state)) {
        seen.push(`data: ${data}`)
        yield* this.parse(data)
      }
    } finally {
      response.finish(seen.join('\n'))
    }
  }

  private* parse(text: string): Generator<JsonRpcMessage> {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      value = undefined
    }
    for (const message of Array.isArray(value) ? value as unknown[] : [value]) {
      const problem = isErrorWithoutId(message) ? undefined : messageProblem(message)
      this.trace.check(answerIsJsonRpc, problem === undefined, `something that is not JSON-RPC: ${problem}`)
      yield message as JsonRpcMessage
    }
  }
}

/** An error of which the server could not read the id, as `null` where JSON-RPC asks for it. */
function isErrorWithoutId(message: unknown): boolean {
  return isJsonObject(message) && isJsonObject(message['error']) && message['id'] === null
}

async function readAll(response: OpenResponse, trace: Trace): Promise<HttpResponse> {
  let body = ''
  for await (const part of readText(response.raw, response.raw.url, trace)) body += part
  return response.finish(body)
}
