/** How a flow ended, read from its exchanges: the last step that it reached, or the rule that refused it. */
import type { Exchange } from './exchange.ts'
import type { Flow } from './kept-flows.ts'

/** How a flow ended, or how far it has come. */
export interface Ending {
  readonly kind: 'good' | 'bad' | 'open'
  readonly text: string
  /** The rule that refused the request, if one did. */
  readonly rule?: string
}

/** In seconds: an unfinished flow that is silent for longer counts as abandoned. */
const patience = 600

const tokensIssued = 'tokens issued'
const toolCalled = 'tool called'

/** The rule that refused an exchange. A broken rule that led to no error decided nothing. */
export function refusalOf({ status, response, verdicts }: Exchange): string | undefined {
  const refused = status >= 400
    || /[?&]error=/.test(response.headers['location'] ?? '')
    || /"error":\{"code":/.test(response.body)
  return refused ? verdicts.findLast(({ passed }) => !passed)?.rule : undefined
}

/** A refusal that belongs to a healthy flow: the first 401, the GET stream that is not offered, a well-known URI without metadata. */
export function isExpectedChallenge({ method, target, status }: Exchange, rule: string): boolean {
  if (rule === 'access-token-is-sent') return true
  if (status === 405) return method === 'GET' && target === '/mcp'
  return status === 404 && target.startsWith('/.well-known/')
}

/** How a flow ended, or how far it has come: its last step that changed something. */
export function endingOf({ exchanges }: Pick<Flow, 'exchanges'>, now: number): Ending {
  let ending: Ending = { kind: 'open', text: 'started' }
  for (const exchange of exchanges) {
    const step = stepOf(exchange)
    // A client that refreshes its tokens after a tool call has not gone back a step.
    if (step && !(step.text === tokensIssued && ending.text === toolCalled)) ending = step
  }
  const last = exchanges.at(-1)
  const isAbandoned = ending.kind === 'open' && last !== undefined && now - last.time > patience
  return isAbandoned ? { kind: 'open', text: `abandoned: ${ending.text}` } : ending
}

/** What an exchange achieved. Undefined if it changed nothing. */
function stepOf(exchange: Exchange): Ending | undefined {
  const { status, title, target, response } = exchange
  const rule = refusalOf(exchange)
  if (rule === 'access-token-is-sent') return { kind: 'open', text: 'token required' }
  if (rule === 'user-approved') return { kind: 'bad', text: 'denied by the user', rule }
  if (rule !== undefined) return isExpectedChallenge(exchange, rule) ? undefined : { kind: 'bad', text: 'refused', rule }
  if (status >= 400) return { kind: 'bad', text: `answered with ${status}` }
  const path = target.split('?', 1)[0]!
  if (/[?&]code=/.test(response.headers['location'] ?? '')) return { kind: 'open', text: 'code issued' }
  if (path === '/oauth/register') return { kind: 'open', text: 'client registered' }
  if (path === '/oauth/authorize' && status === 200) return { kind: 'open', text: 'waiting for the user' }
  if (path === '/oauth/token') return { kind: 'good', text: tokensIssued }
  if (path === '/oauth/revoke') return { kind: 'good', text: 'token revoked' }
  return title.startsWith('tools/call') ? { kind: 'good', text: toolCalled } : undefined
}
