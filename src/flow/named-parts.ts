/**
 * What is named in an exchange: its client, and the codes, tokens and sessions by which it is joined to other exchanges.
 * The parts hold secrets and are kept nowhere; a key is no more than a fingerprint.
 */
import { fingerprint } from '../base/protocol/crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import { isJsonType, mediaType, type Reply, type Request } from '../base/http/message.ts'
import { isSecretName } from '../base/protocol/redact.ts'

/** What names something, taken out of the places in which it can stand. */
export interface Parts {
  /** Query and form, in which no name is repeated but by mistake. */
  readonly sent: ReadonlyMap<string, string>
  readonly sentJson: JsonObject
  readonly answered: JsonObject
  readonly redirected: URLSearchParams
  readonly basic: string | undefined
  readonly bearer: string | undefined
  readonly claims: JsonObject | undefined
  /** Of the form in a page that was shown. */
  readonly hidden: readonly string[]
}

/** Takes a request, its body and its reply apart. */
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

/** Secrets by their fingerprints. A token that was presented under any name is the same token. */
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

/** The client_id, wherever the exchange says it. */
export function clientOf(path: string, { sent, answered, basic, claims }: Parts): string | undefined {
  const assertion = sent.get('client_assertion')
  const inPath = /^\/oauth\/register\/([^/]+)$/.exec(path)?.[1]
  const registered = path === '/oauth/register' ? answered['client_id'] : undefined
  const named = [registered, sent.get('client_id'), basic, inPath, answered['client_id'], claims?.['client_id'],
    assertion && claimsOf(assertion)?.['sub'], clientOfReturn(sent.get('return_to'))]
    .find((name): name is string => typeof name === 'string' && name !== '')
  return named?.slice(0, 300)
}

/** What the client calls itself, where it registers. */
export function clientNameOf(path: string, { sentJson: { client_name } }: Parts): string | undefined {
  return path.startsWith('/oauth/register') && typeof client_name === 'string' ? client_name : undefined
}

/** What the path does not say: the MCP method and its tool, the name of a client, the grant type, the decision. */
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

/** The claims of a token that need not be valid: they are shown, never believed. */
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

/** After the sign-in the browser goes back to an authorization request, which is that of a client. */
function clientOfReturn(return_to: string | undefined): string | undefined {
  return new URLSearchParams(return_to?.split('?')[1]).get('client_id') ?? undefined
}
