/**
 * The state of a tool that asks for input. It passes through the client, so the server signs it: the state is valid only
 * unchanged, for the same user, client, tool and arguments, and for ten minutes (MCP 2026-07-28 basic/patterns/mrtr, Server
 * Requirements). It is not encrypted, so tools must not put secrets into it.
 */
import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, decodeBase64url, hmacSha256 } from '../base/protocol/crypto.ts'
import type { JsonObject } from '../base/protocol/json.ts'
import type { Context } from '../core/context/context.ts'
import { requestStateIsOurs } from './rules/tools.ts'
import type { Caller } from './tool.ts'

/** How long the user may take to answer, in seconds. */
const lifetime = 600

/** The call that the state belongs to. */
export interface StatefulCall {
  readonly tool: string
  readonly args: JsonObject
  readonly caller: Caller
}

export function sealState(state: unknown, call: StatefulCall, { config, now }: Context): string {
  const payload = Buffer.from(JSON.stringify({ state, exp: Math.ceil(now() + lifetime) })).toString('base64url')
  return `${payload}.${seal(payload, call, config.jwtKeys[0])}`
}

/** Verifies and returns the state that was sealed for this call. */
export function openState(sealed: string, call: StatefulCall, context: Context): unknown {
  const [payload = '', signature = ''] = sealed.split('.')
  const isGenuine = context.config.jwtKeys.some(key => constantTimeEqual(seal(payload, call, key), signature))
  context.check(requestStateIsOurs, isGenuine && sealed === `${payload}.${signature}`, 'it was not made for this call')
  const { state, exp } = JSON.parse(decodeBase64url(payload)!.toString()) as { state: unknown; exp: number }
  context.check(requestStateIsOurs, exp > context.now(), 'it is too old')
  return state
}

function seal(payload: string, { tool, args, caller: { sub, client_id } }: StatefulCall, key: KeyObject): string {
  return hmacSha256(key, `request state ${JSON.stringify([tool, args, sub, client_id])} ${payload}`)
}
