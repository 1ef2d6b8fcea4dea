/**
 * JSON-RPC 2.0 as MCP uses it (MCP 2026-07-28 basic, Messages): requests with a string or integer id, notifications,
 * responses, and the error codes.
 */
import { isJsonObject, presentMembers, type JsonObject } from './json.ts'

export const jsonRpcErrors = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  missingRequiredClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
} as const

export type JsonRpcErrorCode = (typeof jsonRpcErrors)[keyof typeof jsonRpcErrors]

export type RequestId = string | number

export interface JsonRpcRequest {
  readonly jsonrpc: '2.0'
  readonly id: RequestId
  readonly method: string
  readonly params?: JsonObject
}

interface JsonRpcNotification {
  readonly jsonrpc: '2.0'
  readonly method: string
  readonly params?: JsonObject
}

export interface JsonRpcResponse {
  readonly jsonrpc: '2.0'
  readonly id?: RequestId
  readonly result?: JsonObject
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export type JsonRpcMessage = JsonRpcRequest | JsonRpcNotification | JsonRpcResponse

/** An error that becomes a JSON-RPC error response with the HTTP status `status`. */
export class JsonRpcError extends Error {
  readonly code: number
  readonly status: number
  readonly data: unknown

  constructor(code: number, message: string, options: { status?: number; data?: unknown } = {}) {
    super(message)
    this.name = 'JsonRpcError'
    this.code = code
    this.status = options.status ?? 400
    this.data = options.data
  }
}

export function isRequest(message: JsonRpcMessage): message is JsonRpcRequest {
  return 'method' in message && 'id' in message
}

/**
 * A message without the members that say nothing, in `params` and its `_meta` as well. A null id stays, because it makes a
 * request invalid (MCP 2026-07-28 basic, Requests). Some libraries write one into notifications, which have no id.
 */
export function presentMessage(value: unknown): unknown {
  if (!isJsonObject(value)) return value
  const message = presentMembers(value)
  const { method, params } = message
  const hasId = 'id' in value && !(value['id'] === null && String(method).startsWith('notifications/'))
  return {
    ...message,
    ...(hasId ? { id: value['id'] } : {}),
    ...(isJsonObject(params) ? { params: presentParams(params) } : {}),
  }
}

function presentParams(params: JsonObject): JsonObject {
  const { _meta } = params
  return presentMembers(isJsonObject(_meta) ? { ...params, _meta: presentMembers(_meta) } : params)
}

/** Why `value` is not a valid JSON-RPC message, or undefined if it is. */
export function messageProblem(value: unknown): string | undefined {
  if (!isJsonObject(value)) return 'a message must be a JSON object'
  if (value['jsonrpc'] !== '2.0') return 'jsonrpc must be "2.0"'
  if ('id' in value && !isRequestId(value['id'])) return 'id must be a string or an integer'
  if ('method' in value) {
    if (typeof value['method'] !== 'string') return 'method must be a string'
    if ('params' in value && !isJsonObject(value['params'])) return 'params must be an object'
    if ('result' in value || 'error' in value) return 'a message with a method must not have a result or an error'
    return undefined
  }
  if (!('result' in value) && !('error' in value)) return 'method is missing'
  return 'id' in value || 'error' in value ? undefined : 'a result must have an id'
}

export function resultResponse(id: RequestId, result: JsonObject): JsonRpcResponse {
  return { jsonrpc: '2.0', id, result }
}

/** Without `id`, if the request was too malformed to have one. */
export function errorResponse(id: RequestId | undefined, error: JsonRpcError): JsonRpcResponse {
  const { code, message, data } = error
  return {
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    error: { code, message, ...(data === undefined ? {} : { data }) },
  }
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value)
}
