/**
 * Sends requests to one MCP server with its access token, and does what a 401 or a 403 requires: refresh, authorize,
 * step up (MCP 2026-07-28 basic/authorization, Error Handling).
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { open, type HttpRequest, type OpenResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { tokenChallenge, type ChallengeParameters } from '../../base/protocol/challenge.ts'
import { stepUpIsBounded } from '../rules/client.ts'
import { AuthorizationFlow, type FlowOptions } from './authorization-flow.ts'
import type { Registration, StoredTokens } from './seams/storage.ts'
import { TokenKeeper } from './token-keeper.ts'

export type AuthorizerOptions = FlowOptions

/** MCP 2026-07-28, Step-Up Authorization Flow: "no more than a few times". */
const maxStepUps = 2

export class Authorizer {
  readonly trace: Trace
  readonly tokens: TokenKeeper
  private readonly serverUrl: string
  private readonly flow: AuthorizationFlow

  constructor(options: AuthorizerOptions) {
    this.trace = options.trace
    this.serverUrl = options.serverUrl
    this.tokens = new TokenKeeper(options)
    this.flow = new AuthorizationFlow(options, this.tokens)
  }

  /** Sends a request and returns the first response that requires no other token. */
  async send(request: HttpRequest): Promise<OpenResponse> {
    let tokens = await this.tokens.current()
    let mayRefresh = true
    let mayAuthorize = true
    let stepUps = 0
    for (;;) {
      const response = await this.sendWith(request, tokens)
      const challenge = tokenChallenge(response.headers)
      if (response.status === 401) {
        this.discard(response, challenge)
        const refreshed = tokens && mayRefresh ? await this.tokens.refresh(tokens) : undefined
        mayRefresh = false
        if (!refreshed && !mayAuthorize) throw refusedToken(challenge, tokens)
        if (!refreshed) mayAuthorize = false
        tokens = refreshed ?? await this.flow.run(challenge)
      } else if (response.status === 403 && challenge.get('error') === 'insufficient_scope') {
        this.discard(response, challenge)
        this.trace.check(stepUpIsBounded, stepUps < maxStepUps, stepUps, challenge.get('scope'))
        stepUps++
        // A refresh cannot add scopes (RFC 6749 section 6), so the client asks the user again.
        this.trace.step('Ask for more scopes', 'MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow')
        tokens = await this.flow.run(challenge)
      } else {
        return response
      }
    }
  }

  /** Sends a request with the stored token, if there is one, and returns any response: this never asks the user to log in. */
  async sendOnce(request: HttpRequest): Promise<OpenResponse> {
    return this.sendWith(request, await this.tokens.find())
  }

  /** Runs the whole flow for the scopes that the server requires of a request without a token. */
  async authorize(): Promise<StoredTokens> {
    return this.flow.run(await this.challenge())
  }

  /** Renews the tokens now. A grant without a user usually yields no refresh token (RFC 6749 section 4.4.3), so it runs again. */
  async renew(): Promise<StoredTokens> {
    const known = await this.tokens.find()
    return this.flow.hasUser || known?.refresh_token !== undefined ? this.tokens.renew() : this.authorize()
  }

  async register(): Promise<{ issuer: string; registration: Registration }> {
    return this.flow.register(await this.challenge())
  }

  /** Sends a request with a token. If the token is bound, it adds a proof, and retries with the nonce that the server wants. */
  private async sendWith(request: HttpRequest, tokens: StoredTokens | undefined): Promise<OpenResponse> {
    if (!tokens) return open(request, this.trace)
    const { method, url } = request
    const { access_token, token_type } = tokens
    const prover = this.tokens.proverFor(tokens)
    const bound = prover?.tokenType.toLowerCase() === token_type.toLowerCase() ? prover : undefined
    const attempt = (): Promise<OpenResponse> => {
      const authorization = `${bound?.tokenType ?? 'Bearer'} ${access_token}`
      const headersFor = bound && ((target: string) => bound.prove(method, target, access_token))
      return open({ ...request, headers: { ...request.headers, authorization }, headersFor }, this.trace)
    }
    const response = await attempt()
    if (!bound?.learnNonce(url, response.status, response.headers, undefined)) return response
    this.discard(response, tokenChallenge(response.headers))
    return attempt()
  }

  private async challenge(): Promise<ChallengeParameters> {
    this.trace.step('Call the server without a token', 'RFC 6750 section 3')
    // A server may answer a GET without a token. A POST is the request that every server supports.
    const response = await open({
      method: 'POST', url: this.serverUrl,
      headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
    }, this.trace)
    const challenge = tokenChallenge(response.headers)
    this.discard(response, challenge)
    return challenge
  }

  /** Notes what a response requires, without reading its body. */
  private discard(response: OpenResponse, challenge: ChallengeParameters): void {
    response.discard()
    const parameters = [...challenge].map(([name, value]) => `${name}=${value}`).join(', ')
    const answer = response.unfollowed ?? response.status
    this.trace.note(`it answers ${answer}${parameters === '' ? ' without a challenge' : `: ${parameters}`}`)
  }
}

function refusedToken(challenge: ChallengeParameters, tokens: StoredTokens | undefined): ClientError {
  const reason = challenge.get('error_description') ?? challenge.get('error') ?? 'it gives no reason'
  const problem = `the MCP server refuses the access token that its authorization server has just issued: ${reason}`
  return new ClientError(problem, exitCodes.refused, {
    remedy: isJwt(tokens?.access_token ?? '')
      ? 'Most often the audience of the token and the resource of the server differ by a slash, a path or a host. '
        + 'Compare resource in the protected resource metadata with aud in the token. --trace shows the requests.'
      : 'The token is not a JWT, so the MCP server has to validate it by a request, usually by introspection (RFC 7662). Its log '
        + 'should show that request and the response. --trace shows the resource for which the client requested the token.',
  })
}

/** Whether a token looks like a JWT: three parts, of which the first begins with `{"` (RFC 7519 section 3). */
function isJwt(access_token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(access_token)
}
