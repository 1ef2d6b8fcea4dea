/** The parts that pages are made of, so that the same thing looks the same on every page. */
import { html, type Html, type HtmlValue } from './html.ts'

/** Pairs of a name and a value. On a small screen the value is below its name. */
export function facts(pairs: readonly (readonly [name: string, value: HtmlValue])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`
<div><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`
}

/** One or two words. The color says the same to those who can see it. */
export function badge(kind: 'passed' | 'failed' | 'neutral', text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`
}

/** A box that stands out from the page. */
export function notice(kind: 'good' | 'bad' | 'warning' | 'neutral', content: HtmlValue): Html {
  return html`<div class="notice ${kind}">${content}</div>`
}

/** A command to copy. One click selects all of it. */
export function command(text: string): Html {
  return html`<pre class="command" tabindex="0">${text}</pre>`
}

/** A section that is folded to its heading and a note. Its `id` is inside, so that a link to it unfolds the section. */
export function foldedSection(heading: HtmlValue, note: HtmlValue, content: Html, options: { id?: string; open?: boolean } = {}): Html {
  return html`
<details${options.open ? html` open` : undefined}><summary><h2>${heading}</h2> <small class="muted">${note}</small></summary>
<div${options.id === undefined ? undefined : html` id="${options.id}"`}>${content}</div></details>`
}

/** A table. Its rows become blocks on a small screen. The first cell names the row; `caption` is for screen readers. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly HtmlValue[])[]): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`
<tr><th scope="row">${first}</th>${rest.map(cell => html`<td>${cell}</td>`)}</tr>`)}
</tbody></table></div>`
}

/** A search box. It sends the query parameter `q` to `action`. */
export function searchBox(label: string, action: string, value = ''): Html {
  return html`<form class="search" role="search" method="get" action="${action}">
<label class="field"><span>${label}</span><input type="search" name="q" value="${value}" autocomplete="off"></label>
<button>Search</button>
</form>`
}

/** `1 rule`, `3 rules`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
