/** The tokens for one MCP server: finds, stores, refreshes and forgets them, also while other processes do the same. */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { Trace } from '../../base/client/trace.ts'
import { storedEndpointIsNamed, tokensAreRevoked } from '../rules/client.ts'
import { discoverAuthorizationServer } from './discovery.ts'
import { checkEndpoint } from './endpoint.ts'
import { checkAnswer, isTemporaryStatus, OAuthResponseError } from './oauth-error.ts'
import type { ClientIdentity } from './registrar.ts'
import type { AuthenticationMethods } from './seams/client-authentication.ts'
import type { ProofOfPossession, Prover } from './seams/proof-of-possession.ts'
import { without, type ClientStorage, type Lease, type Registration, type StoredTokens } from './seams/storage.ts'
import { postForm, requestTokens, type Form, type TokenRequest, type TokenResponse } from './token-request.ts'

/** An access token is refreshed this many seconds before it expires, so it does not expire on its way to the server. */
const refreshMargin = 30

/** What is stored with the tokens: where they came from and what was requested. */
type TokenOrigin = Omit<StoredTokens, 'access_token' | 'token_type'>

export interface TokenKeeperOptions {
  readonly serverUrl: string
  readonly storage: ClientStorage
  readonly trace: Trace
  /** The present as a NumericDate. */
  readonly now: () => number
  readonly authenticationMethods: AuthenticationMethods
  readonly proofOfPossession?: ProofOfPossession
  /** The client that the user chose. Tokens of another client are not used. */
  readonly identity?: ClientIdentity
}

export class TokenKeeper {
  private readonly options: TokenKeeperOptions
  /** Why the server refused the last refresh. */
  private refusal: OAuthResponseError | undefined

  constructor(options: TokenKeeperOptions) {
    this.options = options
  }

  /** The stored tokens, unless they belong to another client than the one that the user chose. */
  async find(): Promise<StoredTokens | undefined> {
    const { client_id } = this.options.identity ?? {}
    const tokens = await this.stored()
    return client_id === undefined || tokens?.registration.client_id === client_id ? tokens : undefined
  }

  /** The tokens, refreshed if they are about to expire; undefined if there are none that may still work. */
  async current(): Promise<StoredTokens | undefined> {
    const tokens = await this.find()
    const timeLeft = (tokens?.expires_at ?? Infinity) - this.options.now()
    if (!tokens || timeLeft > refreshMargin) return tokens
    try {
      // If it cannot be refreshed, the access token still works for the time that is left.
      return await this.refresh(tokens) ?? (timeLeft > 0 ? tokens : undefined)
    } catch (error) {
      if (timeLeft <= 0 || !isTemporary(error)) throw error
      this.options.trace.note(`the access token is used while it is valid: ${(error as Error).message}`)
      return tokens
    }
  }

  /** Stores new tokens in place of `replaced`. If the storage holds other tokens by now, those are newer and stay. */
  async save(response: TokenResponse, origin: TokenOrigin, replaced?: StoredTokens): Promise<StoredTokens> {
    const { expires_in, ...granted } = response
    const { expires_at: _, ...rest } = origin
    // RFC 6749 section 6: a refresh without a new refresh token keeps the old one, and without a scope keeps the scope.
    // A lifetime within the margin would mean a refresh before every request. Such a token is used until it is refused.
    const isShort = expires_in === undefined || expires_in <= refreshMargin
    const tokens: StoredTokens = { ...rest, ...granted, ...(isShort ? {} : { expires_at: this.options.now() + expires_in }) }
    return await this.change(stored => {
      const isNewer = stored && replaced && stored.access_token !== replaced.access_token
      return isNewer ? stored : tokens
    }) ?? tokens
  }

  /**
   * Refreshes the tokens `known`, one process at a time. A process that had to wait finds the new tokens in the storage
   * and uses them, because a refresh token that is used twice ends the login (OAuth 2.1 section 4.3.1). Returns
   * undefined if there is nothing to refresh them with.
   */
  refresh(known: StoredTokens): Promise<StoredTokens | undefined> {
    const { storage, trace } = this.options
    const begun = performance.now()
    return storage.exclusively(async lease => {
      trace.budget.spendTime(performance.now() - begun)
      const current = await this.find()
      if (current?.access_token !== known.access_token) return current
      return current.refresh_token ? this.refreshAlone(current, lease) : undefined
    })
  }

  /** Refreshes the tokens now; an error if that is not possible. */
  async renew(): Promise<StoredTokens> {
    const known = await this.find()
    const renewed = known && await this.refresh(known)
    if (renewed) return renewed
    const reason = this.refusal === undefined ? '' : `: ${this.refusal.message}`
    throw new ClientError(`there is no working refresh token for ${this.options.serverUrl}${reason}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize, or repeat the --grant that got the tokens.',
    })
  }

  /** Revokes the tokens if the server supports it (RFC 7009), and forgets them. No refresh runs at the same time. */
  revoke(): Promise<void> {
    return this.options.storage.exclusively(async () => {
      const tokens = await this.stored()
      if (!tokens) return
      if (tokens.revocation_endpoint !== undefined) await this.revokeAt(tokens.revocation_endpoint, tokens)
      await this.forget(tokens)
    })
  }

  /** Forgets a registration, unless another process has stored a newer one. */
  async forgetRegistration(issuer: string, known: Registration): Promise<void> {
    await this.options.storage.update(state => {
      const isSame = state.registrations[issuer]?.client_id === known.client_id
      return isSame ? { ...state, registrations: without(state.registrations, issuer) } : state
    })
  }

  /** Remembers scopes that the client could not request yet, for the next authorization to include. */
  async rememberScopes(requested_scopes: readonly string[]): Promise<void> {
    await this.change(tokens => tokens && { ...tokens, requested_scopes })
  }

  /** The prover for these tokens, or for new ones; undefined if they are not bound to a key. */
  proverFor(tokens: StoredTokens | undefined): Prover | undefined {
    return this.options.proofOfPossession?.proverFor(tokens?.dpop_key)
  }

  private async refreshAlone(current: StoredTokens, lease: Lease): Promise<StoredTokens | undefined> {
    const { trace } = this.options
    trace.step('Refresh the access token', 'OAuth 2.1 section 4.3.1')
    const { refresh_token, resource, token_endpoint } = current
    const prover = this.proverFor(current)
    const form = { grant_type: 'refresh_token', refresh_token, resource }
    const request = { ...await this.requestFor(current, token_endpoint, form), prover }
    try {
      // Another process may have taken over the lease and used the refresh token.
      if (!await lease.isHeld()) return await this.refresh(current)
      const response = await requestTokens(request, trace)
      return await this.save(response, prover ? { ...current, dpop_key: prover.exportKey() } : current, current)
    } catch (error) {
      // RFC 6749 section 5.2: only these two codes end the login. Every other failure leaves the tokens as they are.
      const isEnded = error instanceof OAuthResponseError && (error.code === 'invalid_client' || error.code === 'invalid_grant')
      if (!isEnded) throw error
      trace.note(`the refresh was refused: ${error.message}`)
      this.refusal = error
      if (error.code === 'invalid_client') await this.forgetRegistration(current.issuer, current.registration)
      await this.forget(current)
      // Another process may have logged in again and stored new tokens.
      const found = await this.find()
      return found?.access_token === current.access_token ? undefined : found
    }
  }

  /** The client forgets tokens that the server does not revoke, unless it may revoke them later. */
  private async revokeAt(url: string, tokens: StoredTokens): Promise<void> {
    const { trace } = this.options
    trace.step('Revoke the tokens', 'RFC 7009 section 2.1')
    const form = { token: tokens.refresh_token ?? tokens.access_token }
    const response = await this.requestFor(tokens, url, form).then(request => postForm(request, trace)).catch((error: Error) => {
      trace.note(error.message)
    })
    if (response) checkAnswer(tokensAreRevoked, !isTemporaryStatus(response.status), response, trace)
    if (response?.status !== 200) trace.note('the authorization server did not revoke them: they stay valid until they expire')
  }

  /** A request by the client of the tokens. The server may have replaced its secret since (RFC 7592 section 2.1). */
  private async requestFor(tokens: StoredTokens, url: string, form: Form): Promise<TokenRequest> {
    const { storage, authenticationMethods } = this.options
    const { issuer, registration } = tokens
    await this.checkStoredEndpoint(url, issuer)
    const latest = (await storage.read()).registrations[issuer]
    const isSame = latest?.client_id === registration.client_id
    return { url, issuer, registration: isSame ? latest : registration, form, authenticationMethods }
  }

  /**
   * Judges a stored endpoint as if a server had just named it: the file may have been changed since. Only the metadata of the
   * issuer may send the client to another host.
   */
  private async checkStoredEndpoint(url: string, issuer: string): Promise<void> {
    const { serverUrl } = this.options
    const trace: Trace = this.options.trace
    checkEndpoint(url, issuer, trace)
    if (new URL(url).host === new URL(issuer).host) return
    const { token_endpoint, revocation_endpoint } = await discoverAuthorizationServer(issuer, serverUrl, trace)
    trace.check(storedEndpointIsNamed, url === token_endpoint || url === revocation_endpoint, url, token_endpoint)
  }

  private async stored(): Promise<StoredTokens | undefined> {
    return (await this.options.storage.read()).servers[this.options.serverUrl]
  }

  /** Forgets the tokens, unless another process has stored newer ones. */
  private async forget(known: StoredTokens): Promise<void> {
    await this.change(stored => stored?.access_token === known.access_token ? undefined : stored)
  }

  /** Changes what is stored for the server and returns it. */
  private async change(
    changed: (stored: StoredTokens | undefined) => StoredTokens | undefined,
  ): Promise<StoredTokens | undefined> {
    const { storage, serverUrl } = this.options
    let tokens: StoredTokens | undefined
    await storage.update(state => {
      tokens = changed(state.servers[serverUrl])
      const servers = tokens ? { ...state.servers, [serverUrl]: tokens } : without(state.servers, serverUrl)
      return { ...state, servers }
    })
    return tokens
  }
}

/** Whether the same request may succeed later. */
function isTemporary(error: unknown): boolean {
  return error instanceof ClientError && error.exitCode === exitCodes.unreachable
}
