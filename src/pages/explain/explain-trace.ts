/**
 * The request that broke a rule, found by the trace id from its `error_uri`. The id is unguessable and was sent only to the
 * client that was refused, so it shows this one request to anybody who has it. The flow around it is for this machine only.
 */
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
import { causeOf, clock } from './trace-cause.ts'
import { comparison } from './verdict.ts'

interface Traced {
  readonly flow: Flow
  readonly exchange: Exchange
  /** Of the explained rule, or of a rule that is reported as it. */
  readonly verdict: ShownVerdict | undefined
  readonly cause: string | undefined
}

/** What happened, for the page. Undefined if there is no trace id, or nothing is recorded. */
export function traceSection(rule: Rule, request: Request, context: Context): Html | undefined {
  const { config } = context
  const recorder = recorderOf(context)
  const id = traceId(request)
  if (id === undefined || recorder === undefined) return undefined
  const traced = find(rule, id, recorder, config.authorizationCodeLifetime)
  if (traced === undefined) return notice('neutral', forgotten)
  const { flow, exchange: { id: exchangeId, time, from, method, target, title, status }, verdict, cause } = traced
  const [path] = target.split('?', 1)
  // The response named the explained rule in place of this one.
  const broken = verdict && verdict.rule !== rule.id ? verdict.rule : undefined
  return notice('bad', html`<h2>Your request</h2>
<p>At ${clock(time)} the ${from} sent <code>${method} ${plainText(path!)}</code>${
  title ? html` (${plainText(title)})` : undefined}. The server answered with ${status}${
  broken && html`, because of the rule <a href="${config.issuer}/explain/${broken}?trace=${id}">${broken}</a>`}.</p>
${verdict && comparison(verdict)}
${cause && html`<p>${cause}</p>`}
${broken && html`<p>${findRule(broken)?.remedy}</p>`}
${isLocal(request) ? flowLink(`${config.basePath}/flow/${flow.id}?open=${exchangeId}#x-${exchangeId}`) : undefined}`)
}

/** The same as JSON. */
export function describeTrace(rule: Rule, request: Request, context: Context): Record<string, unknown> {
  const recorder = recorderOf(context)
  const id = traceId(request)
  if (id === undefined || recorder === undefined) return {}
  const traced = find(rule, id, recorder, context.config.authorizationCodeLifetime)
  if (traced === undefined) return {}
  const { exchange: { time, method, target, status }, verdict, cause } = traced
  return { request: { time, method, target, status, ...verdict, nearest_miss: verdict && missOf(verdict), cause } }
}

const forgotten = html`<p>The request that led here is not recorded, or not any more. The server keeps only the newest flows, and
only until it stops.</p>`

function flowLink(url: string): Html {
  return html`<p><a href="${url}">See it in its flow</a></p>`
}

function traceId(request: Request): string | undefined {
  return new URLSearchParams(request.query).get('trace') ?? undefined
}

function find(rule: Rule, id: string, recorder: FlowRecorder, codeLifetime: number): Traced | undefined {
  const found = recorder.trace(id)
  if (found === undefined) return undefined
  const broken = found.exchange.verdicts.filter(({ passed }) => !passed)
  const verdict = broken.findLast(verdict => verdict.rule === rule.id)
    ?? broken.findLast(verdict => findRule(verdict.rule)?.shownAs === rule)
  return { ...found, verdict, cause: verdict && causeOf(verdict, found.exchange, recorder, codeLifetime) }
}
