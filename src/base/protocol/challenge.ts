/** The WWW-Authenticate header of a 401 or 403 (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). */

export interface Challenge {
  readonly scheme: string
  readonly parameters: ChallengeParameters
}

/** The parameters by their names in lower case. */
export type ChallengeParameters = ReadonlyMap<string, string>

const token = "[!#$%&'*+.^_`|~\\w-]+"
const quotedString = String.raw`"((?:[^"\\]|\\.)*)"`
const token68 = String.raw`[\w\-.~+/]+=*`

/**
 *     challenge   = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
 *     auth-param  = token BWS "=" BWS ( token / quoted-string )        RFC 9110 section 11
 *
 * One header can hold several challenges, separated by commas. A token without `=` begins the next one.
 */
const part = new RegExp(
  String.raw`[\s,]*(?:(${token})\s*=\s*(?:${quotedString}|(${token}))|(${token})(?:\s+${token68}(?=\s*(?:,|$)))?)`, 'gy',
)

export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  for (const [, name, quoted, plain, scheme] of header.matchAll(part)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() })
    const parameters = challenges.at(-1)?.parameters
    // If a parameter is repeated the first one counts, as in most parsers.
    if (name !== undefined && parameters && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain!)
    }
  }
  return challenges
}

/** The parameters of the Bearer challenge, or else of the DPoP challenge. Empty if there is neither. */
export function tokenChallenge(headers: Headers): ChallengeParameters {
  const challenges = parseChallenges(headers.get('www-authenticate') ?? '')
  const found = challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'dpop')
  return found?.parameters ?? new Map()
}
