/**
 * Sends requests and gets their results. It adds the metadata that each era requires, answers the requests that the server
 * sends meanwhile, and provides the input that a server asks for before it completes a result.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { Trace } from '../../base/client/trace.ts'
import { encodeHeaderValue } from '../../base/protocol/header-value.ts'
import {
  errorResponse, isRequest, JsonRpcError, jsonRpcErrors, resultResponse,
  type JsonRpcMessage, type JsonRpcRequest, type JsonRpcResponse, type RequestId,
} from '../../base/protocol/json-rpc.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { metaKeys, modernVersion } from '../../base/protocol/mcp.ts'
import { answerIsJsonRpc, resultTypeIsKnown } from '../rules/mcp.ts'
import type { Delivery, StreamableHttp } from './streamable-http.ts'

/** Answers a request of the server, such as `elicitation/create`. */
type RequestHandler = (params: JsonObject) => JsonObject | Promise<JsonObject>

export interface ClientDescription {
  readonly clientInfo: JsonObject
  /** What the server may ask the client for. `handlers` has a function for each method. */
  readonly capabilities: JsonObject
  readonly handlers: Readonly<Record<string, RequestHandler>>
}

export interface Exchange {
  readonly response: JsonRpcResponse | undefined
  readonly delivery: Delivery
}

/** MCP 2025-11-25 basic/transports, Session Management: the server answers 404 when the session has ended. */
export class SessionEnded extends ClientError {
  constructor() {
    super('the MCP server has ended the session', exitCodes.refused, { remedy: 'Run the command again.' })
  }
}

/** How long `listen` waits for the stream to open, in milliseconds. The stream may still open later. */
const openTimeout = 2_000

/** How often a server may ask for input before it completes one result. */
const maxRounds = 10

export class Conversation {
  /** The negotiated protocol version, or undefined before the negotiation. */
  version: string | undefined
  /** The session, if a legacy server has started one. */
  sessionId: string | undefined
  private readonly http: StreamableHttp
  private readonly trace: Trace
  private readonly client: ClientDescription
  private readonly closing = new AbortController()
  private nextId = 1

  constructor(http: StreamableHttp, client: ClientDescription, trace: Trace) {
    this.http = http
    this.client = client
    this.trace = trace
  }

  /** Sends a request and returns its result. Throws an error response as a `JsonRpcError`. */
  async request(method: string, params: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    let result = this.resultOf(await this.exchange(method, params, headers))
    // MCP 2026-07-28 basic/patterns/mrtr: the retry returns requestState unchanged. No other request carries it.
    for (let round = 0; round < maxRounds; round++) {
      const { resultType = 'complete', inputRequests, requestState } = result
      if (resultType === 'complete') return result
      this.trace.check(resultTypeIsKnown, resultType === 'input_required', resultType)
      const inputResponses = await this.gatherInput(inputRequests)
      result = this.resultOf(await this.exchange(method, { ...params, inputResponses, requestState }, headers))
    }
    throw new ClientError(`the server still asks for input after ${maxRounds} rounds`, exitCodes.refused, {
      remedy: 'Run the command with --trace to see what it asks for.',
    })
  }

  /** Sends a request and returns its response, even an error. Answers what a legacy server asks in the meantime. */
  async exchange(method: string, params: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<Exchange> {
    const id = this.nextId++
    const message: JsonRpcRequest = { jsonrpc: '2.0', id, method, params: this.withMetadata(params) }
    const delivery = await this.http.post(message, { ...this.headers(method, params), ...headers })
    let response: JsonRpcResponse | undefined
    for await (const received of delivery.messages) {
      if (isRequest(received)) {
        // MCP 2026-07-28 basic/transports/streamable-http, Sending Messages: a modern client sends no responses.
        if (this.version !== modernVersion) await this.post(await this.handle(received))
      } else if (isResponseTo(id, received)) {
        response = received
      }
    }
    return { response, delivery }
  }

  async notify(method: string): Promise<void> {
    await this.post({ jsonrpc: '2.0', method })
  }

  /** Answers the requests that a legacy server sends on its own stream, until the conversation ends. */
  async listen(): Promise<void> {
    const opened = this.http.listen(this.headers(), this.closing.signal)
    const ended = opened.then(messages => messages && this.answerAll(messages))
    ended.catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.trace.note(`the server's own stream failed: ${(error as Error).message}`)
    })
    // What the server sends before the stream is open would be lost.
    await Promise.race([opened.catch(() => {}), sleep(openTimeout, undefined, { ref: false })])
  }

  /** Ends the session, if there is one. */
  async end(): Promise<void> {
    this.closing.abort()
    if (this.sessionId === undefined) return
    await this.http.delete(this.headers())
    this.sessionId = undefined
  }

  resultOf({ response, delivery: { status, headers, url } }: Exchange): JsonObject {
    if (status === 404 && this.sessionId !== undefined) throw new SessionEnded()
    if (response?.error) {
      const { code, message, data } = response.error
      const isComplete = Number.isInteger(code) && typeof message === 'string'
      this.trace.check(answerIsJsonRpc, isComplete, `an error without code or message at ${url}`)
      throw new JsonRpcError(code, message, { status, data })
    }
    const type = headers.get('content-type')
    const problem = `HTTP ${status}${type === null ? '' : ` (${type})`} without a JSON-RPC response at ${url}`
    this.trace.check(answerIsJsonRpc, isJsonObject(response?.result), status === 403 ? forbidden(problem) : problem)
    return response.result
  }

  /** Sends a message that gets no response. */
  private async post(message: JsonRpcMessage): Promise<void> {
    const { messages } = await this.http.post(message, this.headers())
    for await (const _message of messages) { /* Read to the end and ignored: nothing answers this message. */ }
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
        throw new ClientError(`the server asks for ${String(method)}, which this client cannot answer`, exitCodes.refused, {
          remedy: 'Forms can be answered if the command runs in a terminal. Nothing else is supported.',
        })
      }
      responses.push([key, await handler(params)])
    }
    return Object.fromEntries(responses)
  }

  /** The server chooses the name, so inherited members such as `toString` must not count as handlers. */
  private handlerOf(method: unknown): RequestHandler | undefined {
    const { handlers } = this.client
    return typeof method === 'string' && Object.hasOwn(handlers, method) ? handlers[method] : undefined
  }

  /** Every modern request carries version, client and capabilities (MCP 2026-07-28 basic, _meta). */
  private withMetadata(params: JsonObject): JsonObject {
    if (this.version !== modernVersion) return params
    const { clientInfo, capabilities } = this.client
    const own = isJsonObject(params['_meta']) ? params['_meta'] : {}
    const meta = {
      [metaKeys.protocolVersion]: modernVersion, [metaKeys.clientInfo]: clientInfo, [metaKeys.clientCapabilities]: capabilities,
    }
    return { ...params, _meta: { ...own, ...meta } }
  }

  /** The headers of each era (MCP 2026-07-28 and MCP 2025-11-25 basic/transports). */
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

/** A response has the id of its request, or none if the server could not read it. */
function isResponseTo(id: RequestId, message: JsonRpcMessage): message is JsonRpcResponse {
  return !('method' in message) && (message.id ?? id) === id
}

/** A 403 that names no missing scope. An authorization would not help. */
function forbidden(problem: string): ClientError {
  return new ClientError(`the MCP server answered ${problem}`, exitCodes.untrusted, {
    rule: answerIsJsonRpc,
    remedy: 'Check that the URL is that of the MCP endpoint. A server that wants a token must answer 401 with WWW-Authenticate '
      + '(RFC 9728 section 5.1), and one that wants more scope must answer 403 with error="insufficient_scope".',
  })
}
