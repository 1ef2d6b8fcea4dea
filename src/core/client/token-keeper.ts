/** The tokens for one MCP server: found, stored, refreshed and forgotten, safely beside other processes. */
import type { KeyObject } from 'node:crypto'
import { DpopProver } from '../../client/extensions/dpop.ts'
import { ClientError, exitCodes, OAuthResponseError } from './wire/errors.ts'
import type { ClientIdentity } from './registrar.ts'
import { without, type ClientStorage, type Registration, type StoredTokens } from './storage.ts'
import { requestTokens, revokeToken, type ClientKeys, type Recipient, type TokenResponse } from './token-request.ts'
import type { Trace } from './wire/trace.ts'

/** An access token is renewed this many seconds before it ends, so that it does not end on the way. */
const refreshMargin = 30

/** What is stored beside the tokens themselves: where they came from and what they were asked for. */
type TokenOrigin = Pick<
  StoredTokens,
  'issuer' | 'registration' | 'token_endpoint' | 'revocation_endpoint' | 'resource' | 'requested_scopes' | 'dpop_key'
>

interface TokenKeeperOptions {
  readonly storage: ClientStorage
  readonly trace: Trace
  readonly now?: () => number
  readonly identity?: ClientIdentity
  readonly dpop?: boolean
}

export class TokenKeeper {
  private readonly serverUrl: string
  private readonly storage: ClientStorage
  private readonly trace: Trace
  private readonly now: () => number
  private readonly privateKey: KeyObject | undefined
  private readonly client_id: string | undefined
  private readonly dpop: boolean
  /** The prover of the key that was used last, which knows the nonces of the servers. */
  private prover: { readonly key: string; readonly prover: DpopProver } | undefined

  constructor(serverUrl: string, options: TokenKeeperOptions) {
    this.serverUrl = serverUrl
    this.storage = options.storage
    this.trace = options.trace
    this.now = options.now ?? (() => Date.now() / 1000)
    this.privateKey = options.identity?.privateKey
    this.client_id = options.identity?.client_id
    this.dpop = options.dpop ?? false
  }

  /** The tokens that there are; those of another client than the one that the user names do not count. */
  async find(): Promise<StoredTokens | undefined> {
    const tokens = await this.stored()
    const isOurs = this.client_id === undefined || tokens?.registration.client_id === this.client_id
    return isOurs ? tokens : undefined
  }

  /** The tokens, renewed when they are about to end; undefined when there are none that may still work. */
  async current(): Promise<StoredTokens | undefined> {
    const tokens = await this.find()
    const left = (tokens?.expires_at ?? Infinity) - this.now()
    if (!tokens || left > refreshMargin) return tokens
    // Where it cannot be renewed, the access token still serves for the time that is left.
    return await this.refresh(tokens) ?? (left > 0 ? tokens : undefined)
  }

  /** Stores tokens, but not in the place of others than those that they `replace`: those are newer. */
  async save(response: TokenResponse, origin: TokenOrigin, replace?: StoredTokens): Promise<StoredTokens> {
    const { access_token, token_type, expires_in, refresh_token, scope } = response
    const { issuer, registration, token_endpoint, revocation_endpoint, resource, requested_scopes, dpop_key } = origin
    const tokens: StoredTokens = {
      issuer, registration, token_endpoint, requested_scopes, access_token, token_type,
      ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
      ...(resource === undefined ? {} : { resource }),
      ...(dpop_key === undefined ? {} : { dpop_key }),
      ...(expires_in === undefined ? {} : { expires_at: this.now() + expires_in }),
      ...(refresh_token === undefined ? {} : { refresh_token }),
      ...(scope === undefined ? {} : { scope }),
    }
    let kept = tokens
    await this.storage.update(state => {
      const stored = state.servers[this.serverUrl]
      kept = stored && replace && stored.access_token !== replace.access_token ? stored : tokens
      return { ...state, servers: { ...state.servers, [this.serverUrl]: kept } }
    })
    return kept
  }

  /**
   * Renews the tokens `known`, one process at a time: whoever comes second finds the new ones in the storage and uses
   * those, since a refresh token that is presented twice ends the login (OAuth 2.1 section 4.3.1). Undefined when
   * there is nothing to renew them with.
   */
  refresh(known: StoredTokens): Promise<StoredTokens | undefined> {
    const waiting = performance.now()
    return this.storage.exclusively(async lease => {
      this.trace.budget.spendTime(performance.now() - waiting)
      const current = await this.find()
      if (current && current.access_token !== known.access_token) return current
      if (!current?.refresh_token) return undefined
      this.trace.step('Refresh the access token', 'OAuth 2.1 section 4.3.1')
      try {
        const { resource, refresh_token, scope } = current
        const form = { grant_type: 'refresh_token', refresh_token, resource }
        const recipient = await this.recipient(current.token_endpoint, current)
        const keys = await this.keysFor(current)
        // Whoever took the lease meanwhile may have used up the refresh token.
        if (!await lease.isHeld()) return await this.refresh(known)
        const response = await requestTokens(recipient, form, keys, this.trace)
        // RFC 6749 section 6: without a new refresh token the old one stays; without a scope it is unchanged.
        const renewed = { ...response, refresh_token: response.refresh_token ?? refresh_token, scope: response.scope ?? scope }
        return await this.save(renewed, keys.prover ? { ...current, dpop_key: keys.prover.exportKey() } : current, current)
      } catch (error) {
        if (!(error instanceof OAuthResponseError)) throw error
        this.trace.note(`the refresh was refused: ${error.message}`)
        if (error.code === 'invalid_client') await this.forgetRegistration(current.issuer, current.registration)
        if (error.code === 'invalid_client' || error.code === 'invalid_grant') await this.forget(current)
        // What another process has put in their place meanwhile, by a new login, is used.
        const found = await this.find()
        return found?.access_token === current.access_token ? undefined : found
      }
    })
  }

  /** Renews the tokens now; an error when there is nothing to renew them with. */
  async renew(): Promise<StoredTokens> {
    const known = await this.find()
    const renewed = known && await this.refresh(known)
    if (renewed) return renewed
    throw new ClientError(`there is no refresh token for ${this.serverUrl} that works`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize, or repeat the --grant by which the tokens came.',
    })
  }

  /** Revokes the tokens where the server can, and forgets them; not while another process renews them. */
  revoke(): Promise<void> {
    return this.storage.exclusively(() => this.revokeAlone())
  }

  private async revokeAlone(): Promise<void> {
    const tokens = await this.stored()
    if (!tokens) return
    if (tokens.revocation_endpoint !== undefined) {
      this.trace.step('Revoke the tokens', 'RFC 7009 section 2.1')
      const token = tokens.refresh_token ?? tokens.access_token
      const recipient = await this.recipient(tokens.revocation_endpoint, tokens)
      const revoked = await revokeToken(recipient, token, await this.keysFor(tokens), this.trace).catch((error: Error) => {
        this.trace.note(error.message)
        return false
      })
      if (!revoked) this.trace.note('the authorization server did not revoke them: they stay valid until they expire')
    }
    await this.forget(tokens)
  }

  /** Forgets a registration, unless another process has put a newer one in its place. */
  async forgetRegistration(issuer: string, known: Registration): Promise<void> {
    await this.storage.update(state => {
      const same = state.registrations[issuer]?.client_id === known.client_id
      return same ? { ...state, registrations: without(state.registrations, issuer) } : state
    })
  }

  /** Notes scopes that were asked for in vain, for the next authorization to include. */
  async rememberScopes(requested_scopes: readonly string[]): Promise<void> {
    await this.storage.update(state => {
      const tokens = state.servers[this.serverUrl]
      return tokens ? { ...state, servers: { ...state.servers, [this.serverUrl]: { ...tokens, requested_scopes } } } : state
    })
  }

  /** The keys to use with the tokens that there are, or for new ones. */
  async keysFor(tokens: StoredTokens | undefined): Promise<ClientKeys> {
    const { privateKey, now } = this
    const bound = tokens?.dpop_key !== undefined
    return bound || this.dpop ? { privateKey, now, prover: this.proverOf(tokens) } : { privateKey, now }
  }

  private async stored(): Promise<StoredTokens | undefined> {
    return (await this.storage.read()).servers[this.serverUrl]
  }

  private proverOf(tokens: StoredTokens | undefined): DpopProver {
    const stored = tokens?.dpop_key
    const known = this.prover
    if (known && (stored === undefined || JSON.stringify(stored) === known.key)) return known.prover
    const prover = new DpopProver(stored, this.now)
    this.prover = { key: JSON.stringify(prover.exportKey()), prover }
    return prover
  }

  private async recipient(url: string, tokens: StoredTokens): Promise<Recipient> {
    return { url, issuer: tokens.issuer, registration: await this.registrationOf(tokens) }
  }

  /** The client of the tokens, with a secret that the server may have replaced since (RFC 7592 section 2.1). */
  private async registrationOf({ issuer, registration }: StoredTokens): Promise<Registration> {
    const stored = (await this.storage.read()).registrations[issuer]
    return stored?.client_id === registration.client_id ? stored : registration
  }

  /** Forgets the tokens, unless another process has put newer ones in their place. */
  private async forget(known: StoredTokens): Promise<void> {
    await this.storage.update(state => {
      const same = state.servers[this.serverUrl]?.access_token === known.access_token
      return same ? { ...state, servers: without(state.servers, this.serverUrl) } : state
    })
  }
}
