/**
 * The whole flow, once: discovers the authorization server, obtains tokens by a grant, and stores them
 * (MCP 2026-07-28 basic/authorization, Authorization Flow Steps).
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { ChallengeParameters } from '../../base/protocol/challenge.ts'
import { formatScope, unionOfScopes } from '../../base/protocol/scope.ts'
import { AuthorizationCodeGrant } from './authorization-code-grant.ts'
import {
  discoverAuthorizationServer, discoverResource, selectInitialScopes, type AuthorizationServer, type ProtectedResource,
} from './discovery.ts'
import { OAuthResponseError } from './oauth-error.ts'
import { ClientRegistrar, type RegistrarOptions } from './registrar.ts'
import type { Grant } from './seams/grant.ts'
import type { DiscoverLegacyServer } from './seams/legacy-discovery.ts'
import type { Prover } from './seams/proof-of-possession.ts'
import type { Registration, StoredTokens } from './seams/storage.ts'
import type { UserAgent } from './seams/user-agent.ts'
import type { TokenKeeper, TokenKeeperOptions } from './token-keeper.ts'
import { requestTokens } from './token-request.ts'

/** Everything the core needs. Each interface among these members is a seam that a room beside the core fills. */
export interface FlowOptions extends TokenKeeperOptions, RegistrarOptions {
  /** Without one the client cannot ask the user, so a missing token is an error. */
  readonly userAgent?: UserAgent
  /** Makes the grant to use instead of the authorization code grant. */
  readonly grant?: (registrar: ClientRegistrar) => Grant
  readonly discoverLegacyServer?: DiscoverLegacyServer
  /** Whether to send `resource`. Some authorization servers refuse requests that carry it. */
  readonly sendResource?: boolean
}

/** What the client knows before it requests tokens. */
interface Discovered {
  readonly server: AuthorizationServer
  /** The resource identifier to send; undefined if none is to be sent. */
  readonly resource: string | undefined
  readonly scopes: readonly string[]
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

  /** Whether new tokens require a user. */
  get hasUser(): boolean {
    return this.grant.hasUser
  }

  /** Gets tokens for the scopes of the challenge, together with the scopes that the client requested before. */
  async run(challenge: ChallengeParameters): Promise<StoredTokens> {
    const { storage, trace, identity } = this.options
    const { server, resource, scopes: challenged } = await this.discover(challenge)
    const tokens = await this.keeper.find()
    const discovered = { server, resource, scopes: unionOfScopes(tokens?.requested_scopes ?? [], challenged) }
    if (!this.grant.isReady) {
      const tokens = await this.keeper.find()
      await this.keeper.rememberScopes(discovered.scopes)
      throw this.authorizationNeeded(discovered.scopes, challenge.get('error') === 'insufficient_scope' ? tokens : undefined)
    }
    const known = (await storage.read()).registrations[server.issuer]
    try {
      return await this.obtainTokens(discovered, this.keeper.proverFor(tokens))
    } catch (error) {
      const isForgotten = error instanceof OAuthResponseError && error.code === 'invalid_client'
      const canRegisterAgain = known !== undefined && identity?.client_id === undefined
      if (!isForgotten || !canRegisterAgain) throw error
      trace.note('the authorization server no longer knows the registration')
      await this.keeper.forgetRegistration(server.issuer, known)
      return this.obtainTokens(discovered, this.keeper.proverFor(tokens))
    }
  }

  /** Registers with the authorization server of the MCP server, or confirms an earlier registration. */
  async register(challenge: ChallengeParameters): Promise<{ issuer: string; registration: Registration }> {
    const { server, scopes } = await this.discover(challenge)
    if (!this.codeGrant.isReady) throw this.authorizationNeeded([])
    return { issuer: server.issuer, registration: await this.codeGrant.register(server, scopes) }
  }

  private async discover(challenge: ChallengeParameters): Promise<Discovered> {
    const { serverUrl, trace, discoverLegacyServer = requireMetadata, sendResource = true } = this.options
    const resource = await discoverResource(serverUrl, challenge.get('resource_metadata'), trace)
    const server = resource
      ? await discoverAuthorizationServer(await this.chooseIssuer(resource), serverUrl, trace)
      : await discoverLegacyServer(serverUrl, trace)
    const scopes = selectInitialScopes(challenge.get('scope'), resource, server)
    return {
      server,
      resource: sendResource ? resource?.resource ?? serverUrl : undefined,
      scopes: this.grant.hasUser ? scopes : scopes.filter(scope => scope !== 'offline_access'),
    }
  }

  /** RFC 9728 section 7.6: the client chooses. It prefers a server where it is already registered. */
  private async chooseIssuer({ authorization_servers }: ProtectedResource): Promise<string> {
    const { registrations } = await this.options.storage.read()
    return authorization_servers.find(issuer => registrations[issuer]) ?? authorization_servers[0]!
  }

  private async obtainTokens({ server, resource, scopes }: Discovered, prover: Prover | undefined): Promise<StoredTokens> {
    const { trace, authenticationMethods } = this.options
    const { issuer, token_endpoint, revocation_endpoint } = server
    const { response, registration } = await this.grant.obtain({
      server, scopes, resource, trace,
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
      ...(resource === undefined ? {} : { resource }),
      ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
      ...(prover ? { dpop_key: prover.exportKey() } : {}),
    })
  }

  /** `tooNarrow` are tokens that the server accepted, but not for this request. */
  private authorizationNeeded(scopes: readonly string[], tooNarrow?: StoredTokens): ClientError {
    const wanted = scopes.length === 0 ? '' : ` for ${formatScope(scopes)}`
    const problem = tooNarrow
      ? `the request needs the scopes ${formatScope(scopes)}, and the token has ${tooNarrow.scope ?? 'only some of them'}`
      : `${this.options.serverUrl} needs an authorization${wanted}`
    return new ClientError(problem, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize first. No other command asks you to log in.',
    })
  }
}

function requireMetadata(serverUrl: string): never {
  throw new ClientError(`${serverUrl} has no protected resource metadata`, exitCodes.unreachable, {
    remedy: 'Serve the metadata (RFC 9728), and name its URL as resource_metadata in the challenge.',
  })
}
