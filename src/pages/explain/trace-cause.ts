/** Why a rule was broken, as far as other recorded requests tell: when a code was issued, or when it was used before. */
import type { Exchange } from '../../flow/exchange.ts'
import type { FlowRecorder } from '../../flow/recorder.ts'
import type { ShownVerdict } from '../../base/rules/shown-verdict.ts'

/** The cause in one or two sentences. `codeLifetime` is in seconds. */
export function causeOf(verdict: ShownVerdict, exchange: Exchange, recorder: FlowRecorder, codeLifetime: number): string | undefined {
  const recorded = recorder.list().flatMap(({ exchanges }) => exchanges).sort((a, b) => a.time - b.time)
  switch (verdict.rule) {
    case 'code-verifier-matches': return causeOfVerifier(verdict, recorded)
    case 'code-is-known': return causeOfUnknownCode(verdict, exchange, recorded, codeLifetime)
    case 'code-is-fresh': return causeOfExpiry(verdict, exchange, recorded)
    case 'code-is-unused': return causeOfReuse('code', exchange, recorded)
    case 'refresh-token-is-unused': return causeOfReuse('refresh_token', exchange, recorded)
    default: return undefined
  }
}

/** The time of day of a NumericDate. */
export function clock(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(11, 23)} UTC`
}

function causeOfVerifier({ received, expected = [] }: ShownVerdict, recorded: readonly Exchange[]): string {
  const requestWith = (challenge: string | undefined): Exchange | undefined => (
    recorded.find(({ target }) => challenge !== undefined && target.includes(`code_challenge=${challenge}`)))
  const ofCode = requestWith(expected[0])
  const ofVerifier = requestWith(received)
  const sentences = [
    ofVerifier ? `The code_verifier belongs to a different authorization request, sent at ${clock(ofVerifier.time)}.`
      : 'The code_verifier does not belong to any recorded authorization request.',
    ofCode ? `The code was issued for the request sent at ${clock(ofCode.time)}.` : '',
  ]
  return sentences.join(' ').trim()
}

function causeOfUnknownCode(
  { received }: ShownVerdict, exchange: Exchange, recorded: readonly Exchange[], codeLifetime: number,
): string {
  const issued = issuanceOf(received, recorded)
  if (issued === undefined) return 'No recorded authorization response contains this code.'
  const age = exchange.time - issued.time
  const why = age > codeLifetime ? 'It has expired, and the server no longer keeps it.'
    : 'It has been revoked since, or dropped for newer codes.'
  return `The code was issued at ${clock(issued.time)}, ${span(age)} earlier. ${why}`
}

function causeOfExpiry({ received = '' }: ShownVerdict, exchange: Exchange, recorded: readonly Exchange[]): string | undefined {
  const issued = issuanceOf(sentSecret('code', exchange), recorded)
  if (issued === undefined) return undefined
  const lifetime = Date.parse(received) / 1000 - issued.time
  const age = exchange.time - issued.time
  return `The code was issued at ${clock(issued.time)} with a lifetime of ${span(lifetime)}. It was redeemed after ${span(age)}.`
}

function causeOfReuse(name: string, exchange: Exchange, recorded: readonly Exchange[]): string | undefined {
  const secret = sentSecret(name, exchange)
  if (secret === undefined) return undefined
  const first = recorded.find(other => (
    other.target === '/oauth/token' && other.status === 200 && sentSecret(name, other) === secret))
  return first && `It was first used at ${clock(first.time)}, ${span(exchange.time - first.time)} earlier, and tokens were issued for it.`
}

/** The exchange whose redirect carried the code with this fingerprint. */
function issuanceOf(code: string | undefined, recorded: readonly Exchange[]): Exchange | undefined {
  return recorded.find(({ response }) => code !== undefined && response.headers['location']?.includes(`code=${code}`))
}

/** The fingerprint that stands for a secret in a recorded form. Equal secrets have equal fingerprints. */
function sentSecret(name: string, { request }: Exchange): string | undefined {
  return new RegExp(`(?:^|&)${name}=(sha256:[\\w-]+)`).exec(request.body)?.[1]
}

function span(seconds: number): string {
  return `${Math.round(seconds * 10) / 10} s`
}
