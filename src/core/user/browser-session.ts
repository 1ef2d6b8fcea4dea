/**
 * The session of a browser in which a user is signed in. The cookie carries a random id with a signature, so that a made-up
 * one never reaches the store; the store has the ids that live, so that signing out ends a copied cookie as well.
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

/** Twelve hours, in seconds: a day at work. */
const lifetime = 43_200

/** Begins a session, and ends the one that the browser had: an id that somebody else planted is worth nothing afterwards. */
export async function beginSession(user: User, request: Request, context: Context): Promise<Record<string, string>> {
  const earlier = await findSession(request, context)
  if (earlier) await context.store.removeBrowserSession(earlier.session_hash)
  const id = randomToken()
  await context.store.addBrowserSession(sha256(id), { sub: user.sub, signed_in_at: context.now() })
  const [key] = deriveKeys('session of a browser', context.config)
  return cookieHeader('session', `${id}.${hmacSha256(key, id)}`, lifetime, context.config)
}

/** Who is signed in, if anybody is. */
export async function findSession(request: Request, { config, store, users, now }: Context): Promise<SignedIn | undefined> {
  const [id, signature] = readCookie('session', request, config)?.split('.') ?? []
  if (id === undefined || signature === undefined) return undefined
  const keys = deriveKeys('session of a browser', config)
  if (!keys.some(key => constantTimeEqual(hmacSha256(key, id), signature))) return undefined
  const session_hash = sha256(id)
  const session = await store.findBrowserSession(session_hash)
  // The cookie may be older than the browser says, and the user may be gone.
  const user = session && session.signed_in_at + lifetime > now() ? users.find(session.sub) : undefined
  return user && { user, session_hash }
}

/** Ends a session here and in the browser. */
export async function endSession({ session_hash }: SignedIn, { config, store }: Context): Promise<Record<string, string>> {
  await store.removeBrowserSession(session_hash)
  return cookieHeader('session', '', 0, config)
}
