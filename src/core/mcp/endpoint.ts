/**
 * The MCP endpoint: Streamable HTTP of every revision from 2025-03-26 to 2026-07-28 on one path, and direct paths for single
 * methods. The access token is checked first, whatever the HTTP method.
 */
import { mediaType, type Reply, type Request } from '../../base/http/message.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import { errorResponse, messageProblem, presentMessage, type JsonRpcMessage, type RequestId } from '../../base/protocol/json-rpc.ts'
import { isJsonObject, parseJson } from '../../base/protocol/json.ts'
import { bodyIsJson, methodIsAllowed } from '../../base/rules/http.ts'
import type { Context, Handler } from '../context/context.ts'
import type { AccessToken } from '../context/tokens.ts'
import { batchIsAllowed, messageIsJson, messageIsJsonRpc, methodFitsPath } from '../rules/mcp.ts'
import { authenticate } from './bearer.ts'
import { answerLegacy, endSession } from './legacy.ts'
import { answerModern, isModern } from './modern.ts'
import { asJsonRpcError, checkAccept, messageReply } from './reply.ts'

/** `/mcp`. GET gets 405, as every revision allows, because this server never sends messages on its own. */
export async function mcp(request: Request, context: Context): Promise<Reply> {
  const token = await authenticate(request, context)
  if (request.method === 'DELETE') return endSession(request, token, context)
  context.check(methodIsAllowed, request.method === 'POST', request.method, 'POST, DELETE')
  return withNonce(await answer(request, token, undefined, context), token, context)
}

/** `/mcp/tools/list` and `/mcp/tools/call`. */
export function directPath(method: string): Handler {
  return async (request, context) => {
    const token = await authenticate(request, context)
    return withNonce(await answer(request, token, method, context), token, context)
  }
}

/** `/mcp/initialize` needs no token: the answer is public, and it starts no session. */
export const initializeWithoutToken: Handler = (request, context) => answer(request, undefined, 'initialize', context)

function withNonce(reply: Reply, token: AccessToken, context: Context): Reply {
  const nonce = context.proofOfPossession.nonceHeader(token.cnf !== undefined, context)
  return nonce ? { ...reply, headers: { ...reply.headers, ...nonce } } : reply
}

/** Answers the message or batch in the body. A direct path accepts only a call of `onlyMethod`. */
async function answer(
  request: Request, token: AccessToken | undefined, onlyMethod: string | undefined, context: Context,
): Promise<Reply> {
  checkAccept(request, context)
  const type = mediaType(request.headers)
  context.check(bodyIsJson, type === 'application/json', type || 'nothing')
  const body = parseJson(await request.text())
  try {
    context.check(messageIsJson, 'value' in body, 'problem' in body ? body.problem : undefined)
    const isBatch = Array.isArray(body.value)
    const messages = (isBatch ? body.value as unknown[] : [body.value]).map(presentMessage)
    assertMessages(messages, context)
    if (onlyMethod !== undefined) context.check(methodFitsPath, isCallOf(onlyMethod, messages, isBatch), undefined, onlyMethod)
    // The only request without a token is `initialize`, which exists only in the legacy era.
    if (!token || !messages.some(message => isModern(message, request))) {
      return await answerLegacy(messages, isBatch, request, token, context)
    }
    context.check(batchIsAllowed, !isBatch, 'a POST carries one message')
    return await answerModern(messages[0]!, request, token, context)
  } catch (error) {
    if (error instanceof OAuthError) throw error
    const failure = asJsonRpcError(error, context)
    return messageReply(failure.status, errorResponse(idOf(body), failure), request)
  }
}

function assertMessages(messages: unknown[], context: Context): asserts messages is JsonRpcMessage[] {
  for (const message of messages) {
    const problem = messageProblem(message)
    context.check(messageIsJsonRpc, problem === undefined, problem)
  }
}

function isCallOf(method: string, [message]: readonly JsonRpcMessage[], isBatch: boolean): boolean {
  return !isBatch && message !== undefined && 'method' in message && message.method === method
}

/** The id for an error response, if the request has a valid one. */
function idOf(body: ReturnType<typeof parseJson>): RequestId | undefined {
  const id = 'value' in body && isJsonObject(body.value) ? body.value['id'] : undefined
  return typeof id === 'string' || Number.isSafeInteger(id) ? id as RequestId : undefined
}
