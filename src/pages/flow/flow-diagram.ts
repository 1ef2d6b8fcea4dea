/**
 * A flow as a sequence diagram: a list in the order of time, whose items are drawn as arrows between four lifelines. It is
 * text first, so it reads without the drawing, and every arrow opens to what was sent, what was answered and why.
 */
import { parties, type Exchange, type Message, type Party } from '../../flow/exchange.ts'
import { isExpectedChallenge, refusalOf, type Ending } from '../../flow/ending.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import { parseJson } from '../../base/protocol/json.ts'
import { html, type Html } from '../../base/ui/html.ts'
import { badge } from '../../base/ui/parts.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { verdictItem } from '../explain/verdict.ts'

/** Where a diagram stands, and how it is shown first. */
export interface DiagramOptions {
  /** What stands before the path of a link; a page without links has none. */
  readonly base: string | undefined
  /** The exchange that is open at the beginning. */
  readonly open?: string | undefined
}

/** The lifelines, and each exchange as an arrow. */
export function diagram({ exchanges, dropped }: Flow, options: DiagramOptions): Html {
  const [first] = exchanges
  return html`<div class="diagram">
<div class="lifelines" aria-hidden="true">${parties.map(party => html`<span>${breakable(party)}</span>`)}</div>
${dropped > 0 ? html`<p class="muted small">${dropped} earlier messages are no longer kept.</p>` : undefined}
<ol id="diagram">${exchanges.map(exchange => arrow(exchange, first!.time, options))}
</ol>
</div>`
}

/** One exchange: the request as an arrow, the answer as a dashed one back, and what is behind them. */
export function arrow(exchange: Exchange, begun: number, { base, open }: DiagramOptions): Html {
  const { id, from, to, method, target, title, time, duration } = exchange
  const [path, query] = split(target)
  const call = html`<b>${method}</b> <span class="path">${plainText(path)}</span>${
    query ? html`<span class="muted">?…</span>` : undefined}${title ? html` <em>${plainText(title)}</em>` : undefined}`
  const when = `${Math.max(0, time - begun).toFixed(2)} s`
  const took = `${duration < 10 ? duration.toFixed(1) : Math.round(duration)} ms`
  return html`
<li id="x-${id}" class="${tone(exchange)}"><details${open === id ? html` open` : undefined}>
<summary>
<span class="call ${lane(from)}"><span class="unseen">${from} to ${to}: </span>${call}</span>
<span class="line ${lane(from)} ${lane(to)}-end"></span>
<span class="answer ${lane(from)}"><span class="unseen">answered: </span>${outcome(exchange)}
<span class="muted small">${when} · ${took}</span></span>
<span class="line back ${lane(from)} ${lane(to)}-end"></span>
${goesOn(exchange)}
</summary>
${inside(exchange, base)}
</details></li>`
}

/** How a flow ended, in a word; its colour says the same. */
export function endingBadge({ kind, text, rule }: Ending): Html {
  const badgeKind = ({ good: 'passed', bad: 'failed', open: 'neutral' } as const)[kind]
  return badge(badgeKind, rule === undefined || text.startsWith('denied') ? text : `${text} by ${plainText(rule)}`)
}

/** `3 checks`, `1 check`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The name of a lifeline, which a small screen may break at its longest word. */
function breakable(party: Party): string {
  return party.replace('authori', 'authori\u00ad')
}

function lane(party: Party): string {
  return `lane-${parties.indexOf(party) + 1}`
}

/** Which colours an exchange has. */
function tone(exchange: Exchange): string {
  const rule = refusalOf(exchange)
  if (rule !== undefined) return isExpectedChallenge(exchange, rule) ? 'usual' : 'bad'
  return exchange.status >= 400 ? 'bad' : 'good'
}

/** The status, and the rule that decided. */
function outcome(exchange: Exchange): Html {
  const { status, verdicts } = exchange
  const rule = refusalOf(exchange)
  if (rule !== undefined) {
    return html`<b class="status">${status}</b> ${isExpectedChallenge(exchange, rule) ? rule : html`✗ ${plainText(rule)}`}`
  }
  const checks = verdicts.length > 0 ? html` <span class="small">${counted(verdicts.length, 'check')}</span>` : undefined
  return html`<b class="status">${status}</b>${checks}`
}

/** The leg that no server sees: the browser carries the authorization response to the redirect URI of the client. */
function goesOn({ from, response }: Exchange): Html | undefined {
  const location = response.headers['location'] ?? ''
  if (from !== 'user agent' || !/[?&](?:code|error)=/.test(location)) return undefined
  const [redirectUri] = split(location)
  return html`<span class="call lane-1"><span class="unseen">user agent to client, not seen by this server: </span>goes on to
<span class="path">${plainText(redirectUri)}</span> <span class="muted small">not seen here</span></span>
<span class="line unseen-leg lane-1 lane-2-end"></span>`
}

/** What an arrow opens to. */
function inside(exchange: Exchange, base: string | undefined): Html {
  const { from, to, status, request, response, claims, verdicts } = exchange
  const broken = verdicts.filter(({ passed }) => !passed)
  const rule = refusalOf(exchange)
  const isUsual = rule !== undefined && isExpectedChallenge(exchange, rule)
  const held = verdicts.filter(({ passed }) => passed)
  return html`<div class="inside">
${broken.length > 0 ? html`<ul class="verdicts">${broken.map(verdict => verdictItem(verdict, base, isUsual))}</ul>` : undefined}
${isUsual ? usual : undefined}
<div class="messages">
<div><h3>${capital(from)} asks</h3>
<pre tabindex="0">${requestLine(exchange)}
${headerLines(request)}${bodyText(request)}</pre></div>
<div><h3>${capital(to)} answers</h3>
<pre tabindex="0">${status}
${headerLines(response)}${bodyText(response)}</pre></div>
</div>
${claims === undefined ? undefined : html`<h3>Claims of the access token</h3>
<pre tabindex="0">${pretty(claims)}</pre>`}
${held.length > 0 ? html`<details class="held"><summary>${counted(held.length, 'rule')} held</summary>
<ul class="verdicts">${held.map(verdict => verdictItem(verdict, base))}</ul></details>` : undefined}
</div>`
}

const usual = html`<p class="muted">Clients ask like this to learn how to go on: it belongs to a flow in which all is well.</p>`

/** The method and the target, each parameter on a line of its own. */
function requestLine({ method, target }: Exchange): string {
  const [path, query] = split(target)
  return `${method} ${plainText(path)}${query ? `\n  ?${plainText(query).replaceAll('&', '\n  &')}` : ''}`
}

function headerLines({ headers }: Message): string {
  return Object.entries(headers).map(([name, value]) => `${plainText(name)}: ${plainText(value)}`).join('\n')
}

function bodyText({ headers, body }: Message): string {
  if (body === '') return ''
  const form = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  return `\n\n${form ? plainText(body).replaceAll('&', '\n&') : pretty(body)}`
}

/** JSON as people write it; any other text as it is. */
function pretty(text: string): string {
  const parsed = /^[{[]/.test(text) ? parseJson(text) : { problem: '' }
  return plainText('value' in parsed ? JSON.stringify(parsed.value, undefined, 2) : text)
}

function split(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
