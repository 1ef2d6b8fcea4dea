/** The WWW-Authenticate header of a 401 or 403 (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). */

interface Challenge {
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const token = "[!#$%&'*+.^_`|~\\w-]+"
const quotedString = String.raw`"((?:[^"\\]|\\.)*)"`
const token68 = String.raw`[\w\-.~+/]+=*`

/**
 *     challenge   = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
 *     auth-param  = token BWS "=" BWS ( token / quoted-string )        RFC 9110 section 11
 *
 * Several challenges stand in one header, separated by commas: a token that is followed by another token begins one.
 */
const part = new RegExp(
  String.raw`[\s,]*(?:(${token})\s*=\s*(?:${quotedString}|(${token}))|(${token})(?:\s+${token68}(?=\s*(?:,|$)))?)`, 'y',
)

export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  part.lastIndex = 0
  for (let match = part.exec(header); match; match = part.exec(header)) {
    const [, name, quoted, plain, scheme] = match
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() })
    const parameters = challenges.at(-1)?.parameters
    // Of a parameter that comes twice the first counts, as with every parser that looks for the first.
    if (name !== undefined && parameters && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain!)
    }
  }
  return challenges
}

/** The parameters of the challenge that a bearer or DPoP token answers; empty where there is none. */
export function tokenChallenge(headers: Headers): ReadonlyMap<string, string> {
  const challenges = parseChallenges(headers.get('www-authenticate') ?? '')
  const found = challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'dpop')
  return found?.parameters ?? new Map()
}
