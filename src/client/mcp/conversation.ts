/**
 * Requests and their responses: the metadata that each era wants with a request, the requests that a server makes in
 * return, and results that come in several rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { encodeHeaderValue } from '../../base/protocol/header-value.ts'
import {
  errorResponse, isRequest, JsonRpcError, jsonRpcErrors, resultResponse,
  type JsonRpcMessage, type JsonRpcRequest, type JsonRpcResponse,
} from '../../base/protocol/json-rpc.ts'
import { metaKeys, modernVersion } from '../../base/protocol/mcp.ts'
import { answerIsJsonRpc, resultTypeIsKnown } from '../../core/rules/client.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import type { Delivery, StreamableHttp } from './streamable-http.ts'
import type { Trace } from '../../core/client/wire/trace.ts'

/** Answers a request of the server, such as `elicitation/create`. */
type RequestHandler = (params: JsonObject) => JsonObject | Promise<JsonObject>

export interface ClientDescription {
  readonly clientInfo: JsonObject
  /** What the client can do when the server asks; `handlers` does it, by method. */
  readonly capabilities: JsonObject
  readonly handlers: Readonly<Record<string, RequestHandler>>
}

export interface Exchange {
  readonly response: JsonRpcResponse | undefined
  readonly delivery: Delivery
}

/** MCP 2025-11-25 basic/transports, Session Management: a 404 is how a server says that the session has ended. */
export class SessionEnded extends ClientError {
  constructor() {
    super('the MCP server has ended the session', exitCodes.refused)
  }
}

/** How long the stream for what the server asks on its own is waited for, in milliseconds; it may open later all the same. */
const openingTime = 2_000

/** How often a server may ask for further input before it gives its result. */
const maxRounds = 10

export class Conversation {
  /** The protocol version that is spoken; undefined until it is known. */
  version: string | undefined
  /** The session of the legacy era, where the server began one. */
  sessionId: string | undefined
  private readonly http: StreamableHttp
  private readonly trace: Trace
  private readonly client: ClientDescription
  private readonly ending = new AbortController()
  private nextId = 1

  constructor(http: StreamableHttp, client: ClientDescription, trace: Trace) {
    this.http = http
    this.client = client
    this.trace = trace
  }

  /** Sends a request and returns its result; an error response is thrown as `JsonRpcError`. */
  async request(method: string, params: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    let result = this.resultOf(await this.exchange(method, params, headers))
    // MCP 2026-07-28 basic/patterns/mrtr: the state is returned as it came, and with the retry of this request alone.
    for (let round = 0; round < maxRounds; round++) {
      const { resultType = 'complete', inputRequests, requestState } = result
      if (resultType === 'complete') return result
      this.trace.check(resultTypeIsKnown, resultType === 'input_required', resultType)
      const inputResponses = await this.gatherInput(inputRequests)
      result = this.resultOf(await this.exchange(method, {
        ...params,
        ...(inputResponses === undefined ? {} : { inputResponses }),
        ...(requestState === undefined ? {} : { requestState }),
      }, headers))
    }
    throw new ClientError(`the server still asks for input after ${maxRounds} rounds`, exitCodes.refused)
  }

  /** One request and its response, whatever it says; requests of the server that come before it are answered. */
  async exchange(method: string, params: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<Exchange> {
    const id = this.nextId++
    const message: JsonRpcRequest = { jsonrpc: '2.0', id, method, params: this.withMetadata(params) }
    const delivery = await this.http.post(message, { ...this.headers(method, params), ...headers })
    let response: JsonRpcResponse | undefined
    for await (const received of delivery.messages) {
      // MCP 2026-07-28 basic/transports/streamable-http, Sending Messages: a modern client sends no responses.
      if (isRequest(received) && this.version !== modernVersion) await this.post(await this.handle(received))
      else if (!('method' in received) && (received.id ?? id) === id) response = received
    }
    return { response, delivery }
  }

  async notify(method: string): Promise<void> {
    await this.post({ jsonrpc: '2.0', method })
  }

  /** Hears and answers what a server of the legacy era asks on its own, as long as the conversation lasts. */
  async listen(): Promise<void> {
    const opened = this.http.listen(this.headers(), this.ending.signal)
    const ended = opened.then(messages => messages && this.answerAll(messages))
    ended.catch((error: unknown) => {
      if (!this.ending.signal.aborted) this.trace.note(`the server is not listened to: ${(error as Error).message}`)
    })
    // What a server sends before the stream is open would be lost.
    await Promise.race([opened.catch(() => {}), sleep(openingTime, undefined, { ref: false })])
  }

  /** Ends the session, where there is one. */
  async end(): Promise<void> {
    this.ending.abort()
    if (this.sessionId === undefined) return
    await this.http.delete(this.headers())
    this.sessionId = undefined
  }

  resultOf({ response, delivery: { status, url } }: Exchange): JsonObject {
    if (status === 404 && this.sessionId !== undefined) throw new SessionEnded()
    if (response?.error) {
      const { code, message, data } = response.error
      const isComplete = Number.isInteger(code) && typeof message === 'string'
      this.trace.check(answerIsJsonRpc, isComplete, `an error without code or message at ${url}`)
      throw new JsonRpcError(code, message, { status, data })
    }
    const problem = `HTTP ${status} without a JSON-RPC response at ${url}`
    this.trace.check(answerIsJsonRpc, isJsonObject(response?.result), status === 403 ? forbidden(problem) : problem)
    return response.result
  }

  /** Sends a message that has no response. */
  private async post(message: JsonRpcMessage): Promise<void> {
    const { messages } = await this.http.post(message, this.headers())
    for await (const _message of messages) { /* Whatever comes answers nothing. */ }
  }

  private async answerAll(messages: AsyncIterable<JsonRpcMessage>): Promise<void> {
    for await (const received of messages) {
      if (isRequest(received)) await this.post(await this.handle(received))
    }
  }

  private async handle({ id, method, params = {} }: JsonRpcRequest): Promise<JsonRpcMessage> {
    if (method === 'ping') return resultResponse(id, {})
    const handler = this.handlerOf(method)
    if (!handler) return errorResponse(id, new JsonRpcError(jsonRpcErrors.methodNotFound, `Method not found: ${method}`))
    return resultResponse(id, await handler(params))
  }

  private async gatherInput(inputRequests: unknown): Promise<JsonObject | undefined> {
    if (!isJsonObject(inputRequests)) return undefined
    const responses: [string, JsonObject][] = []
    for (const [key, request] of Object.entries(inputRequests)) {
      const { method, params = {} } = isJsonObject(request) ? request : {}
      const handler = this.handlerOf(method)
      if (!handler || !isJsonObject(params)) {
        throw new ClientError(`the server asks for ${String(method)}, which this client cannot answer`, exitCodes.refused)
      }
      responses.push([key, await handler(params)])
    }
    return Object.fromEntries(responses)
  }

  /** The server chooses the name: what every object has, such as `toString`, is no handler. */
  private handlerOf(method: unknown): RequestHandler | undefined {
    const { handlers } = this.client
    return typeof method === 'string' && Object.hasOwn(handlers, method) ? handlers[method] : undefined
  }

  /** A modern request names version, client and capabilities itself (MCP 2026-07-28 basic, _meta). */
  private withMetadata(params: JsonObject): JsonObject {
    if (this.version !== modernVersion) return params
    const { clientInfo, capabilities } = this.client
    const own = isJsonObject(params['_meta']) ? params['_meta'] : {}
    return {
      ...params,
      _meta: {
        ...own,
        [metaKeys.protocolVersion]: modernVersion,
        [metaKeys.clientInfo]: clientInfo,
        [metaKeys.clientCapabilities]: capabilities,
      },
    }
  }

  /** What each era wants in the headers (MCP 2026-07-28 and MCP 2025-11-25 basic/transports). */
  private headers(method?: string, params: JsonObject = {}): Record<string, string> {
    if (this.version !== modernVersion) {
      return {
        ...(this.version === undefined ? {} : { 'mcp-protocol-version': this.version }),
        ...(this.sessionId === undefined ? {} : { 'mcp-session-id': this.sessionId }),
      }
    }
    const target = method === 'resources/read' ? params['uri'] : params['name']
    return {
      'mcp-protocol-version': modernVersion,
      ...(method === undefined ? {} : { 'mcp-method': method }),
      ...(typeof target === 'string' ? { 'mcp-name': encodeHeaderValue(target) } : {}),
    }
  }
}

/** A 403 that asks for no scope, which the client cannot answer by an authorization. */
function forbidden(problem: string): ClientError {
  return new ClientError(`the MCP server answered ${problem}`, exitCodes.untrusted, {
    rule: answerIsJsonRpc,
    remedy: 'A server that wants a token answers 401 with WWW-Authenticate (RFC 9728 section 5.1), and one that wants more scope '
      + '403 with error="insufficient_scope": any other 403 starts no authorization. Or the URL is not that of the MCP endpoint.',
  })
}
