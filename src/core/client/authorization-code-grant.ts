/** The authorization code grant: the user decides in a browser (OAuth 2.1 section 4.1). */
import { createAuthorizationRequest } from './authorization-request.ts'
import { readAuthorizationResponse } from './authorization-response.ts'
import { checkCodeGrantSupport, type AuthorizationServer } from './discovery.ts'
import { checkEndpoint } from './endpoint.ts'
import type { ClientRegistrar } from './registrar.ts'
import type { Grant, Granted, GrantRequest } from './seams/grant.ts'
import type { Registration } from './seams/storage.ts'
import type { UserAgent, Visit } from './seams/user-agent.ts'

export class AuthorizationCodeGrant implements Grant {
  readonly hasUser = true
  readonly isReady: boolean
  private readonly userAgent: UserAgent | undefined
  private readonly registrar: ClientRegistrar

  constructor(userAgent: UserAgent | undefined, registrar: ClientRegistrar) {
    this.userAgent = userAgent
    this.registrar = registrar
    this.isReady = userAgent !== undefined
  }

  async obtain({ server, scopes, resource, requestTokens, trace }: GrantRequest): Promise<Granted> {
    const authorization_endpoint = checkCodeGrantSupport(server, trace)
    return this.visit(server, async visit => {
      const registration = await this.registrar.obtain(server, visit.redirect_uri, scopes)
      trace.step('Ask the user', 'OAuth 2.1 section 4.1.1')
      const pending = createAuthorizationRequest({ ...server, authorization_endpoint }, registration, scopes, resource)
      // With the scopes that servers name the URL may be too long for a browser.
      checkEndpoint(pending.url, server.issuer, trace)
      const code = readAuthorizationResponse(await visit.go(pending, trace), pending, trace)
      trace.note(`received a code at ${pending.redirect_uri}, with the state that was sent`)
      trace.step('Exchange the code for tokens', 'OAuth 2.1 section 4.1.3')
      const { redirect_uri, code_verifier } = pending
      const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier, resource }
      return { response: await requestTokens(registration, form), registration }
    })
  }

  /** Registers the client, or confirms an earlier registration, without asking the user. */
  async register(server: AuthorizationServer, scopes: readonly string[]): Promise<Registration> {
    return this.visit(server, visit => this.registrar.obtain(server, visit.redirect_uri, scopes))
  }

  private async visit<T>({ issuer }: AuthorizationServer, work: (visit: Visit) => Promise<T>): Promise<T> {
    const visit = await this.userAgent!.begin(await this.registrar.knownRedirectUri(issuer))
    try {
      return await work(visit)
    } finally {
      await visit.end()
    }
  }
}
