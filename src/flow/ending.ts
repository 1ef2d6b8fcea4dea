/** How a flow ended, read off its exchanges: what was reached last, or the rule that refused. */
import type { Exchange } from './exchange.ts'
import type { Flow } from './kept-flows.ts'

/** How a flow ended, or how far it is. */
export interface Ending {
  readonly kind: 'good' | 'bad' | 'open'
  readonly text: string
  /** The rule that refused, where one did. */
  readonly rule?: string
}

/** Seconds after which a flow that leads nowhere counts as abandoned. */
const patience = 600

const tokensIssued = 'tokens issued'
const toolCalled = 'tool called'

/** The rule that an exchange was refused by. A rule that was broken and led to no error decided nothing. */
export function refusalOf({ status, response, verdicts }: Exchange): string | undefined {
  const refused = status >= 400
    || /[?&]error=/.test(response.headers['location'] ?? '')
    || /"error":\{"code":/.test(response.body)
  return refused ? verdicts.findLast(({ passed }) => !passed)?.rule : undefined
}

/** Refusals that are part of a healthy flow: the first challenge, the stream that is not offered, a document that is not here. */
export function isUsualRefusal({ method, target, status }: Exchange, rule: string): boolean {
  return rule === 'access-token-is-sent'
    || (status === 405 && method === 'GET' && target === '/mcp')
    || (status === 404 && target.startsWith('/.well-known/'))
}

/** How a flow ended, or how far it is by now: its last step of which there is something to say. */
export function endingOf({ exchanges }: Pick<Flow, 'exchanges'>, now: number): Ending {
  let ending: Ending = { kind: 'open', text: 'begun' }
  for (const exchange of exchanges) {
    const step = stepOf(exchange)
    // A client that refreshes after its calls has not gone back.
    if (step && !(step.text === tokensIssued && ending.text === toolCalled)) ending = step
  }
  const last = exchanges.at(-1)
  const isAbandoned = ending.kind === 'open' && last !== undefined && now - last.time > patience
  return isAbandoned ? { kind: 'open', text: `abandoned: ${ending.text}` } : ending
}

/** What an exchange reached; undefined where it changed nothing. */
function stepOf(exchange: Exchange): Ending | undefined {
  const { status, title, target, response } = exchange
  const rule = refusalOf(exchange)
  if (rule !== undefined) {
    if (rule === 'access-token-is-sent') return { kind: 'open', text: 'asked for a token' }
    if (isUsualRefusal(exchange, rule)) return undefined
    return { kind: 'bad', text: rule === 'user-approved' ? 'denied by the user' : 'refused', rule }
  }
  if (status >= 400) return { kind: 'bad', text: `answered with ${status}` }
  const path = target.split('?', 1)[0]!
  if (/[?&]code=/.test(response.headers['location'] ?? '')) return { kind: 'open', text: 'code issued' }
  if (path === '/oauth/register') return { kind: 'open', text: 'client registered' }
  if (path === '/oauth/authorize' && status === 200) return { kind: 'open', text: 'waits for the user' }
  if (path === '/oauth/token') return { kind: 'good', text: tokensIssued }
  if (path === '/oauth/revoke') return { kind: 'good', text: 'token revoked' }
  return title.startsWith('tools/call') ? { kind: 'good', text: toolCalled } : undefined
}
