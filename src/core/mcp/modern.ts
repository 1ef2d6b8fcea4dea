/** Answers one message of the modern era (MCP 2026-07-28): stateless, with headers that repeat parts of the body. */
import { empty, type Reply, type Request } from '../../base/http/message.ts'
import { decodeHeaderValue, headerText } from '../../base/protocol/header-value.ts'
import { isRequest, resultResponse, type JsonRpcMessage, type JsonRpcRequest } from '../../base/protocol/json-rpc.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { legacyVersions, metaKeys, modernVersion, supportedVersions } from '../../base/protocol/mcp.ts'
import type { Context, Method } from '../context/context.ts'
import type { AccessToken } from '../context/tokens.ts'
import {
  headersMatchBody, headerValueIsWellFormed, messageIsJsonRpc, methodIsImplemented, protocolVersionIsSupported,
  requestMetadataIsSent, requiredHeaderIsSent,
} from '../rules/mcp.ts'
import { checkScope } from './bearer.ts'
import { serverInfo } from './methods.ts'
import { progressReply } from './reply.ts'

/** How long clients may cache a list, in milliseconds. The tools do not change while the server runs. */
const ttlMs = 300_000

/** Whether the message or the header names a protocol version outside the legacy era. */
export function isModern(message: JsonRpcMessage, request: Request): boolean {
  return [metaOf(message)?.[metaKeys.protocolVersion], request.headers['mcp-protocol-version']]
    .some(version => version !== undefined && !legacyVersions.includes(version as string))
}

export async function answerModern(
  message: JsonRpcMessage, request: Request, token: AccessToken, context: Context,
): Promise<Reply> {
  context.check(messageIsJsonRpc, 'method' in message, 'clients send no responses')
  if (!isRequest(message)) {
    checkVersion(request, context)
    return empty(202)
  }
  const clientCapabilities = checkMetadata(message, request, context)
  const { id, method: name, params = {} } = message
  const sent = request.headers['mcp-method']
  context.check(requiredHeaderIsSent, sent !== undefined, undefined, 'Mcp-Method')
  context.check(headersMatchBody, sent === name, `Mcp-Method is ${String(sent)}`, name)
  const method = context.methods.get(name)
  context.check(methodIsImplemented, method !== undefined && method.eras.includes('modern'), name)
  checkScope(token, method.scopes, context)
  if (method.stream) return method.stream(id, params, token, request.signal, context)
  checkMirroredHeaders(method, params, request, context)
  return progressReply(message, async progress => {
    const result = await method.run!({ params, token, clientCapabilities, progress, request }, context)
    return resultResponse(id, completeResult(result, method, context))
  }, request, context)
}

/** Checks version and capabilities (MCP 2026-07-28 basic, _meta) and returns the capabilities. */
function checkMetadata(message: JsonRpcRequest, request: Request, context: Context): JsonObject {
  const header = request.headers['mcp-protocol-version']
  const meta = metaOf(message)
  const version = meta?.[metaKeys.protocolVersion]
  context.check(requiredHeaderIsSent, header !== undefined, undefined, 'MCP-Protocol-Version')
  if (version !== undefined) {
    context.check(headersMatchBody, header === version, `MCP-Protocol-Version is ${String(header)}`, version)
  }
  checkVersion(request, context)
  context.check(requestMetadataIsSent, version !== undefined, undefined, metaKeys.protocolVersion)
  const clientCapabilities = meta?.[metaKeys.clientCapabilities]
  context.check(requestMetadataIsSent, isJsonObject(clientCapabilities), undefined, metaKeys.clientCapabilities)
  return clientCapabilities
}

function checkVersion({ headers }: Request, context: Context): void {
  const version = headers['mcp-protocol-version']
  context.check(protocolVersionIsSupported, version === modernVersion, version, supportedVersions)
}

/** Checks the headers that repeat parts of the body: Mcp-Name, and an Mcp-Param-* for each mirrored parameter. */
function checkMirroredHeaders(method: Method, params: JsonObject, request: Request, context: Context): void {
  if (!method.mirrored) return
  checkHeader('Mcp-Name', params['name'], request, context)
  for (const [header, value] of method.mirrored(params, context)) checkHeader(header, value, request, context)
}

/** Checks one header, whose value may be encoded, against a value of the body. */
function checkHeader(name: string, value: unknown, request: Request, context: Context): void {
  const header = request.headers[name.toLowerCase()]
  const text = headerText(value)
  if (text === undefined && header === undefined) return
  context.check(requiredHeaderIsSent, typeof header === 'string', undefined, name)
  const decoded = decodeHeaderValue(header)
  context.check(headerValueIsWellFormed, decoded !== undefined, name)
  const isSameNumber = typeof value === 'number' && decoded.trim() !== '' && Number(decoded) === value
  context.check(headersMatchBody, decoded === text || isSameNumber, `${name} is ${decoded}`, text ?? 'nothing')
}

function completeResult(result: JsonObject, method: Method, { config }: Context): JsonObject {
  return {
    resultType: 'complete',
    ...result,
    ...(method.cacheable ? { ttlMs, cacheScope: 'public' } : {}),
    _meta: { [metaKeys.serverInfo]: serverInfo(config) },
  }
}

function metaOf(message: JsonRpcMessage): JsonObject | undefined {
  const params = 'params' in message ? message.params : undefined
  const meta = params?.['_meta']
  return isJsonObject(meta) ? meta : undefined
}
