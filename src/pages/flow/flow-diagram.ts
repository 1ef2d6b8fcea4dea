/**
 * A flow as a sequence diagram: a list of messages, drawn as arrows between four lifelines. It is a text list first, so it
 * also reads well without the drawing. Every arrow opens to show the request, the response, and the rules that ran.
 */
import { parties, type Exchange, type Message, type Party } from '../../flow/exchange.ts'
import { isExpectedChallenge, refusalOf, type Ending } from '../../flow/ending.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import { parseJson } from '../../base/protocol/json.ts'
import { html, type Html } from '../../base/ui/html.ts'
import { badge, counted } from '../../base/ui/parts.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { verdictItem } from '../explain/verdict.ts'

export interface DiagramOptions {
  /** The base path of links. Undefined for a page without links. */
  readonly base: string | undefined
  /** The id of the exchange that is shown open. */
  readonly open?: string | undefined
}

export function diagram({ exchanges, dropped }: Flow, options: DiagramOptions): Html {
  const [first] = exchanges
  return html`<div class="diagram">
<div class="lifelines" aria-hidden="true">${parties.map(party => html`<span>${breakable(party)}</span>`)}</div>
${dropped > 0 ? html`<p class="muted small">${counted(dropped, 'earlier message')} no longer kept.</p>` : undefined}
<ol id="diagram">${exchanges.map(exchange => arrow(exchange, first!.time, options))}
</ol>
</div>`
}

/** One exchange: the request as an arrow, the response as a dashed arrow back, and their details. */
export function arrow(exchange: Exchange, startTime: number, { base, open }: DiagramOptions): Html {
  const { id, from, to, method, target, title, time, duration } = exchange
  const [path, query] = split(target)
  const call = html`<b>${method}</b> <span class="path">${plainText(path)}</span>${
    query ? html`<span class="muted">?…</span>` : undefined}${title ? html` <em>${plainText(title)}</em>` : undefined}`
  const when = `${Math.max(0, time - startTime).toFixed(2)} s`
  const took = `${duration < 10 ? duration.toFixed(1) : Math.round(duration)} ms`
  return html`
<li id="x-${id}" class="${tone(exchange)}"><details${open === id ? html` open` : undefined}>
<summary>
<span class="call ${lane(from)}"><span class="unseen">${from} to ${to}: </span>${call}</span>
<span class="line ${lane(from)} ${lane(to)}-end"></span>
<span class="answer ${lane(from)}"><span class="unseen">answered: </span>${outcome(exchange)}
<span class="muted small">${when} · ${took}</span></span>
<span class="line back ${lane(from)} ${lane(to)}-end"></span>
${redirectArrow(exchange)}
</summary>
${details(exchange, base)}
</details></li>`
}

/** How a flow ended, in a few words and a color. */
export function endingBadge({ kind, text, rule }: Ending): Html {
  const badgeKind = ({ good: 'passed', bad: 'failed', open: 'neutral' } as const)[kind]
  return badge(badgeKind, rule === undefined || text.startsWith('denied') ? text : `${text} by ${plainText(rule)}`)
}

/** The name of a lifeline. A soft hyphen lets a small screen break its longest word. */
function breakable(party: Party): string {
  return party.replace('authori', 'authori\u00ad')
}

function lane(party: Party): string {
  return `lane-${parties.indexOf(party) + 1}`
}

/** The class that colors an exchange. */
function tone(exchange: Exchange): string {
  const rule = refusalOf(exchange)
  if (rule !== undefined) return isExpectedChallenge(exchange, rule) ? 'expected' : 'bad'
  return exchange.status >= 400 ? 'bad' : 'good'
}

/** The status, with the rule that refused the request or the number of checks. */
function outcome(exchange: Exchange): Html {
  const { status, verdicts } = exchange
  const rule = refusalOf(exchange)
  if (rule !== undefined) {
    return html`<b class="status">${status}</b> ${isExpectedChallenge(exchange, rule) ? rule : `✗ ${plainText(rule)}`}`
  }
  return html`<b class="status">${status}</b>${
    verdicts.length > 0 ? html` <span class="small">${counted(verdicts.length, 'check')}</span>` : undefined}`
}

/** The browser takes the authorization response to the redirect URI of the client. This server does not see that request. */
function redirectArrow({ from, response }: Exchange): Html | undefined {
  const location = response.headers['location'] ?? ''
  if (from !== 'user agent' || !/[?&](?:code|error)=/.test(location)) return undefined
  const [redirectUri] = split(location)
  return html`<span class="call lane-1"><span class="unseen">user agent to client, not seen by this server: </span>redirected to
<span class="path">${plainText(redirectUri)}</span> <span class="muted small">not seen here</span></span>
<span class="line unseen-leg lane-1 lane-2-end"></span>`
}

/** The details of an exchange. */
function details(exchange: Exchange, base: string | undefined): Html {
  const { from, to, status, request, response, claims, verdicts } = exchange
  const rule = refusalOf(exchange)
  const isExpected = rule !== undefined && isExpectedChallenge(exchange, rule)
  const failed = verdicts.filter(({ passed }) => !passed)
  const passed = verdicts.filter(({ passed }) => passed)
  return html`<div class="details">
${failed.length > 0 ? html`<ul class="verdicts">${failed.map(verdict => verdictItem(verdict, base, isExpected))}</ul>` : undefined}
${isExpected ? expectedNote : undefined}
<div class="messages">
<div><h3>Request from the ${from}</h3>
<pre tabindex="0">${requestLine(exchange)}
${headerLines(request)}${bodyText(request)}</pre></div>
<div><h3>Response from the ${to}</h3>
<pre tabindex="0">${status}
${headerLines(response)}${bodyText(response)}</pre></div>
</div>
${claims === undefined ? undefined : html`<h3>Claims of the access token</h3>
<pre tabindex="0">${pretty(claims)}</pre>`}
${passed.length > 0 ? html`<details class="passed"><summary>${counted(passed.length, 'rule')} passed</summary>
<ul class="verdicts">${passed.map(verdict => verdictItem(verdict, base))}</ul></details>` : undefined}
</div>`
}

const expectedNote = html`<p class="muted">This is expected. Clients send such a request to find out what to do next.</p>`

/** The method and the target, with one parameter per line. */
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

/** Indented JSON. Any other text is left as it is. */
function pretty(text: string): string {
  const parsed = /^[{[]/.test(text) ? parseJson(text) : { problem: '' }
  return plainText('value' in parsed ? JSON.stringify(parsed.value, undefined, 2) : text)
}

function split(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}
