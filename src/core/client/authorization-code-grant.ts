/** The authorization code grant: the user decides in a browser (OAuth 2.1 section 4.1). */
import { createAuthorizationRequest, readAuthorizationResponse } from './authorization-request.ts'
import { checkCodeGrantSupport, type AuthorizationServer } from './discovery.ts'
import { checkEndpoint } from './endpoint.ts'
import type { ClientRegistrar } from './registrar.ts'
import type { Registration } from './storage.ts'
import { requestTokens } from './token-request.ts'
import type { UserAgent, Visit } from './user-agent.ts'
import type { Grant, Granted, GrantRequest } from './grant.ts'

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

  async obtain({ server, scopes, resource, keys, trace }: GrantRequest): Promise<Granted> {
    const authorization_endpoint = checkCodeGrantSupport(server, trace)
    return this.visit(server, async visit => {
      const registration = await this.registrar.obtain(server, visit.redirect_uri, scopes)
      trace.step('Ask the user', 'OAuth 2.1 section 4.1.1')
      const pending = createAuthorizationRequest({ ...server, authorization_endpoint }, registration, scopes, resource)
      // With the scopes that servers named it may be longer than a browser takes.
      checkEndpoint(pending.url, server.issuer, trace)
      const code = readAuthorizationResponse(await visit.go(pending, trace), pending, trace)
      trace.note(`a code came back to ${pending.redirect_uri}, with the state that was sent`)
      trace.step('Exchange the code for tokens', 'OAuth 2.1 section 4.1.3')
      const { redirect_uri, code_verifier } = pending
      const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier, resource }
      const response = await requestTokens({ url: server.token_endpoint, issuer: server.issuer, registration }, form, keys, trace)
      return { response, registration }
    })
  }

  /** Registers, or confirms the registration that there is, and asks nobody. */
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
