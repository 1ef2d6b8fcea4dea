/**
 * Removes secrets from messages before they are shown or logged. A short hash takes the place of each secret, so that the same
 * secret can be recognized in two places.
 */
import { fingerprint } from './crypto.ts'

/** The end of a name decides: `access_token` and `registration_access_token` are secrets, `token_type` is not. */
const secretName = new RegExp([
  '(?:^|_)(?:token|secret|password|verifier|assertion)$',
  '^(?:(?:user|device|authorization|auth)_)?code$',
  '^(?:api|private)_key$',
].join('|'))

/** The progress token of MCP is a label that the client chooses, not a credential. */
const publicNames: ReadonlySet<string> = new Set(['progress_token'])

const secretHeader = /authorization|cookie|token|secret|session|api-?key|password|credential|signature|^dpop$/

/** The shape of a JWT: three parts in base64url. The lookbehind keeps matching linear in long text. */
const threeParts = /(?<![\w-])[\w-]+\.[\w-]+\.[\w-]*/g

/** Whether a member, field or parameter of this name is a secret, in any spelling (`clientSecret`, `Client-Secret`). */
export function isSecretName(name: string): boolean {
  const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_').toLowerCase()
  return secretName.test(snake) && !publicNames.has(snake)
}

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redactHeader(name.toLowerCase(), value)]))
}

/** A query or a form, decoded for reading. `&` stays encoded, so that one parameter does not look like two. */
export function redactParameters(text: string): string {
  const shown = (part: string): string => redactText(part).replaceAll('&', '%26')
  return [...new URLSearchParams(text)]
    .map(([name, value]) => `${shown(name)}=${isSecretName(name) ? fingerprint(value) : shown(value)}`).join('&')
}

/** Redacts the query and the fragment, because either can carry an authorization response. */
export function redactUrl(url: string): string {
  return redactText(url.replace(/([?#])([^?#]*)/g, (_part, mark: string, parameters: string) => (
    parameters.includes('=') ? mark + redactParameters(parameters) : mark + parameters)))
}

/** Redacts a body by its media type. Of a body that is not a form, JSON or events, only the length is shown. */
export function redactBody(body: string, mediaType: string): string {
  if (body === '') return ''
  if (mediaType === 'application/x-www-form-urlencoded') return redactParameters(body)
  if (mediaType === 'application/json') return redactJson(body)
  if (mediaType === 'text/event-stream') {
    return body.replace(/^data: ?(.+)$/gm, (_line, data: string) => `data: ${redactJson(data)}`)
  }
  return `${body.length} characters of ${mediaType || 'unknown type'}`
}

/** Redacts free text: everything that looks like a JWT, and every `name=value` or `"name": "value"` with the name of a secret. */
export function redactText(text: string): string {
  return text
    .replace(threeParts, parts => isJwt(parts) ? fingerprint(parts) : parts)
    .replace(/\b([A-Za-z_-]{4,40})(=)([^\s&;,"'<>]+)/g, (all, name: string, sign: string, value: string) => (
      isSecretName(name) && !value.startsWith('sha256:') ? name + sign + fingerprint(value) : all))
    .replace(/"([A-Za-z_-]{4,40})"(\s*:\s*)"([^"]*)"/g, (all, name: string, sign: string, value: string) => (
      isSecretName(name) && !value.startsWith('sha256:') ? `"${name}"${sign}"${fingerprint(value)}"` : all))
}

/** The header of a JWT begins with `{"`, which is `eyJ` in base64url. */
function isJwt(parts: string): boolean {
  return parts.includes('eyJ')
}

function redactHeader(name: string, value: string): string {
  if (name === 'location' || name === 'content-location' || name === 'referer') return redactUrl(value)
  if (!secretHeader.test(name)) return redactText(value)
  // With an unknown scheme, even the first word may be the secret.
  const [, scheme, credentials] = /^(Basic|Bearer|DPoP) +(.+)$/i.exec(value) ?? []
  return scheme === undefined ? fingerprint(value) : `${scheme} ${fingerprint(credentials!)}`
}

function redactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, redactMember))
  } catch {
    return `${text.length} characters that are not JSON`
  }
}

/** A number is never a secret: `code` in a JSON-RPC error, for example. */
function redactMember(name: string, value: unknown): unknown {
  const secret = isSecretName(name)
  if (typeof value === 'string') return secret ? fingerprint(value) : redactText(value)
  return secret && typeof value === 'object' && value !== null ? fingerprint(JSON.stringify(value)) : value
}
