/**
 * The frame of every page: one document that contains its style sheet and loads nothing. Only the live flow has a script.
 */
import { createHash } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { html, Html } from './html.ts'
import { htmlReply, type Reply } from '../http/message.ts'
import { style } from './style.ts'

/** What surrounds a page, and how wide the page is. */
export interface Frame {
  /** The server whose page it is. Pages of the client's loopback listener have none. */
  readonly site?: Pick<Config, 'issuer' | 'serverName' | 'debug'>
  /** The program that shows a page without a site. */
  readonly program?: string
  /** What the page is about. It precedes the heading in the document title. */
  readonly subject?: string
  /** The page asks the user to decide, so its header names the server but links nowhere. */
  readonly asksUser?: true
  /** The path of the page, if the header links to it. */
  readonly path?: string
  /** `narrow` for forms, `wide` for diagrams and code. */
  readonly width?: 'narrow' | 'wide'
  readonly script?: Script
}

export interface Script {
  readonly text: string
  /** The content security policy of a page with this script. */
  readonly policy: string
}

/** A script that a page may run. It may connect only to this server, and must not contain `</script`. */
export function inlineScript(text: string): Script {
  return { text, policy: [...directives, `script-src ${hashSource(text)}`, "connect-src 'self'"].join('; ') }
}

/** A page as a reply, with the policy of its script if it has one. */
export function pageReply(
  status: number, title: string, body: Html, frame: Frame = {}, headers: Readonly<Record<string, string>> = {},
): Reply {
  const policy: Record<string, string> = frame.script ? { 'content-security-policy': frame.script.policy } : {}
  return htmlReply(status, page(title, body, frame), { ...policy, ...headers })
}

/** A whole document: the title, the site header, and the body below a heading. */
export function page(title: string, body: Html, { site, program, subject, asksUser, path, width, script }: Frame = {}): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${subject && `${subject} · `}${title}${site && site.serverName !== title ? ` · ${site.serverName}` : ''}</title>
<link rel="icon" href="${icon}">
<style>${new Html(style)}</style>
</head>
<body>
${site && !asksUser ? header(site, path) : plainHeader(site?.serverName ?? program)}
<main id="content"${width ? html` class="${width}"` : undefined}>
<h1>${title}</h1>
${body}
</main>
${site ? footer(site) : undefined}
${script ? html`<script>${new Html(script.text)}</script>` : undefined}
</body>
</html>
`
}

function header({ issuer, serverName, debug }: NonNullable<Frame['site']>, path: string | undefined): Html {
  const links = [
    ...(debug ? [['/flow', 'Live flow']] : []),
    ['/explain', 'Rules'], ['/source', 'Source'], ['/docs', 'Endpoints'], ['/account', 'Account'],
  ].map(([to, text]) => html`
<li><a href="${issuer}${to}"${path === to ? html` aria-current="page"` : undefined}>${text}</a></li>`)
  return html`<a class="skip" href="#content">Skip to the content</a>
<header class="site-header">
<a class="site-name" href="${issuer}/">${mark}<span>${serverName}</span></a>
<nav aria-label="Site"><ul>${links}
</ul></nav>
</header>`
}

function plainHeader(name: string | undefined): Html | undefined {
  if (name === undefined) return undefined
  return html`<header class="site-header"><span class="site-name">${mark}<span>${name}</span></span></header>`
}

function footer({ issuer }: NonNullable<Frame['site']>): Html {
  return html`<footer class="site-footer">
<span>An authorization server and an MCP server at <code>${issuer}</code></span>
</footer>`
}

/** A keyhole in a round shield. */
const shape = '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2.5"/>'
  + '<path d="M12 7a3 3 0 0 1 1.6 5.5L14.6 17H9.4l1-4.5A3 3 0 0 1 12 7z" fill="currentColor"/>'
const mark = new Html(`<svg viewBox="0 0 24 24" aria-hidden="true">${shape}</svg>`)
const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" color="#1f93a6">${shape}</svg>`
const icon = `data:image/svg+xml,${encodeURIComponent(picture)}`

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/**
 * A page may only show itself with its own style sheet and submit forms. There is no `form-action`, because Chromium applies
 * it to the whole redirect chain of a form, and the chain of the consent form ends at the client.
 */
const directives = [
  "default-src 'none'",
  `style-src ${hashSource(style)}`,
  'img-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
]

/** The policy of a page without a script. */
export const contentSecurityPolicy = directives.join('; ')
