/**
 * What a handler works with: the services of the server, and for one request the record of what was decided. The seams
 * by which the core reaches the rooms beside it are the members of `Extensions`; `app/extensions.ts` fills them in.
 */
import type { Config } from '../../base/config/config.ts'
import type { LogFields, Logger } from '../../base/config/logger.ts'
import type { Users } from '../../base/config/users.ts'
import type { FetchDocument } from '../../base/http/fetch-document.ts'
import type { Reply, Request } from '../../base/http/message.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import { JsonRpcError, type RequestId } from '../../base/protocol/json-rpc.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { Checker, ruleText, type Rule, type Verdict } from '../../base/rules/rule.ts'
import type { RateLimits } from '../../base/store/rate-limits.ts'
import type { AuthenticationMethod, Client, ClientMetadata } from '../../base/store/records.ts'
import type { Store } from '../../base/store/store.ts'
import type { Html } from '../../base/ui/html.ts'
import type { Recorder, Recording } from './recording.ts'
import type { AccessToken, IssuedTokens, Proof } from './tokens.ts'

/** Takes how far a call is, of how much, and what it is doing. */
export type Progress = (progress: number, total?: number, message?: string) => void

export type Handler = (request: Request, context: Context) => Reply | Promise<Reply>

export interface Services extends Extensions {
  readonly config: Config
  readonly store: Store
  readonly users: Users
  /** The present as a NumericDate: seconds since 1970, with a fraction. */
  readonly now: () => number
  readonly logger: Logger
  /** Fetches what a client named: its metadata document, or its keys. */
  readonly fetchDocument: FetchDocument
  readonly limits: RateLimits
  readonly routes: readonly RouteDescription[]
  /** Records every exchange for `/flow`. Present only while `DEBUG` is on. */
  readonly recorder?: Recorder | undefined
}

/** A row of `routes.ts` as the pages show it. */
export interface RouteDescription {
  readonly method: string
  readonly path: string
  readonly specification: string
}

/** The seams: what the core asks of the rooms beside it. */
export interface Extensions {
  /** The table of MCP methods, by name. */
  readonly methods: ReadonlyMap<string, Method>
  /** The table of grants, by `grant_type`. */
  readonly grants: ReadonlyMap<string, GrantType>
  /** The methods of client authentication beside the core's own, by the form parameter that carries their credential. */
  readonly clientAuthentication: ReadonlyMap<string, ClientAuthenticationMethod>
  /** Finds the client whose client_id is the URL of its metadata document. */
  findDocumentedClient(client_id: string, context: Context): Promise<Client | undefined>
  readonly proofOfPossession: ProofOfPossession
  /** Answers with the sign-in page in place of the page that needs a user. */
  askToSignIn(prompt: SignInPrompt, request: Request, context: Context): Promise<Reply>
}

export interface GrantType {
  /** Whether a user approved the client that uses this grant. */
  readonly hasUser: boolean
  /** Redeems what the form carries. `proof` is by the key to bind the tokens to, if the client sent one. */
  exchange(form: Parameters, client: Client, context: Context, proof: Proof | undefined): Promise<IssuedTokens>
}

export interface ClientAuthenticationMethod {
  readonly method: AuthenticationMethod
  /** Reads the credential, and whose it is. It is not verified before `verify` returns. */
  read(credential: string, form: Parameters, context: Context): PresentedCredential
  /** The client metadata that this method needs; `isRegistered` tells whether the client registers for this method. */
  readMetadata(body: JsonObject, isRegistered: boolean, context: Context): Partial<ClientMetadata>
}

export interface PresentedCredential {
  readonly client_id: string
  verify(client: Client, context: Context): Promise<void>
}

/** Binds tokens to a key of the client (RFC 9449). */
export interface ProofOfPossession {
  /** The signature algorithms of proofs, for the metadata. */
  readonly algorithms: readonly string[]
  /** The proof that came with a token request, verified; undefined if the client sent none and needs none. */
  readFromTokenRequest(request: Request, client: Client, context: Context): Proof | undefined
  /** Checks that an access token is sent with the scheme and, if it is bound to a key, the proof that it needs. */
  checkUse(scheme: string, presented: string, token: AccessToken, request: Request, context: Context): Promise<void>
  /** The challenge for a request that needs, or tried, a proof; undefined if `parameters` of a Bearer challenge will do. */
  challenge(parameters: string, rule: string | undefined, request: Request): string | undefined
  /** The header that hands out the nonce for the next proof, to a client that sent one. */
  nonceHeader(sentProof: boolean, context: Context): Record<string, string> | undefined
}

/** A call of a method of the MCP server. */
export interface Call {
  readonly params: JsonObject
  /** Absent on the one path that needs none. */
  readonly token: AccessToken | undefined
  /** What the client declared in this request; undefined in the legacy era, which declares it in `initialize`. */
  readonly clientCapabilities: JsonObject | undefined
  /** Tells a client that asked for it how far the call is. */
  readonly progress: Progress
  /**
   * Whose end cancels the call. Undefined in the legacy era, where a client that goes away has cancelled nothing
   * (MCP 2025-11-25 basic/transports, Sending Messages to the Server, point 6).
   */
  readonly request: Request | undefined
}

/** A method of the MCP server: an entry of the table of methods. It has either `run` or `stream`. */
export interface Method {
  readonly eras: readonly ('modern' | 'legacy')[]
  /** Every scope that the method needs. */
  readonly scopes: readonly string[]
  /** Whether the modern result carries caching hints (MCP 2026-07-28 server/utilities/caching). */
  readonly cacheable?: boolean
  run?(call: Call, context: Context): JsonObject | Promise<JsonObject>
  /** Answers with a stream instead of a result, until `signal` is aborted. */
  stream?(id: RequestId, params: JsonObject, token: AccessToken, signal: AbortSignal, context: Context): Reply
  /** The headers that have to repeat what the body says (MCP 2026-07-28 basic/transports/streamable-http), by their names. */
  mirrored?(params: JsonObject, context: Context): readonly (readonly [string, unknown])[]
}

/** For what the user is asked to sign in. */
export interface SignInPrompt {
  /** The path and query to go back to. */
  readonly return_to: string
  /** Why to sign in, if it is for a client. */
  readonly reason?: Html | undefined
  readonly username?: string | undefined
  /** What went wrong the last time. */
  readonly failure?: OAuthError
}

export class Context extends Checker implements Services {
  /** Begun when the request arrived, if it is recorded. */
  readonly recording: Recording | undefined
  private readonly services: Services
  private readonly request: Request
  private readonly verdicts: Verdict[] = []

  constructor(services: Services, request: Request) {
    super()
    this.services = services
    this.request = request
    const id = services.recorder?.begin(request.path)
    this.recording = id === undefined ? undefined : { id, time: services.now(), begun: performance.now() }
  }

  get config() { return this.services.config }
  get store() { return this.services.store }
  get users() { return this.services.users }
  get now() { return this.services.now }
  get logger() { return this.services.logger }
  get fetchDocument() { return this.services.fetchDocument }
  get limits() { return this.services.limits }
  get routes() { return this.services.routes }
  get recorder() { return this.services.recorder }
  get methods() { return this.services.methods }
  get grants() { return this.services.grants }
  get clientAuthentication() { return this.services.clientAuthentication }
  get findDocumentedClient() { return this.services.findDocumentedClient }
  get proofOfPossession() { return this.services.proofOfPossession }
  get askToSignIn() { return this.services.askToSignIn }

  /** The rules that ran for this request, in order; empty unless `DEBUG` is on. */
  get trace(): readonly Verdict[] {
    return this.verdicts
  }

  /** Where a broken rule is explained (RFC 6749 section 5.2), with this request while requests are recorded. */
  errorUri(rule: string): string {
    const trace = this.recording === undefined ? '' : `?trace=${this.recording.id}`
    return `${this.config.issuer}/explain/${rule}${trace}`
  }

  /** Logs one line for what was given or taken away; docs/security.md lists the events. */
  audit(event: string, fields: LogFields): void {
    this.logger.info(event, { ...fields, remote_address: this.request.remoteAddress })
  }

  /** Logs what no rule foresaw. Nothing of it leaves the server. */
  logFailure(error: unknown): void {
    const { method, path } = this.request
    this.logger.error('unexpected error', { error: error instanceof Error ? error.stack : String(error), method, path })
  }

  protected record(rule: Rule, passed: boolean, received: unknown, expected: unknown): void {
    if (this.config.debug) this.verdicts.push({ rule, passed, received, expected })
  }

  protected refusal(rule: Rule, received: unknown, expected: unknown): Error {
    const shown = this.config.debug ? rule : rule.shownAs ?? rule
    const text = ruleText(shown, received, expected)
    const { method, path, remoteAddress: remote_address } = this.request
    this.logger.info('rule broken', { rule: rule.id, received, expected, method, path, remote_address })
    const status = shown.status === undefined ? {} : { status: shown.status }
    if (shown.error === 'client_error') throw new Error(`the rule ${rule.id} is for clients`)
    if (typeof shown.error === 'string') return new OAuthError(shown.error, text, { ...status, rule: shown.id, received, expected })
    const data = shown.data?.(received, expected) ?? { error_uri: this.errorUri(shown.id) }
    return new JsonRpcError(shown.error, text, { ...status, data })
  }
}
