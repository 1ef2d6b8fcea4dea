/**
 * What an exchange names: its client, and the codes, tokens and sessions that join it to other exchanges. These parts hold
 * secrets, so they are never stored. A key is only a fingerprint of one.
 */
import { fingerprint } from '../base/protocol/crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import { isJsonType, mediaType, type Reply, type Request } from '../base/http/message.ts'
import { isSecretName } from '../base/protocol/redact.ts'

/** The parts of an exchange that can name a client, a code, a token or a session. */
export interface Parts {
  /** The parameters of query and form. */
  readonly sent: ReadonlyMap<string, string>
  readonly sentJson: JsonObject
  readonly answered: JsonObject
  readonly redirected: URLSearchParams
  readonly basic: string | undefined
  readonly bearer: string | undefined
  readonly claims: JsonObject | undefined
  /** The secrets in hidden fields of the page that was sent. */
  readonly hidden: readonly string[]
}

/** Collects these parts from a request, its body and its reply. */
export function readParts(request: Request, body: string, reply: Reply): Parts {
  const type = mediaType(request.headers)
  const form = type === 'application/x-www-form-urlencoded' ? body : ''
  const replyBody = typeof reply.body === 'string' ? reply.body : ''
  const replyType = reply.headers['content-type'] ?? ''
  const answered = isJsonType(replyType) ? objectOf(replyBody) : {}
  const [, scheme, credentials] = /^(\w+) +(\S+)$/.exec(request.headers.authorization ?? '') ?? []
  const bearer = scheme !== undefined && /^(?:bearer|dpop)$/i.test(scheme) ? credentials : undefined
  const token = bearer ?? (typeof answered['access_token'] === 'string' ? answered['access_token'] : undefined)
  const location = reply.headers['location']
  return {
    sent: new Map([...new URLSearchParams(request.query), ...new URLSearchParams(form)]),
    sentJson: type === 'application/json' ? objectOf(body) : {},
    answered,
    redirected: new URLSearchParams(location?.split('?')[1] ?? ''),
    basic: scheme?.toLowerCase() === 'basic' ? userOf(credentials!) : undefined,
    bearer,
    claims: token === undefined ? undefined : claimsOf(token),
    hidden: replyType.startsWith('text/html') ? hiddenSecrets(replyBody) : [],
  }
}

/** The fingerprint of every secret, whichever parameter it is sent in, and the id of the grant. */
export function keysOf(parts: Parts, request: Request, reply: Reply): readonly string[] {
  const { sent, answered, redirected, bearer, claims, hidden } = parts
  const named = ['code', 'refresh_token', 'token', 'csrf_token', 'consent_token'].map(name => sent.get(name))
  const issued = ['access_token', 'refresh_token', 'registration_access_token'].map(name => answered[name])
  const sessions = [request.headers['mcp-session-id'], reply.headers['mcp-session-id']]
  const secrets = [...named, ...issued, ...sessions, ...hidden, redirected.get('code'), bearer]
    .filter((secret): secret is string => typeof secret === 'string' && secret !== '')
  const grant = claims?.['grant_id']
  const grants = typeof grant === 'string' ? [`grant ${grant.slice(0, 100)}`] : []
  return [...new Set([...secrets.map(fingerprint), ...grants])]
}

/** The client_id, wherever the exchange names it. */
export function clientOf(path: string, { sent, answered, basic, claims }: Parts): string | undefined {
  const candidates = [
    path === '/oauth/register' ? answered['client_id'] : undefined,
    sent.get('client_id'),
    basic,
    /^\/oauth\/register\/([^/]+)$/.exec(path)?.[1],
    answered['client_id'],
    claims?.['client_id'],
    claimsOf(sent.get('client_assertion') ?? '')?.['sub'],
    clientOfReturnTo(sent.get('return_to')),
  ]
  return candidates.find((id): id is string => typeof id === 'string' && id !== '')?.slice(0, 300)
}

/** The name that the client registers. */
export function clientNameOf(path: string, { sentJson: { client_name } }: Parts): string | undefined {
  return path.startsWith('/oauth/register') && typeof client_name === 'string' ? client_name : undefined
}

/** Shown after the path: MCP method and tool, client name, grant type, or decision. */
export function titleOf(path: string, parts: Parts): string | undefined {
  const { sent, sentJson: { method, params } } = parts
  if (typeof method === 'string') {
    const tool = isJsonObject(params) && typeof params['name'] === 'string' ? ` ${params['name']}` : ''
    return method + tool
  }
  return clientNameOf(path, parts) ?? sent.get('grant_type') ?? sent.get('decision')
}

function objectOf(text: string): JsonObject {
  const parsed = parseJson(text)
  return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : {}
}

/** The claims of a token that was not verified: they are shown, never trusted. */
function claimsOf(token: string): JsonObject | undefined {
  const [, payload, signature] = token.split('.')
  const claims = payload !== undefined && signature !== undefined ? objectOf(Buffer.from(payload, 'base64url').toString()) : {}
  return Object.keys(claims).length > 0 ? claims : undefined
}

/** The client_id of Basic credentials (RFC 6749 section 2.3.1). */
function userOf(credentials: string): string {
  const pair = Buffer.from(credentials, 'base64').toString()
  return new URLSearchParams(`user=${pair.slice(0, Math.max(0, pair.indexOf(':')))}`).get('user') ?? ''
}

function hiddenSecrets(page: string): readonly string[] {
  const fields = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g)]
  return fields.filter(([, name]) => isSecretName(name!)).map(([, , value]) => value!)
}

/** The client_id of the authorization request that the browser returns to after signing in. */
function clientOfReturnTo(return_to: string | undefined): string | undefined {
  return new URLSearchParams(return_to?.split('?')[1]).get('client_id') ?? undefined
}
