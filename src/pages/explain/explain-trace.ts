/**
 * The very request that broke a rule, by the trace id that its `error_uri` carried. The id cannot be guessed and went to
 * nobody but the one that was refused, so it opens this request from anywhere; the flow around it is for this machine alone.
 */
import type { Config } from '../../base/config/config.ts'
import type { Context } from '../../core/context/context.ts'
import type { Exchange } from '../../flow/exchange.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import { recorderOf, type FlowRecorder } from '../../flow/recorder.ts'
import { html, type Html } from '../../base/ui/html.ts'
import type { Request } from '../../base/http/message.ts'
import { notice } from '../../base/ui/parts.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { findRule } from '../../catalogue/catalogue.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { missOf, type ShownVerdict } from '../../base/rules/shown-verdict.ts'
import { isLocal } from '../flow/flow.ts'
import { comparison } from './verdict.ts'

interface Traced {
  readonly flow: Flow
  readonly exchange: Exchange
  /** Of the rule that is explained, or of the one for which it stands. */
  readonly verdict: ShownVerdict | undefined
}

/** What happened, for the page; undefined where no request is asked for, or none is recorded. */
export function traceSection(rule: Rule, request: Request, context: Context): Html | undefined {
  const { config } = context
  const recorder = recorderOf(context)
  const id = new URLSearchParams(request.query).get('trace')
  if (id === null || recorder === undefined) return undefined
  const traced = find(rule, id, recorder)
  if (traced === undefined) return notice('neutral', forgotten)
  const { flow, exchange: { id: exchangeId, time, from, method, target, title, status }, verdict } = traced
  const [path] = target.split('?', 1)
  const told = cause(traced, context)
  // The client was told of another rule than the one that was broken, where the two are not to be told apart.
  const behind = verdict && verdict.rule !== rule.id ? verdict.rule : undefined
  return notice('bad', html`<h2>Your request</h2>
<p>At ${clock(time)} the ${from} sent <code>${method} ${plainText(path!)}</code>${
  title ? html` (${plainText(title)})` : undefined}, and it was answered with ${status}${
  behind && html` by the rule <a href="${config.issuer}/explain/${behind}?trace=${id}">${behind}</a>`}.</p>
${verdict && comparison(verdict)}
${told && html`<p>${told}</p>`}
${behind && html`<p>${findRule(behind)?.remedy}</p>`}
${isLocal(request) ? seeInFlow(`${config.basePath}/flow/${flow.id}?open=${exchangeId}#x-${exchangeId}`) : undefined}`)
}

/** The same for a program. */
export function describeTrace(rule: Rule, request: Request, context: Context): Record<string, unknown> {
  const id = new URLSearchParams(request.query).get('trace')
  const recorder = recorderOf(context)
  const traced = id === null || recorder === undefined ? undefined : find(rule, id, recorder)
  if (traced === undefined) return {}
  const { exchange: { time, method, target, status }, verdict } = traced
  const nearest_miss = verdict && missOf(verdict)
  return { request: { time, method, target, status, ...verdict, nearest_miss, cause: cause(traced, context) } }
}

const forgotten = html`<p>The request that led here is no longer kept, or belongs to no flow: the newest flows are, until the
server stops.</p>`

function seeInFlow(url: string): Html {
  return html`<p><a href="${url}">See it in its flow</a></p>`
}

/** The request with that trace id, and what it says about a rule. */
function find(rule: Rule, id: string, recorder: FlowRecorder): Traced | undefined {
  const found = recorder.trace(id)
  const broken = found?.exchange.verdicts.filter(({ passed }) => !passed) ?? []
  const verdict = broken.findLast(verdict => verdict.rule === rule.id)
    ?? broken.findLast(verdict => findRule(verdict.rule)?.shownAs === rule)
  return found && { ...found, verdict }
}

/** What the record of other requests adds. */
function cause({ exchange, verdict }: Traced, context: Context): string | undefined {
  const { config } = context
  const recorder = recorderOf(context)
  if (recorder === undefined) return undefined
  switch (verdict?.rule) {
    case 'code-verifier-matches': return causeOfVerifier(verdict, recorder)
    case 'code-is-known': return causeOfUnknownCode(verdict, exchange, config, recorder)
    case 'code-is-fresh': return causeOfExpiry(verdict, exchange, recorder)
    case 'code-is-unused': return causeOfReuse('code', exchange, recorder)
    case 'refresh-token-is-unused': return causeOfReuse('refresh_token', exchange, recorder)
    default: return undefined
  }
}

function causeOfVerifier({ received, expected = [] }: ShownVerdict, recorder: FlowRecorder): string {
  const requestWith = (challenge: string | undefined): Exchange | undefined => allExchanges(recorder)
    .find(({ target }) => challenge !== undefined && target.includes(`code_challenge=${challenge}`))
  const [own, other] = [requestWith(expected[0]), requestWith(received)]
  const codeOf = own ? ` The code belongs to the one of ${clock(own.time)}.` : ''
  return other ? `The verifier belongs to another authorization request, the one of ${clock(other.time)}.${codeOf}`
    : `The verifier belongs to no authorization request that is recorded here.${codeOf}`
}

function causeOfUnknownCode(
  { received }: ShownVerdict, exchange: Exchange, { authorizationCodeLifetime }: Config, recorder: FlowRecorder,
): string {
  const issued = issuanceOf(received, recorder)
  if (issued === undefined) return 'No authorization response that is recorded here carried it.'
  const age = exchange.time - issued.time
  const why = age > authorizationCodeLifetime ? 'it has expired, and is forgotten since'
    : 'it was withdrawn since, or had to give way to newer ones'
  return `It was issued at ${clock(issued.time)}, ${span(age)} earlier: ${why}.`
}

function causeOfExpiry({ received = '' }: ShownVerdict, exchange: Exchange, recorder: FlowRecorder): string | undefined {
  const issued = issuanceOf(sentSecret('code', exchange.request.body), recorder)
  if (issued === undefined) return undefined
  const [lifetime, age] = [Date.parse(received) / 1000 - issued.time, exchange.time - issued.time]
  return `It was issued at ${clock(issued.time)}, to live ${span(lifetime)}; ${span(age)} had passed.`
}

/** The exchange whose redirect carried the code of this fingerprint. */
function issuanceOf(code: string | undefined, recorder: FlowRecorder): Exchange | undefined {
  if (code === undefined) return undefined
  return allExchanges(recorder).find(({ response }) => response.headers['location']?.includes(`code=${code}`))
}

function causeOfReuse(name: string, exchange: Exchange, recorder: FlowRecorder): string | undefined {
  const secret = sentSecret(name, exchange.request.body)
  if (secret === undefined) return undefined
  const redeemed = allExchanges(recorder).filter(({ status, target }) => target === '/oauth/token' && status === 200)
  const first = redeemed.find(({ request }) => sentSecret(name, request.body) === secret)
  if (first === undefined) return undefined
  const age = exchange.time - first.time
  return `It was used before: at ${clock(first.time)}, ${span(age)} earlier, and tokens were issued for it then.`
}

/** What the record of a form has in the place of a secret: two that are equal have one hash. */
function sentSecret(name: string, form: string): string | undefined {
  return new RegExp(`(?:^|&)${name}=(sha256:[\\w-]+)`).exec(form)?.[1]
}

function allExchanges(recorder: FlowRecorder): readonly Exchange[] {
  return recorder.list().flatMap(({ exchanges }) => exchanges).sort((a, b) => a.time - b.time)
}

function clock(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(11, 23)} UTC`
}

function span(seconds: number): string {
  return `${Math.round(seconds * 10) / 10} s`
}
