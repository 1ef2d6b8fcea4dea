/**
 * The whole flow, once: discovers the authorization server, obtains tokens by a grant, and stores them
 * (MCP 2026-07-28 basic/authorization, Authorization Flow Steps).
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { formatScope, unionOfScopes } from '../../base/protocol/scope.ts'
import { AuthorizationCodeGrant } from './authorization-code-grant.ts'
import {
  discoverAuthorizationServer, discoverLegacyAuthorizationServer, discoverResource, selectInitialScopes,
  type AuthorizationServer, type ProtectedResource,
} from './discovery.ts'
import { OAuthResponseError } from './oauth-error.ts'
import { ClientRegistrar, type RegistrarOptions } from './registrar.ts'
import type { Grant } from './seams/grant.ts'
import type { Registration, StoredTokens } from './seams/storage.ts'
import type { UserAgent } from './seams/user-agent.ts'
import type { TokenKeeper, TokenKeeperOptions } from './token-keeper.ts'
import { requestTokens } from './token-request.ts'

/** The parameters of a `Bearer` challenge, by name. */
export type ChallengeParameters = ReadonlyMap<string, string>

/** Everything the core needs. Each interface among these members is a seam that a room beside the core fills. */
export interface FlowOptions extends TokenKeeperOptions, RegistrarOptions {
  /** Without one the user is not asked: a missing token is then an error. */
  readonly userAgent?: UserAgent
  /** Makes the grant to use in place of the authorization code grant. */
  readonly grant?: (registrar: ClientRegistrar) => Grant
  /** Whether to send `resource`; some authorization servers refuse requests that carry it. */
  readonly sendResource?: boolean
}

interface Discovered {
  readonly resource: ProtectedResource | undefined
  readonly server: AuthorizationServer
}

export class AuthorizationFlow {
  private readonly options: FlowOptions
  private readonly keeper: TokenKeeper
  private readonly codeGrant: AuthorizationCodeGrant
  private readonly grant: Grant

  constructor(options: FlowOptions, keeper: TokenKeeper) {
    const registrar = new ClientRegistrar(options)
    this.options = options
    this.keeper = keeper
    this.codeGrant = new AuthorizationCodeGrant(options.userAgent, registrar)
    this.grant = options.grant?.(registrar) ?? this.codeGrant
  }

  /** Whether a user stands behind the tokens, who would have to be asked for new ones. */
  get hasUser(): boolean {
    return this.grant.hasUser
  }

  /** Gets tokens for the scopes that are challenged, together with those asked for before. */
  async run(challenge: ChallengeParameters): Promise<StoredTokens> {
    const discovered = await this.discover(challenge)
    const before = (await this.keeper.find())?.requested_scopes ?? []
    const scopes = unionOfScopes(before, this.selectScopes(challenge, discovered))
    if (!this.grant.isReady) {
      await this.keeper.rememberScopes(scopes)
      throw this.authorizationNeeded(scopes)
    }
    const { issuer } = discovered.server
    const known = (await this.options.storage.read()).registrations[issuer]
    try {
      return await this.obtainTokens(discovered, scopes)
    } catch (error) {
      const isForgotten = error instanceof OAuthResponseError && error.code === 'invalid_client'
      const canRegisterAgain = known !== undefined && this.options.identity?.client_id === undefined
      if (!isForgotten || !canRegisterAgain) throw error
      this.options.trace.note('the authorization server no longer knows the registration')
      await this.keeper.forgetRegistration(issuer, known)
      return this.obtainTokens(discovered, scopes)
    }
  }

  /** Registers with the authorization server of the MCP server, or confirms the registration that there is. */
  async register(challenge: ChallengeParameters): Promise<{ issuer: string; registration: Registration }> {
    const discovered = await this.discover(challenge)
    const { server } = discovered
    if (!this.codeGrant.isReady) throw this.authorizationNeeded([])
    const registration = await this.codeGrant.register(server, this.selectScopes(challenge, discovered))
    return { issuer: server.issuer, registration }
  }

  private async discover(challenge: ChallengeParameters): Promise<Discovered> {
    const { serverUrl, trace, storage } = this.options
    const resource = await discoverResource(serverUrl, challenge.get('resource_metadata'), trace)
    if (!resource) {
      trace.note('there is no protected resource metadata: going on as MCP 2025-03-26 has it. Newer clients may stop here: serve '
        + 'the metadata (RFC 9728), and name its URL as resource_metadata in the challenge')
      return { resource, server: await discoverLegacyAuthorizationServer(serverUrl, trace) }
    }
    // RFC 9728 section 7.6: the client chooses. One where it is registered already spares a registration.
    const { registrations } = await storage.read()
    const issuer = resource.authorization_servers.find(name => registrations[name]) ?? resource.authorization_servers[0]!
    return { resource, server: await discoverAuthorizationServer(issuer, serverUrl, trace) }
  }

  private selectScopes(challenge: ChallengeParameters, { resource, server }: Discovered): readonly string[] {
    const scopes = selectInitialScopes(challenge.get('scope'), resource, server)
    return this.grant.hasUser ? scopes : scopes.filter(scope => scope !== 'offline_access')
  }

  private async obtainTokens({ resource, server }: Discovered, scopes: readonly string[]): Promise<StoredTokens> {
    const { trace, serverUrl, authenticationMethods, sendResource = true } = this.options
    const resourceId = sendResource ? resource?.resource ?? serverUrl : undefined
    const { issuer, token_endpoint, revocation_endpoint } = server
    const prover = this.keeper.proverFor(await this.keeper.find())
    const { response, registration } = await this.grant.obtain({
      server, scopes, trace, resource: resourceId,
      requestTokens: (registration, form) => requestTokens(
        { url: token_endpoint, issuer, registration, form, prover, authenticationMethods }, trace,
      ),
    })
    const binding = prover ? ', bound to a key' : ''
    const renewal = response.refresh_token === undefined ? 'without a refresh token' : 'with a refresh token'
    trace.note(`granted ${response.scope ?? 'what was requested'}${binding}, ${renewal}`)
    return this.keeper.save(response, {
      issuer,
      registration,
      token_endpoint,
      requested_scopes: scopes,
      ...(resourceId === undefined ? {} : { resource: resourceId }),
      ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
      ...(prover ? { dpop_key: prover.exportKey() } : {}),
    })
  }

  private authorizationNeeded(scopes: readonly string[]): ClientError {
    const wanted = scopes.length === 0 ? '' : ` for ${formatScope(scopes)}`
    return new ClientError(`${this.options.serverUrl} needs an authorization${wanted}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize first: only it may ask you.',
    })
  }
}
