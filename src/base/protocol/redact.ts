/**
 * What may be shown of a message: everything but its secrets. In the place of a secret stands a short hash, by which
 * two appearances of one secret can be matched.
 */
import { fingerprint } from './crypto.ts'

/** As they end: `access_token` and `registration_access_token` are tokens, `token_type` and `code_challenge` are not. */
const secretName = new RegExp([
  '(?:^|_)(?:token|secret|password|verifier|assertion)$',
  '^(?:(?:user|device|authorization|auth)_)?code$',
  '^(?:api|private)_key$',
].join('|'))

/** The progress token of MCP is a name that the client chose for an answer, and opens nothing. */
const openNames: ReadonlySet<string> = new Set(['progress_token'])

const secretHeader = /authorization|cookie|token|secret|session|api-?key|password|credential|signature|^dpop$/

/**
 * What has the shape of a JWT: three parts in base64url. It begins where no such character stands before, so that a long text
 * is gone through once.
 */
const threeParts = /(?<![\w-])[\w-]+\.[\w-]+\.[\w-]*/g

/** Whether a member, field or parameter of this name is a secret, however it is written (`clientSecret`, `Client-Secret`). */
export function isSecretName(name: string): boolean {
  const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_').toLowerCase()
  return secretName.test(snake) && !openNames.has(snake)
}

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redactHeader(name.toLowerCase(), value)]))
}

/** The query of a URL, or the fields of a form, decoded but for what would make two parameters of one. */
export function redactParameters(text: string): string {
  const shown = (part: string): string => redactText(part).replaceAll('&', '%26')
  return [...new URLSearchParams(text)]
    .map(([name, value]) => `${shown(name)}=${isSecretName(name) ? fingerprint(value) : shown(value)}`).join('&')
}

/** The query and the fragment, either of which can carry an authorization response. */
export function redactUrl(url: string): string {
  return redactText(url.replace(/([?#])([^?#]*)/g, (_part, mark: string, parameters: string) => (
    parameters.includes('=') ? mark + redactParameters(parameters) : mark + parameters)))
}

/** A body by its media type; one that is neither form nor JSON is shown by its length alone. */
export function redactBody(body: string, mediaType: string): string {
  if (body === '') return ''
  if (mediaType === 'application/x-www-form-urlencoded') return redactParameters(body)
  if (mediaType === 'application/json') return redactJson(body)
  if (mediaType === 'text/event-stream') {
    return body.replace(/^data: ?(.+)$/gm, (_line, data: string) => `data: ${redactJson(data)}`)
  }
  return `${body.length} characters of ${mediaType || 'unknown type'}`
}

/** Running text, in which a secret has no name: what is a token by its shape, or is named within the text. */
export function redactText(text: string): string {
  return text
    .replace(threeParts, parts => isJwt(parts) ? fingerprint(parts) : parts)
    .replace(/\b([A-Za-z_-]{4,40})(=)([^\s&;,"'<>]+)/g, (all, name: string, sign: string, value: string) => (
      isSecretName(name) && !value.startsWith('sha256:') ? name + sign + fingerprint(value) : all))
    .replace(/"([A-Za-z_-]{4,40})"(\s*:\s*)"([^"]*)"/g, (all, name: string, sign: string, value: string) => (
      isSecretName(name) && !value.startsWith('sha256:') ? `"${name}"${sign}"${fingerprint(value)}"` : all))
}

/** The first part of a JWT begins with `{"`. */
function isJwt(parts: string): boolean {
  return parts.includes('eyJ')
}

function redactHeader(name: string, value: string): string {
  if (name === 'location' || name === 'content-location' || name === 'referer') return redactUrl(value)
  if (!secretHeader.test(name)) return redactText(value)
  // Of an unknown scheme even the first word may be the secret.
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

/** A number under such a name is none: `code` of a JSON-RPC error is one. */
function redactMember(name: string, value: unknown): unknown {
  const secret = isSecretName(name)
  if (typeof value === 'string') return secret ? fingerprint(value) : redactText(value)
  return secret && typeof value === 'object' && value !== null ? fingerprint(JSON.stringify(value)) : value
}
