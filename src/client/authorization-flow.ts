/** The whole flow, once: discover, register, ask the user, exchange the code (MCP 2026-07-28 basic/authorization). */
import { formatScope, unionOfScopes } from '../oauth/scope.ts'
import { createAuthorizationRequest, readAuthorizationResponse } from './authorization-request.ts'
import {
  discoverAuthorizationServer, discoverLegacyAuthorizationServer, discoverResource, selectInitialScopes,
  type AuthorizationServer, type ProtectedResource,
} from './discovery.ts'
import { ClientError, exitCodes, OAuthResponseError } from './errors.ts'
import { confirmRegistration, coversScopes, isUsable, registerClient } from './registration.ts'
import type { ClientStorage, Registration, StoredTokens } from './storage.ts'
import type { TokenKeeper } from './token-keeper.ts'
import { requestTokens } from './token-request.ts'
import type { Trace } from './trace.ts'
import type { UserAgent, Visit } from './user-agent.ts'

/** The parameters of a `Bearer` challenge, by name. */
export type ChallengeParameters = ReadonlyMap<string, string>

export interface FlowOptions {
  readonly serverUrl: string
  readonly storage: ClientStorage
  readonly trace: Trace
  /** Absent where the user may not be asked: a missing token is then an error. */
  readonly userAgent?: UserAgent
  /** Whether to send `resource`; some authorization servers refuse requests that carry it. */
  readonly sendResource?: boolean
  /** The present as a NumericDate. */
  readonly now?: () => number
}

interface Discovered {
  readonly resource: ProtectedResource | undefined
  readonly server: AuthorizationServer
}

export class AuthorizationFlow {
  private readonly options: FlowOptions
  private readonly keeper: TokenKeeper

  constructor(options: FlowOptions, keeper: TokenKeeper) {
    this.options = options
    this.keeper = keeper
  }

  /** Gets tokens for the scopes that are challenged, together with those asked for before. */
  async run(challenge: ChallengeParameters): Promise<StoredTokens> {
    const discovered = await this.discover(challenge)
    const before = (await this.keeper.find())?.requested_scopes ?? []
    const scopes = unionOfScopes(before, selectInitialScopes(challenge.get('scope'), discovered.resource, discovered.server))
    if (!this.options.userAgent) {
      await this.keeper.rememberScopes(scopes)
      throw this.authorizationNeeded(scopes)
    }
    const { issuer } = discovered.server
    const registration = (await this.options.storage.read()).registrations[issuer]
    try {
      return await this.obtainTokens(discovered, scopes)
    } catch (error) {
      if (!registration || !(error instanceof OAuthResponseError) || error.code !== 'invalid_client') throw error
      // The authorization server has forgotten the client: register again, once.
      this.options.trace.note('the authorization server does not know the registration any more')
      await this.keeper.forgetRegistration(issuer, registration)
      return this.obtainTokens(discovered, scopes)
    }
  }

  /** Registers with the authorization server of the MCP server, or confirms the registration that there is. */
  async register(challenge: ChallengeParameters): Promise<{ issuer: string; registration: Registration }> {
    const { resource, server } = await this.discover(challenge)
    const visit = await this.beginVisit(server)
    try {
      const scopes = selectInitialScopes(challenge.get('scope'), resource, server)
      return { issuer: server.issuer, registration: await this.registration(server, visit.redirect_uri, scopes) }
    } finally {
      await visit.end()
    }
  }

  private async discover(challenge: ChallengeParameters): Promise<Discovered> {
    const { serverUrl, trace, storage } = this.options
    const resource = await discoverResource(serverUrl, challenge.get('resource_metadata'), trace)
    if (!resource) return { resource, server: await discoverLegacyAuthorizationServer(serverUrl, trace) }
    // RFC 9728 section 7.6: the client chooses. One where it is registered already spares a registration.
    const { registrations } = await storage.read()
    const issuer = resource.authorization_servers.find(name => registrations[name]) ?? resource.authorization_servers[0]!
    return { resource, server: await discoverAuthorizationServer(issuer, serverUrl, trace) }
  }

  private async obtainTokens({ resource, server }: Discovered, scopes: readonly string[]): Promise<StoredTokens> {
    const { trace, serverUrl, sendResource = true } = this.options
    const resourceId = sendResource ? resource?.resource ?? serverUrl : undefined
    const visit = await this.beginVisit(server)
    try {
      const registration = await this.registration(server, visit.redirect_uri, scopes)
      trace.step('Ask the user', 'OAuth 2.1 section 4.1.1')
      const pending = createAuthorizationRequest(server, registration, scopes, resourceId)
      const code = readAuthorizationResponse(await visit.go(pending, trace), pending, trace)
      trace.note(`a code came back to ${pending.redirect_uri}, with the state that was sent`)
      trace.step('Exchange the code for tokens', 'OAuth 2.1 section 4.1.3')
      const response = await requestTokens(server.token_endpoint, registration, {
        grant_type: 'authorization_code', code, redirect_uri: pending.redirect_uri, code_verifier: pending.code_verifier,
        resource: resourceId,
      }, trace)
      trace.note(`granted ${response.scope ?? 'what was asked for'}, ${response.refresh_token === undefined ? 'without' : 'with'} a refresh token`)
      return await this.keeper.save(response, {
        issuer: server.issuer,
        registration,
        token_endpoint: server.token_endpoint,
        requested_scopes: scopes,
        ...(resourceId === undefined ? {} : { resource: resourceId }),
        ...(server.revocation_endpoint === undefined ? {} : { revocation_endpoint: server.revocation_endpoint }),
      })
    } finally {
      await visit.end()
    }
  }

  private async beginVisit({ issuer }: AuthorizationServer): Promise<Visit> {
    const { userAgent, storage } = this.options
    if (!userAgent) throw this.authorizationNeeded([])
    return userAgent.begin((await storage.read()).registrations[issuer]?.redirect_uri)
  }

  private authorizationNeeded(scopes: readonly string[]): ClientError {
    const wanted = scopes.length === 0 ? '' : ` for ${formatScope(scopes)}`
    return new ClientError(`${this.options.serverUrl} needs an authorization${wanted}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize first: only it may ask you.',
    })
  }

  private async registration(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]): Promise<Registration> {
    const { storage, trace, now = () => Date.now() / 1000 } = this.options
    const stored = (await storage.read()).registrations[server.issuer]
    const usable = stored && isUsable(stored, redirect_uri, now()) && coversScopes(stored, scopes)
    const confirmed = usable ? await confirmRegistration(stored, trace) : undefined
    if (confirmed) trace.note(`registered before as ${confirmed.client_id}`)
    const wanted = stored && !coversScopes(stored, scopes) ? scopes : []
    const registration = confirmed ?? await registerClient(server, redirect_uri, wanted, trace)
    await storage.update(state => ({ ...state, registrations: { ...state.registrations, [server.issuer]: registration } }))
    return registration
  }
}
