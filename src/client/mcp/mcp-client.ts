/**
 * The MCP client as a library: connects to a server of any revision, lists its tools and calls them. The command line is one
 * program that uses it.
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { Trace } from '../../base/client/trace.ts'
import { version as clientVersion } from '../../base/config/version.ts'
import { JsonRpcError, jsonRpcErrors, type JsonRpcResponse } from '../../base/protocol/json-rpc.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { legacyVersions, metaKeys, modernVersion, supportedVersions } from '../../base/protocol/mcp.ts'
import { mirroredParametersProblem, parameterHeaders } from '../../base/protocol/mirrored-parameters.ts'
import { Authorizer } from '../../core/client/authorizer.ts'
import { withExtensions, type ClientOptions } from '../extensions/with-extensions.ts'
import { answerIsJsonRpc, protocolVersionIsShared } from '../rules/mcp.ts'
import { Conversation, SessionEnded, type ClientDescription, type Exchange } from './conversation.ts'
import { StreamableHttp } from './streamable-http.ts'

export { BrowserUserAgent } from '../user-agent/browser.ts'
export { elicitation } from './elicitation.ts'
export { ClientCredentialsGrant } from '../extensions/client-credentials.ts'
export { identityAssertion } from '../extensions/identity-assertion.ts'
export { JwtBearerGrant } from '../extensions/jwt-bearer.ts'
export { HeadlessUserAgent } from '../user-agent/headless.ts'
export { readPrivateKey } from '../extensions/signing.ts'
export { FileStorage } from '../storage/file-storage.ts'
export { MemoryStorage } from '../storage/memory-storage.ts'
export { Trace } from '../../base/client/trace.ts'

/** A server may link its pages of tools in a circle. The client stops after this many. */
const maxPages = 200

export interface McpClientOptions extends Omit<ClientOptions, 'serverUrl'>, Partial<ClientDescription> {
  /** The protocol versions to offer, newest first. The default is all. */
  readonly protocolVersions?: readonly string[]
}

export interface ToolDescription extends JsonObject {
  readonly name: string
  readonly inputSchema: JsonObject
}

export interface Connection {
  readonly protocolVersion: string
  readonly serverInfo: JsonObject | undefined
  readonly capabilities: JsonObject
}

export class McpClient {
  readonly authorizer: Authorizer
  private readonly conversation: Conversation
  private readonly trace: Trace
  private readonly client: ClientDescription
  private readonly protocolVersions: readonly string[]
  private tools: ReadonlyMap<string, ToolDescription> = new Map()

  constructor(serverUrl: string, options: McpClientOptions) {
    const { trace, clientInfo, capabilities = {}, handlers = {}, protocolVersions = supportedVersions } = options
    this.trace = trace
    this.client = { clientInfo: clientInfo ?? { name: 'mcp-authorization', version: clientVersion }, capabilities, handlers }
    this.protocolVersions = protocolVersions
    this.authorizer = new Authorizer(withExtensions({ ...options, serverUrl }))
    this.conversation = new Conversation(new StreamableHttp(serverUrl, this.authorizer), this.client, trace)
  }

  /** Negotiates the version: tries a modern request, then falls back to `initialize` (MCP 2026-07-28 basic/versioning). */
  async connect(): Promise<Connection> {
    if (!this.protocolVersions.includes(modernVersion)) return this.initialize()
    this.trace.step('Ask the server which versions it supports', 'MCP 2026-07-28 server/discover')
    this.conversation.version = modernVersion
    const { response, delivery } = await this.discover()
    const result = response?.result
    // Some servers answer any unknown method with an empty result.
    if (result && 'supportedVersions' in result) {
      const offered = stringList(result['supportedVersions'])
      this.trace.check(protocolVersionIsShared, offered.includes(modernVersion), offered, this.protocolVersions)
      const meta = isJsonObject(result['_meta']) ? result['_meta'] : {}
      return this.connected(modernVersion, result, meta[metaKeys.serverInfo])
    }
    const { isModern, supported } = readModernError(response)
    const canFallBack = !isModern || supported.some(version => legacyVersions.includes(version))
    const offered = supported.length > 0 ? supported : response?.error?.message
    this.trace.check(protocolVersionIsShared, canFallBack, offered, this.protocolVersions)
    this.trace.note(`it does not support ${modernVersion} (HTTP ${delivery.status}), so the client falls back to initialize`)
    return this.initialize()
  }

  /** Retries once if the server rejects the version but lists it as supported (MCP 2026-07-28 basic/versioning). */
  private async discover(): Promise<Exchange> {
    const first = await this.conversation.exchange('server/discover', {})
    const { supported } = readModernError(first.response)
    return supported.includes(modernVersion) ? this.conversation.exchange('server/discover', {}) : first
  }

  /** All tools, page by page, without those whose x-mcp-header annotations are invalid. */
  async listTools(): Promise<readonly ToolDescription[]> {
    this.trace.step('List the tools', 'MCP 2026-07-28 server/tools, Listing Tools')
    const found: ToolDescription[] = []
    let cursor: unknown
    for (let page = 0; page < maxPages; page++) {
      const result = await this.request('tools/list', cursor === undefined ? {} : { cursor })
      found.push(...this.usableTools(result['tools']))
      cursor = result['nextCursor']
      if (typeof cursor === 'string') continue
      this.tools = new Map(found.map(tool => [tool.name, tool]))
      return found
    }
    throw new ClientError(`the list of tools does not end after ${maxPages} pages`, exitCodes.refused, {
      remedy: 'Run the command with --trace to see whether the server repeats a cursor.',
    })
  }

  async callTool(name: string, args: JsonObject): Promise<JsonObject> {
    this.trace.step(`Call ${name}`, 'MCP 2026-07-28 server/tools, Calling Tools')
    // The input schema of a tool says which arguments a modern call repeats in headers.
    const isModern = this.conversation.version === modernVersion
    if (isModern && !this.tools.has(name)) await this.listTools()
    const call = (): Promise<JsonObject> => this.request(
      'tools/call', { name, arguments: args }, isModern ? parameterHeaders(this.tools.get(name)?.inputSchema, args) : {},
    )
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof JsonRpcError) || error.code !== jsonRpcErrors.headerMismatch) throw error
      // MCP 2026-07-28 basic/transports/streamable-http, Client Behavior: the schema may have changed since.
      await this.listTools()
      return call()
    }
  }

  /** Sends a request and returns its result. If the session has ended, starts a new one and retries once. */
  async request(method: string, params: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    try {
      return await this.conversation.request(method, params, headers)
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error
      this.conversation.sessionId = undefined
      await this.initialize()
      return this.conversation.request(method, params, headers)
    }
  }

  async close(): Promise<void> {
    await this.conversation.end()
  }

  private async initialize(): Promise<Connection> {
    this.trace.step('Initialize a session', 'MCP 2025-11-25 basic/lifecycle')
    this.conversation.version = undefined
    const versions = this.protocolVersions.filter(version => legacyVersions.includes(version))
    this.trace.check(protocolVersionIsShared, versions.length > 0, 'legacy versions', this.protocolVersions)
    const { capabilities, clientInfo } = this.client
    const exchange = await this.conversation.exchange('initialize', { protocolVersion: versions[0], capabilities, clientInfo })
    const result = this.conversation.resultOf(exchange)
    const { protocolVersion } = result
    const shared = typeof protocolVersion === 'string' && versions.includes(protocolVersion)
    this.trace.check(protocolVersionIsShared, shared, protocolVersion, versions)
    this.conversation.sessionId = exchange.delivery.headers.get('mcp-session-id') ?? undefined
    const connection = this.connected(protocolVersion, result, result['serverInfo'])
    await this.conversation.notify('notifications/initialized')
    // Legacy servers send their own requests on a stream. Without a handler there would be nothing to answer.
    if (Object.keys(this.client.handlers).length > 0) await this.conversation.listen()
    return connection
  }

  private connected(protocolVersion: string, { capabilities }: JsonObject, serverInfo: unknown): Connection {
    this.conversation.version = protocolVersion
    const info = isJsonObject(serverInfo) ? serverInfo : undefined
    this.trace.note(`${String(info?.['name'] ?? 'the server')} speaks ${protocolVersion}`)
    return { protocolVersion, serverInfo: info, capabilities: isJsonObject(capabilities) ? capabilities : {} }
  }

  private usableTools(tools: unknown): readonly ToolDescription[] {
    this.trace.check(answerIsJsonRpc, Array.isArray(tools), 'tools/list without tools')
    return (tools as unknown[]).filter((tool): tool is ToolDescription => {
      if (!isJsonObject(tool) || typeof tool['name'] !== 'string' || !isJsonObject(tool['inputSchema'])) return false
      const problem = mirroredParametersProblem(tool['inputSchema'])
      if (problem !== undefined) this.trace.note(`ignoring the tool ${tool['name']}: ${problem}`)
      return problem === undefined
    })
  }
}

/**
 * Whether an error comes from a modern server, and which versions it lists as supported
 * (MCP 2026-07-28 basic/transports/streamable-http, Backward Compatibility).
 */
function readModernError(response: JsonRpcResponse | undefined): { isModern: boolean; supported: readonly string[] } {
  const { code, data } = response?.error ?? {}
  const isModern = code === jsonRpcErrors.unsupportedProtocolVersion || code === jsonRpcErrors.headerMismatch
    || code === jsonRpcErrors.missingRequiredClientCapability
  return { isModern, supported: isJsonObject(data) ? stringList(data['supported']) : [] }
}

function stringList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
