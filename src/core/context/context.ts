/**
 * What a handler gets besides the request: the services of the server, and the trace of the rules checked so far. The core
 * calls features outside it (sign-in, DPoP, tools) only through `Extensions`, which `app/extensions.ts` fills in.
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

/** Reports the progress of a call: how much is done, out of how much, and what is happening. */
export type Progress = (progress: number, total?: number, message?: string) => void

export type Handler = (request: Request, context: Context) => Reply | Promise<Reply>

export interface Services extends Extensions {
  readonly config: Config
  readonly store: Store
  readonly users: Users
  /** The current time as a NumericDate: seconds since 1970, with a fraction. */
  readonly now: () => number
  readonly logger: Logger
  /** Fetches a URL that a client supplied: its metadata document or its keys. */
  readonly fetchDocument: FetchDocument
  readonly limits: RateLimits
  readonly routes: readonly RouteDescription[]
  /** Records every exchange for `/flow`. Undefined unless `DEBUG` is on. */
  readonly recorder?: Recorder | undefined
}

/** A row of `routes.ts` as the pages show it. */
export interface RouteDescription {
  readonly method: string
  readonly path: string
  readonly specification: string
}

/** What the core calls outside itself. */
export interface Extensions {
  /** MCP methods by name. */
  readonly methods: ReadonlyMap<string, Method>
  /** Grant types by the value of `grant_type`. */
  readonly grants: ReadonlyMap<string, GrantType>
  /** Client authentication methods that the core lacks, by the form parameter that carries the credential. */
  readonly clientAuthentication: ReadonlyMap<string, ClientAuthenticationMethod>
  /** Finds the client whose client_id is the URL of its metadata document. */
  findDocumentedClient(client_id: string, context: Context): Promise<Client | undefined>
  readonly proofOfPossession: ProofOfPossession
  /** Shows the sign-in page instead of a page that needs a user. */
  askToSignIn(prompt: SignInPrompt, request: Request, context: Context): Promise<Reply>
}

export interface GrantType {
  /** Whether a user approved the client, as in every grant but client_credentials. */
  readonly hasUser: boolean
  /** Exchanges the grant in the form for tokens, which are bound to the key of `proof` if the client sent one. */
  exchange(form: Parameters, client: Client, context: Context, proof: Proof | undefined): Promise<IssuedTokens>
}

export interface ClientAuthenticationMethod {
  readonly method: AuthenticationMethod
  /** Parses the credential and the client_id in it. Nothing is verified until `verify` returns. */
  read(credential: string, form: Parameters, context: Context): PresentedCredential
  /** Reads the client metadata of this method. `isRegistered` tells whether the client registers for the method. */
  readMetadata(body: JsonObject, isRegistered: boolean, context: Context): Partial<ClientMetadata>
}

export interface PresentedCredential {
  readonly client_id: string
  verify(client: Client, context: Context): Promise<void>
}

/** Binds tokens to a key of the client (DPoP, RFC 9449). */
export interface ProofOfPossession {
  /** The supported signature algorithms, for the metadata documents. */
  readonly algorithms: readonly string[]
  /** Verifies the proof of a token request. Undefined if the client sent none and does not have to. */
  readFromTokenRequest(request: Request, client: Client, context: Context): Proof | undefined
  /** Checks that an access token is sent with the right scheme and, if it is bound to a key, with a proof by that key. */
  checkUse(scheme: string, presented: string, token: AccessToken, request: Request, context: Context): Promise<void>
  /** The WWW-Authenticate header if the request used or needs DPoP. Undefined if `Bearer` and `parameters` are enough. */
  challenge(parameters: string, rule: string | undefined, request: Request): string | undefined
  /** The header with the nonce for the next proof, if the client sent a proof and nonces are required. */
  nonceHeader(sentProof: boolean, context: Context): Record<string, string> | undefined
}

/** A call of an MCP method. */
export interface Call {
  readonly params: JsonObject
  /** Undefined only on `/mcp/initialize`, which needs no token. */
  readonly token: AccessToken | undefined
  /** From the request itself. Undefined in the legacy era, where clients declare capabilities once, in `initialize`. */
  readonly clientCapabilities: JsonObject | undefined
  /** Does nothing unless the client asked for progress. */
  readonly progress: Progress
  /**
   * Its signal cancels the call. Undefined in the legacy era, where disconnecting cancels nothing
   * (MCP 2025-11-25 basic/transports, Sending Messages to the Server, point 6).
   */
  readonly request: Request | undefined
}

/** An MCP method. It has either `run` or `stream`. */
export interface Method {
  readonly eras: readonly ('modern' | 'legacy')[]
  /** The scopes that the method requires. */
  readonly scopes: readonly string[]
  /** Whether the modern result carries caching hints (MCP 2026-07-28 server/utilities/caching). */
  readonly cacheable?: boolean
  run?(call: Call, context: Context): JsonObject | Promise<JsonObject>
  /** Replies with an event stream that ends when `signal` is aborted. */
  stream?(id: RequestId, params: JsonObject, token: AccessToken, signal: AbortSignal, context: Context): Reply
  /** Headers that must repeat a value of the body: name and value (MCP 2026-07-28 basic/transports/streamable-http). */
  mirrored?(params: JsonObject, context: Context): readonly (readonly [string, unknown])[]
}

/** What the sign-in page shows, and where it leads. */
export interface SignInPrompt {
  /** The path and query to return to after sign-in. */
  readonly return_to: string
  /** Shown above the form if a client made the user sign in. */
  readonly reason?: Html | undefined
  readonly username?: string | undefined
  /** The error of the previous attempt. */
  readonly failure?: OAuthError
}

export class Context extends Checker implements Services {
  /** Undefined if this exchange is not recorded. */
  readonly recording: Recording | undefined
  private readonly services: Services
  private readonly request: Request
  private readonly verdicts: Verdict[] = []

  constructor(services: Services, request: Request) {
    super()
    this.services = services
    this.request = request
    const id = services.recorder?.begin(request.path)
    this.recording = id === undefined ? undefined : { id, time: services.now(), startedAt: performance.now() }
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

  /** The rules checked for this request, in order. Empty unless `DEBUG` is on. */
  get trace(): readonly Verdict[] {
    return this.verdicts
  }

  /** The page that explains a broken rule (RFC 6749 section 5.2). It shows this exchange, if it is recorded. */
  errorUri(rule: string): string {
    const trace = this.recording === undefined ? '' : `?trace=${this.recording.id}`
    return `${this.config.issuer}/explain/${rule}${trace}`
  }

  /** Logs a security event. docs/security.md lists them. */
  audit(event: string, fields: LogFields): void {
    this.logger.info(event, { ...fields, remote_address: this.request.remoteAddress })
  }

  /** Logs an unexpected error. Clients never see its details. */
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
    if (shown.error === 'client_error') throw new Error(`${rule.id} is a rule of the client`)
    if (typeof shown.error === 'string') return new OAuthError(shown.error, text, { ...status, rule: shown.id, received, expected })
    const data = shown.data?.(received, expected) ?? { error_uri: this.errorUri(shown.id) }
    return new JsonRpcError(shown.error, text, { ...status, data })
  }
}
