/** The frame of every page: one document, one style sheet, nothing from another host and no script. */
import { createHash } from 'node:crypto'
import { html, Html } from './html.ts'

const style = `
:root { color-scheme: light dark; font: 1rem/1.55 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
dt { font-weight: 600; margin-top: .75rem; }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
pre { overflow: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; }
button { font: inherit; padding: .5rem 1.25rem; border-radius: .4rem; border: 1px solid #8888; cursor: pointer; }
button.primary { background: #1a56c4; border-color: #1a56c4; color: #fff; }
.warning { border-left: .3rem solid #b7791f; padding-left: .75rem; }
`

export function page(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
}

/**
 * What a page may do: show itself with its own style, and post a form. There is no `form-action`, since Chromium
 * holds the whole redirect chain of a form to it, and the chain of a consent form ends at the client.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')
