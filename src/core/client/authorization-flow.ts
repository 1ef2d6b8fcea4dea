/**
 * The whole flow, once: discover, obtain tokens by the grant that was chosen, store them
 * (MCP 2026-07-28 basic/authorization).
 */
import { formatScope, unionOfScopes } from '../../base/protocol/scope.ts'
import {
  discoverAuthorizationServer, discoverLegacyAuthorizationServer, discoverResource, selectInitialScopes,
  type AuthorizationServer, type ProtectedResource,
} from './discovery.ts'
import { ClientError, exitCodes, OAuthResponseError } from './wire/errors.ts'
import { AuthorizationCodeGrant } from './authorization-code-grant.ts'
import type { Grant } from './grant.ts'
import { ClientRegistrar, type ClientIdentity } from './registrar.ts'
import type { ClientStorage, Registration, StoredTokens } from './storage.ts'
import type { TokenKeeper } from './token-keeper.ts'
import type { Trace } from './wire/trace.ts'
import type { UserAgent } from './user-agent.ts'

/** The parameters of a `Bearer` challenge, by name. */
export type ChallengeParameters = ReadonlyMap<string, string>

export interface FlowOptions {
  readonly serverUrl: string
  readonly storage: ClientStorage
  readonly trace: Trace
  /** Absent where the user may not be asked: a missing token is then an error. */
  readonly userAgent?: UserAgent
  /** Who the client is, where it does not register. */
  readonly identity?: ClientIdentity
  /** The grant, where it is not the authorization code grant. */
  readonly grant?: (registrar: ClientRegistrar) => Grant
  /** Whether to bind the tokens to a key (DPoP). */
  readonly dpop?: boolean
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
  private readonly codeGrant: AuthorizationCodeGrant
  private readonly grant: Grant
  /** Whether the user says who the client is: then there is nothing to register again. */
  private readonly isNamed: boolean

  constructor(options: FlowOptions, keeper: TokenKeeper) {
    const { identity = {}, storage, trace, userAgent, now = () => Date.now() / 1000 } = options
    const registrar = new ClientRegistrar(identity, storage, trace, now)
    this.options = options
    this.keeper = keeper
    this.isNamed = identity.client_id !== undefined
    this.codeGrant = new AuthorizationCodeGrant(userAgent, registrar)
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
    const registration = (await this.options.storage.read()).registrations[issuer]
    try {
      return await this.obtainTokens(discovered, scopes)
    } catch (error) {
      const forgotten = error instanceof OAuthResponseError && error.code === 'invalid_client'
      if (!registration || !forgotten || this.isNamed || this.grant !== this.codeGrant) throw error
      // The authorization server has forgotten the client: register again, once.
      this.options.trace.note('the authorization server does not know the registration any more')
      await this.keeper.forgetRegistration(issuer, registration)
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
    const { trace, serverUrl, sendResource = true } = this.options
    const resourceId = sendResource ? resource?.resource ?? serverUrl : undefined
    const keys = await this.keeper.keysFor(await this.keeper.find())
    const { response, registration } = await this.grant.obtain({ server, scopes, resource: resourceId, keys, trace })
    const binding = keys.prover ? ', bound to a key' : ''
    const renewal = response.refresh_token === undefined ? 'without a refresh token' : 'with a refresh token'
    trace.note(`granted ${response.scope ?? 'what was asked for'}${binding}, ${renewal}`)
    return this.keeper.save(response, {
      issuer: server.issuer,
      registration,
      token_endpoint: server.token_endpoint,
      requested_scopes: scopes,
      ...(resourceId === undefined ? {} : { resource: resourceId }),
      ...(server.revocation_endpoint === undefined ? {} : { revocation_endpoint: server.revocation_endpoint }),
      ...(keys.prover ? { dpop_key: keys.prover.exportKey() } : {}),
    })
  }

  private authorizationNeeded(scopes: readonly string[]): ClientError {
    const wanted = scopes.length === 0 ? '' : ` for ${formatScope(scopes)}`
    return new ClientError(`${this.options.serverUrl} needs an authorization${wanted}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize first: only it may ask you.',
    })
  }
}
