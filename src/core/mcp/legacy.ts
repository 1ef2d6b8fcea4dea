/**
 * Answers messages of the legacy era (MCP 2025-03-26, 2025-06-18 and 2025-11-25), which has `initialize`, sessions and, in
 * its oldest revision, batches. Sessions are optional: only the access token authorizes a request.
 */
import { empty, type Reply, type Request } from '../../base/http/message.ts'
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import {
  errorResponse, isRequest, JsonRpcError, resultResponse, type JsonRpcMessage, type JsonRpcRequest, type JsonRpcResponse,
} from '../../base/protocol/json-rpc.ts'
import { assumedVersion } from '../../base/protocol/mcp.ts'
import { unionOfScopes } from '../../base/protocol/scope.ts'
import type { Session } from '../../base/store/records.ts'
import type { Context, Progress } from '../context/context.ts'
import type { AccessToken } from '../context/tokens.ts'
import { batchIsAllowed, methodIsImplemented, sessionIdIsSent, sessionIsKnown } from '../rules/mcp.ts'
import { checkScope } from './bearer.ts'
import { ignoreProgress } from './progress.ts'
import { messageReply, progressReply } from './reply.ts'

const maxBatch = 50

/** `token` is undefined only on `/mcp/initialize`. There is no session then. */
export async function answerLegacy(
  messages: readonly JsonRpcMessage[], isBatch: boolean, request: Request, token: AccessToken | undefined, context: Context,
): Promise<Reply> {
  const session = await findSession(request, token, context)
  if (isBatch) checkBatch(messages, versionOf(request) ?? session?.protocolVersion ?? assumedVersion, context)
  const requests = messages.filter(isRequest)
  // A batch needs the scopes of all its messages: it runs as a whole or not at all.
  const needed = unionOfScopes(...requests.map(({ method }) => context.methods.get(method)?.scopes ?? []))
  if (token) checkScope(token, needed, context)
  // Notifications and responses get no answer, and this server waits for none.
  if (requests.length === 0) return empty(202)
  if (isBatch) return answerBatch(requests, request, token, context)
  const [message] = requests
  if (message!.method === 'initialize') return initialize(message!, request, token, context)
  return progressReply(message!, progress => answer(message!, token, progress, context), request, context)
}

/** MCP 2025-11-25 basic/transports, Session Management, point 5. */
export async function endSession(request: Request, token: AccessToken, context: Context): Promise<Reply> {
  const session = await findSession(request, token, context)
  context.check(sessionIdIsSent, session !== undefined)
  await context.store.removeSession(session.session_hash)
  return empty(204)
}

async function answerBatch(
  requests: readonly JsonRpcRequest[], request: Request, token: AccessToken | undefined, context: Context,
): Promise<Reply> {
  const responses: JsonRpcResponse[] = []
  for (const message of requests) responses.push(await answer(message, token, ignoreProgress, context))
  return messageReply(200, responses, request)
}

async function initialize(
  message: JsonRpcRequest, request: Request, token: AccessToken | undefined, context: Context,
): Promise<Reply> {
  const response = await answer(message, token, ignoreProgress, context)
  const reply = messageReply(200, response, request)
  return { ...reply, headers: { ...reply.headers, ...await startSession(response, token, context) } }
}

async function answer(
  message: JsonRpcRequest, token: AccessToken | undefined, progress: Progress, context: Context,
): Promise<JsonRpcResponse> {
  const { id, params = {} } = message
  try {
    const method = context.methods.get(message.method)
    context.check(methodIsImplemented, method !== undefined && method.eras.includes('legacy'), message.method)
    const call = { params, token, clientCapabilities: undefined, progress, request: undefined }
    return resultResponse(id, await method.run!(call, context))
  } catch (error) {
    if (error instanceof JsonRpcError) return errorResponse(id, error)
    throw error
  }
}

/** MCP 2025-03-26 basic/transports has batches. MCP 2025-06-18 removed them. */
function checkBatch(messages: readonly JsonRpcMessage[], version: string, context: Context): void {
  context.check(batchIsAllowed, version === '2025-03-26', `revision ${version} has no batches`)
  const fits = messages.length > 0 && messages.length <= maxBatch
  context.check(batchIsAllowed, fits, `a batch holds 1 to ${maxBatch} messages`)
  const hasInitialize = messages.some(message => 'method' in message && message.method === 'initialize')
  context.check(batchIsAllowed, !hasInitialize, 'initialize must not be part of a batch')
}

function versionOf({ headers }: Request): string | undefined {
  const version = headers['mcp-protocol-version']
  return typeof version === 'string' ? version : undefined
}

async function findSession(
  request: Request, token: AccessToken | undefined, context: Context,
): Promise<Session | undefined> {
  const id = request.headers['mcp-session-id']
  if (typeof id !== 'string' || !token) return undefined
  const session = await context.store.findSession(sha256(id))
  const isOwn = session !== undefined && session.sub === token.sub && session.client_id === token.client_id
  context.check(sessionIsKnown, isOwn)
  return session
}

async function startSession(
  { result }: JsonRpcResponse, token: AccessToken | undefined, context: Context,
): Promise<Record<string, string>> {
  const protocolVersion = result?.['protocolVersion']
  if (!token || typeof protocolVersion !== 'string') return {}
  const id = randomToken()
  const { sub, client_id } = token
  await context.store.addSession({ session_hash: sha256(id), sub, client_id, protocolVersion })
  return { 'mcp-session-id': id }
}
