/** What a handler works with: the state of the server and, for one request, the record of what was decided. */
import type { Config } from '../../base/config/config.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import type { FlowRecorder } from '../../flow/recorder.ts'
import type { FetchDocument } from '../../base/http/fetch-document.ts'
import type { Reply, Request } from '../../base/http/message.ts'
import type { RateLimits } from '../../base/store/rate-limits.ts'
import type { LogFields, Logger } from '../../base/config/logger.ts'
import { JsonRpcError, jsonRpcErrors } from '../../base/protocol/json-rpc.ts'
import type { Tool } from '../mcp/tool.ts'
import { Checker, ruleText, type Rule, type Verdict } from '../../base/rules/rule.ts'
import type { Store } from '../../base/store/store.ts'
import type { Users } from '../../base/config/users.ts'

export interface Services {
  readonly config: Config
  readonly store: Store
  readonly users: Users
  /** The present as a NumericDate: seconds since 1970, with a fraction. */
  readonly now: () => number
  readonly logger: Logger
  /** Fetches what a client named: its metadata document, or its keys. */
  readonly fetchDocument: FetchDocument
  readonly limits: RateLimits
  readonly tools: ReadonlyMap<string, Tool>
  readonly routes: readonly RouteDescription[]
  /** Records every exchange for `/flow`; it is there only while `DEBUG` is on. */
  readonly recorder?: FlowRecorder | undefined
}

/** A row of `routes.ts` as the pages show it. */
export interface RouteDescription {
  readonly method: string
  readonly path: string
  readonly specification: string
}

export type Handler = (request: Request, context: Context) => Reply | Promise<Reply>

/** A handler whose reply depends on the configuration alone: it is made and serialised once. */
export function documentHandler(make: (services: Services) => Reply): Handler {
  const made = new WeakMap<Config, Reply>()
  return (_request, context) => {
    const reply = made.get(context.config) ?? make(context)
    made.set(context.config, reply)
    return reply
  }
}

/** What is known of an exchange when it begins; `begun` is in milliseconds of the process. */
export interface Recording {
  readonly id: string
  readonly time: number
  readonly begun: number
}

export class Context extends Checker implements Services {
  readonly config: Config
  readonly store: Store
  readonly users: Users
  readonly now: () => number
  readonly logger: Logger
  readonly fetchDocument: FetchDocument
  readonly limits: RateLimits
  readonly tools: ReadonlyMap<string, Tool>
  readonly routes: readonly RouteDescription[]
  readonly recorder: FlowRecorder | undefined
  /** Begun when the request came, where it is recorded. */
  readonly recording: Recording | undefined
  private readonly request: Request

  constructor(services: Services, request: Request) {
    super()
    this.request = request
    this.config = services.config
    this.store = services.store
    this.users = services.users
    this.now = services.now
    this.logger = services.logger
    this.fetchDocument = services.fetchDocument
    this.limits = services.limits
    this.tools = services.tools
    this.routes = services.routes
    this.recorder = services.recorder
    const id = services.recorder?.begin(request.path)
    if (id !== undefined) this.recording = { id, time: services.now(), begun: performance.now() }
    if (services.config.debug) this.verdicts = []
  }

  /** The rules that ran for this request, in order; empty unless `DEBUG` is on. */
  get trace(): readonly Verdict[] {
    return this.verdicts ?? []
  }

  /** Where a broken rule is explained (RFC 6749 section 5.2), with this very request while requests are recorded. */
  errorUri(rule: string): string {
    const trace = this.recording === undefined ? '' : `?trace=${this.recording.id}`
    return `${this.config.issuer}/explain/${rule}${trace}`
  }

  /** One line of the log for what was given or taken away; the events are listed in docs/security.md. */
  audit(event: string, fields: LogFields): void {
    this.logger.info(event, { ...fields, remote_address: this.request.remoteAddress })
  }

  /** Notes what no rule foresaw. It is for the log alone. */
  logFailure(error: unknown): void {
    const { method, path } = this.request
    this.logger.error('unexpected error', { error: error instanceof Error ? error.stack : String(error), method, path })
  }

  protected refusal(rule: Rule, received: unknown, expected: unknown): Error {
    const shown = this.config.debug ? rule : rule.shownAs ?? rule
    const text = ruleText(shown, received, expected)
    const { method, path, remoteAddress: remote_address } = this.request
    this.logger.info('rule broken', { rule: rule.id, received, expected, method, path, remote_address })
    const status = shown.status === undefined ? {} : { status: shown.status }
    if (typeof shown.error === 'number') {
      return new JsonRpcError(shown.error, text, { ...status, data: this.errorData(shown, received, expected) })
    }
    if (shown.error === 'client_error') throw new Error(`the rule ${rule.id} is for clients`)
    return new OAuthError(shown.error, text, { ...status, rule: shown.id, received, expected })
  }

  /** The `data` of a JSON-RPC error: what the MCP schema defines for its code, else where it is explained. */
  private errorData(rule: Rule, received: unknown, expected: unknown): unknown {
    if (rule.error === jsonRpcErrors.unsupportedProtocolVersion) return { supported: expected, requested: received }
    if (rule.error === jsonRpcErrors.missingRequiredClientCapability) return { requiredCapabilities: expected }
    return { error_uri: this.errorUri(rule.id) }
  }
}
