/** The resource owner. There is one so far, without a sign-in: this server is to be tried, not yet to be lived in. */

export interface User {
  /** The subject identifier: `sub` of the access tokens. */
  readonly sub: string
  readonly name: string
  readonly email: string
}

export const demoUser: User = { sub: 'demo-user', name: 'Demo User', email: 'demo@example.com' }

export function findUser(sub: string): User | undefined {
  return sub === demoUser.sub ? demoUser : undefined
}
