/**
 * What may be shown of a message: everything but its secrets. In the place of a secret stands a short hash, by which
 * two appearances of one secret can be matched.
 */
import { fingerprint } from '../crypto.ts'

const secretMembers: ReadonlySet<string> = new Set([
  'access_token', 'refresh_token', 'id_token', 'token', 'code', 'code_verifier', 'client_secret', 'client_assertion',
  'assertion', 'subject_token', 'actor_token', 'registration_access_token', 'password', 'csrf_token',
])

const secretHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie', 'dpop', 'mcp-session-id'])

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redactHeader(name.toLowerCase(), value)]))
}

/** The query of a URL, or the fields of a form. */
export function redactParameters(text: string): string {
  const parameters = [...new URLSearchParams(text)]
  return parameters.map(([name, value]) => `${name}=${secretMembers.has(name) ? fingerprint(value) : value}`).join('&')
}

/** The query and the fragment, either of which can carry an authorization response. */
export function redactUrl(url: string): string {
  return url.replace(/([?#])([^?#]*)/g, (_part, mark: string, parameters: string) => (
    parameters.includes('=') ? mark + redactParameters(parameters) : mark + parameters))
}

/** A body by its media type; one that is neither form nor JSON is shown by its length alone. */
export function redactBody(body: string, mediaType: string): string {
  if (body === '') return ''
  if (mediaType === 'application/x-www-form-urlencoded') return redactParameters(body)
  if (mediaType === 'application/json') return redactJson(body)
  if (mediaType === 'text/event-stream') return body.replace(/^data: ?(.+)$/gm, (_line, data: string) => `data: ${redactJson(data)}`)
  return `${body.length} characters of ${mediaType || 'unknown type'}`
}

function redactHeader(name: string, value: string): string {
  if (name === 'location') return redactUrl(value)
  if (!secretHeaders.has(name)) return value
  const [, scheme, credentials] = /^(\w+) (.+)$/.exec(value) ?? []
  return scheme === undefined ? fingerprint(value) : `${scheme} ${fingerprint(credentials!)}`
}

function redactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, (name, value: unknown) => (
      typeof value === 'string' && secretMembers.has(name) ? fingerprint(value) : value)))
  } catch {
    return `${text.length} characters that are not JSON`
  }
}
