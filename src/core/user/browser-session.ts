/**
 * The session of a signed-in user. The cookie has a random id and a signature, so a made-up id never reaches the store. The
 * store has the active ids, so signing out also invalidates copies of the cookie.
 */
import type { User } from '../../base/config/users.ts'
import type { Request } from '../../base/http/message.ts'
import { constantTimeEqual, hmacSha256, randomToken, sha256 } from '../../base/protocol/crypto.ts'
import type { Context } from '../context/context.ts'
import { cookieHeader, deriveKeys, readCookie } from './cookies.ts'

export interface SignedIn {
  readonly user: User
  /** SHA-256 of the id of the session. */
  readonly session_hash: string
}

/** Twelve hours, in seconds: a working day. */
const lifetime = 43_200

/** Starts a session with a new id and ends the previous one, so that an id planted by an attacker is useless. */
export async function startSession(user: User, request: Request, context: Context): Promise<Record<string, string>> {
  const earlier = await findSession(request, context)
  if (earlier) await context.store.removeBrowserSession(earlier.session_hash)
  const id = randomToken()
  await context.store.addBrowserSession(sha256(id), { sub: user.sub, signed_in_at: context.now() })
  const [key] = deriveKeys('session of a browser', context.config)
  return cookieHeader('session', `${id}.${hmacSha256(key, id)}`, lifetime, context.config)
}

/** The user who is signed in, if any. */
export async function findSession(request: Request, { config, store, users, now }: Context): Promise<SignedIn | undefined> {
  const [id, signature] = readCookie('session', request, config)?.split('.') ?? []
  if (id === undefined || signature === undefined) return undefined
  const keys = deriveKeys('session of a browser', config)
  if (!keys.some(key => constantTimeEqual(hmacSha256(key, id), signature))) return undefined
  const session_hash = sha256(id)
  const session = await store.findBrowserSession(session_hash)
  // The browser may have kept the cookie for too long, and the user may have been removed.
  const user = session && session.signed_in_at + lifetime > now() ? users.find(session.sub) : undefined
  return user && { user, session_hash }
}

/** Ends the session, and returns the header that removes its cookie. */
export async function endSession({ session_hash }: SignedIn, { config, store }: Context): Promise<Record<string, string>> {
  await store.removeBrowserSession(session_hash)
  return cookieHeader('session', '', 0, config)
}
