/**
 * `/flow`: the recorded flows, each as a sequence diagram that is drawn while a client runs. It shows what the clients of
 * other people do, so it exists only with `DEBUG=true` and only for a browser on this machine.
 */
import { isLoopbackHost } from '../../base/protocol/loopback.ts'
import type { Context } from '../../core/context/context.ts'
import { endingOf } from '../../flow/ending.ts'
import { readFlowFile, writeFlowFile } from '../../flow/flow-file.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import { recorderOf, type FlowRecorder } from '../../flow/recorder.ts'
import { displayText, html, type Html } from '../../base/ui/html.ts'
import { htmlReply, type Reply, type Request } from '../../base/http/message.ts'
import { readUploadedFile } from '../../base/http/multipart.ts'
import { page, pageReply, type Frame } from '../../base/ui/page.ts'
import { command, counted, notice } from '../../base/ui/parts.ts'
import { isLoopbackAddress } from '../../base/http/special-address.ts'
import { checkFormSite } from '../../core/user/browser.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { diagram, endingBadge } from './flow-diagram.ts'
import { liveScript } from './flow-script.ts'

/** `/flow`: the list of flows, and a diagram of the newest. */
export function flows(request: Request, context: Context): Reply {
  const recorder = recorderFor(request, context)
  const [newest] = recorder.list()
  return pageReply(200, 'Live flow', html`
<p class="lead">Point any MCP client at this server and watch every message: who sent it, who answered, and which rules
decided.</p>
${liveLine('list', seenOf(recorder, newest), context)}
<div class="flow-page">
${flowList(recorder, context, newest?.id)}
${flowSection(newest, context)}
</div>
${openForm(context)}`, { ...frame(context), script: liveScript })
}

/** `/flow/<id>`: one flow. `?as=file` downloads it to open it again, `?as=page` to share it. */
export function flow(request: Request, context: Context): Reply {
  const recorder = recorderFor(request, context)
  const found = recorder.find(request.parameter)
  context.check(pathIsKnown, found !== undefined, request.path)
  const query = new URLSearchParams(request.query)
  if (query.get('as') === 'file') return flowFile(found, context)
  if (query.get('as') === 'page') return flowPage(found, context)
  const settings: Frame = { ...frame(context), subject: titleOf(found), script: liveScript }
  return pageReply(200, 'Live flow', html`
${liveLine(`flow=${found.id}`, seenOf(recorder, found), context)}
${flowSection(found, context, query.get('open') ?? undefined)}
<p><a href="${context.config.basePath}/flow">All flows</a></p>`, settings)
}

/** Shows a saved flow. Nothing of it is stored. */
export async function openFlow(request: Request, context: Context): Promise<Reply> {
  recorderFor(request, context)
  checkFormSite(request, context)
  const text = await readUploadedFile(request, 'file')
  const opened = text ? readFlowFile(text) : { problem: 'No file was chosen.' }
  if ('problem' in opened) {
    return pageReply(400, 'This file cannot be opened', html`${notice('bad', html`<p>${opened.problem}</p>`)}
${openForm(context)}`, frame(context))
  }
  return pageReply(200, 'A flow from a file', html`
${notice('warning', html`<p>This file says that it was saved on ${moment(opened.saved_at)} at
<code>${displayText(opened.issuer)}</code>. This server did not record it, and cannot tell whether it is genuine.</p>`)}
<h2>${titleOf(opened.flow)}</h2>
${diagram(opened.flow, { base: context.config.basePath })}`, { ...frame(context), subject: titleOf(opened.flow) })
}

/** The list of flows. The live page receives it again whenever it changes. */
export function flowList(recorder: FlowRecorder, { config, now }: Context, current: string | undefined): Html {
  const mark = ({ id }: Flow) => id === current ? html` aria-current="true"` : undefined
  const rows = recorder.list().map(flow => html`
<li><a href="${config.basePath}/flow/${flow.id}"${mark(flow)}>${titleOf(flow)}</a>
${endingBadge(endingOf(flow, now()))}
<span class="muted small">${moment(flow.exchanges[0]!.time)}, ${counted(flow.exchanges.length, 'message')}</span></li>`)
  return html`<nav id="flows" class="flows" aria-label="Flows"><h2>Flows</h2>
${rows.length === 0 ? html`<p class="muted">None yet.</p>` : html`<ol>${rows}</ol>`}</nav>`
}

/** The diagram of a flow below its head. */
export function flowSection(flow: Flow | undefined, context: Context, open?: string): Html {
  const { basePath, resource } = context.config
  if (flow === undefined) {
    return html`<section id="flow" class="flow"><h2>No client has connected yet</h2>
<p>Connect a client to</p>${command(resource)}<p>or let the client of this project run the whole flow:</p>
${command(`node dist/client.js --server-url ${context.config.issuer} --demo`)}</section>`
  }
  return html`<section id="flow" class="flow" data-flow="${flow.id}">
${flowHead(flow, context)}
${diagram(flow, { base: basePath, open })}</section>`
}

/** The name of a flow and how far it has come, which changes with every message. */
export function flowHead(flow: Flow, { config, now }: Context): Html {
  return html`<div id="flow-head" class="flow-head"><h2>${titleOf(flow)}</h2> ${endingBadge(endingOf(flow, now()))}
<span class="actions small"><a href="${config.basePath}/flow/${flow.id}?as=file" download>Save as a file</a>
<a href="${config.basePath}/flow/${flow.id}?as=page" download>Save as a page to share</a></span></div>`
}

/** Identifies what a page shows, so that the event stream sends it only what is new. */
export function seenOf({ id }: FlowRecorder, flow: Flow | undefined): string {
  return flow === undefined ? id : `${id}.${flow.id}.${flow.dropped + flow.exchanges.length}`
}

/** The recorder, for a local browser. Everybody else gets a 404. */
export function recorderFor(request: Request, context: Context): FlowRecorder {
  const recorder = recorderOf(context)
  context.check(pathIsKnown, recorder !== undefined && isLocal(request), request.path)
  return recorder
}

/** Whether a request is from this machine, to a name of this machine, and not through a proxy. */
export function isLocal({ headers, remoteAddress }: Request): boolean {
  const hostname = (headers.host ?? '').toLowerCase().replace(/:\d*$/, '')
  const forwarded = Object.keys(headers).some(name => proxyHeader.test(name))
  return isLoopbackAddress(remoteAddress) && isLoopbackHost(hostname) && !forwarded
}

/** The headers that proxies add. */
const proxyHeader = /^(?:forwarded|via|x-forwarded-.*|x-real-ip|cf-connecting-ip|true-client-ip)$/

/** The name of the client, or else its client_id, or the program that sent the requests. */
function titleOf({ client_id, client_name, exchanges }: Flow): string {
  const program = exchanges.find(({ from }) => from === 'client')?.request.headers['user-agent']
  return displayText(client_name || client_id || program || '', 60) || 'A client without a name'
}

/** `watched` and `seen` tell the script of the page which events to ask for. */
function liveLine(watched: string, seen: string, { config }: Context): Html {
  const data = html`data-page="${config.basePath}/flow" data-watched="${watched}" data-seen="${seen}"`
  return html`<p id="live" class="live muted small" role="status" ${data}>
Reload the page to see what is new.</p>`
}

function openForm({ config }: Context): Html {
  return html`<form class="open-file" method="post" action="${config.basePath}/flow/open" enctype="multipart/form-data">
<label class="field"><span>Open a saved flow</span>
<input type="file" name="file" accept="application/json,.json" required></label>
<button>Open</button>
</form>`
}

function flowFile(flow: Flow, { config, now }: Context): Reply {
  const body = writeFlowFile({ flow, saved_at: now(), issuer: config.issuer })
  return { status: 200, headers: { 'content-type': 'application/json', ...savedAs(`flow-${flow.id}.json`) }, body }
}

/** A document without links or scripts, which looks the same wherever it is opened. */
function flowPage(flow: Flow, { config, now }: Context): Reply {
  const document = page(titleOf(flow), html`
<p class="muted">A flow at <code>${config.issuer}</code>, ${moment(flow.exchanges[0]!.time)}. Secrets are replaced by
short hashes. Equal secrets have equal hashes.</p>
<p>Result: ${endingBadge(endingOf(flow, now()))}</p>
<h2>Messages</h2>
${diagram(flow, { base: undefined })}`, { width: 'wide' })
  return htmlReply(200, document, savedAs(`flow-${flow.id}.html`))
}

function savedAs(filename: string): Record<string, string> {
  return { 'content-disposition': `attachment; filename="${filename}"` }
}

function frame({ config }: Context): Frame {
  return { site: config, path: '/flow', width: 'wide' }
}

function moment(time: number): Html {
  const text = new Date(time * 1000).toISOString()
  return html`<time datetime="${text}">${text.slice(0, 19).replace('T', ' ')} UTC</time>`
}
