/** Parts that pages are made of, so that one thing looks the same wherever it is shown. */
import { html, type Html, type HtmlValue } from './html.ts'

/** What is said of a thing, as pairs of a name and a value; the pairs stand below one another on a small screen. */
export function facts(pairs: readonly (readonly [name: string, value: HtmlValue])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`
<div><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`
}

/** A verdict in a word; its colour says the same for those who see it. */
export function badge(kind: 'passed' | 'failed' | 'neutral', text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`
}

/** Something to see before all else. */
export function notice(kind: 'good' | 'bad' | 'warning' | 'neutral', content: HtmlValue): Html {
  return html`<div class="notice ${kind}">${content}</div>`
}

/** A command to paste, which one click selects as a whole. */
export function command(text: string): Html {
  return html`<pre class="command" tabindex="0">${text}</pre>`
}

/**
 * A table, whose rows become blocks on a small screen. The first cell of a row names it. `caption` is for those who
 * cannot see what stands around the table.
 */
export function table(caption: string, head: readonly string[], rows: readonly (readonly HtmlValue[])[]): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="stack">
<thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`
<tr><th scope="row">${first}</th>${rest.map(cell => html`<td>${cell}</td>`)}</tr>`)}
</tbody></table></div>`
}

/** A box for what is looked for, sent as the query parameter `q` of the page itself. */
export function searchBox(label: string, action: string, value = ''): Html {
  return html`<form class="search" role="search" method="get" action="${action}">
<label class="field"><span>${label}</span><input type="search" name="q" value="${value}" autocomplete="off"></label>
<button>Search</button>
</form>`
}
