/**
 * The style sheet of every page: colors and sizes, then elements, then the parts that pages share. Every page contains all of
 * it, because the loopback listener of the client serves nothing else. Colors are named for their meaning and follow the
 * color scheme of the system. Text has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
 */
import { diagramStyle } from './style-diagram.ts'
import { sourceStyle } from './style-source.ts'

/** The text of the `style` element. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --surface: #fff; --ink: #1d2125; --muted: #565d64; --line: #dcd8cf; --strong-line: #8b8f94;
  --accent: #0a5a68; --accent-hover: #074652; --on-accent: #fff; --accent-surface: #e4f1f3;
  --good: #17633a; --good-surface: #e4f3e9; --bad: #a1261c; --bad-surface: #fcebe8; --warn: #7a4b00; --warn-surface: #fdf2da;
  --mark: #ffdf7e; --on-mark: #3a2900; --code: #f1efe9;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  --small: .875rem; --large: 1.1875rem; --huge: clamp(1.5rem, 1.25rem + 1.2vw, 2rem);
  --tight: .5rem; --space: 1rem; --wide: 2rem; --radius: .5rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131618; --surface: #1b1f22; --ink: #e7e5e0; --muted: #a6adb4; --line: #343a3f; --strong-line: #737b83;
    --accent: #7ccbd8; --accent-hover: #a4dde6; --on-accent: #04252b; --accent-surface: #15323a;
    --good: #85d3a2; --good-surface: #14301f; --bad: #f4a198; --bad-surface: #3a1c18; --warn: #eec172; --warn-surface: #35270e;
    --mark: #6b5200; --on-mark: #fff1c9; --code: #23282c;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { font: 1rem/1.6 var(--sans); -webkit-text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  overflow-wrap: break-word;
}
h1, h2, h3 { line-height: 1.25; text-wrap: balance; margin: var(--wide) 0 var(--tight); }
h1 { font-size: var(--huge); letter-spacing: -.015em; margin: 0 0 var(--space); }
h2 { font-size: var(--large); }
h3 { font-size: 1rem; }
p, ul, ol, dl, pre, table, fieldset { margin: 0 0 var(--space); }
ul, ol { padding-left: 1.5rem; }
a { color: var(--accent); text-underline-offset: .15em; }
a:hover { color: var(--accent-hover); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
small, .small { font-size: var(--small); }
.muted { color: var(--muted); }

.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
.skip { position: absolute; left: -100vw; padding: var(--tight) var(--space); background: var(--surface); z-index: 1; }
.skip:focus { left: 0; }
.site-header, .site-footer {
  padding: .75rem max(1rem, calc(50vw - 40rem)); display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center;
}
.site-header { border-bottom: 1px solid var(--line); background: var(--surface); }
.site-footer { border-top: 1px solid var(--line); color: var(--muted); font-size: var(--small); }
.site-name {
  display: flex; align-items: center; gap: .5rem; margin-right: auto; min-width: 0; overflow-wrap: anywhere;
  font-weight: 650; color: var(--ink); text-decoration: none;
}
.site-name svg { flex: none; width: 1.375rem; height: 1.375rem; color: var(--accent); }
.site-header nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; }
.site-header nav a { display: inline-block; padding: .25rem 0; color: var(--muted); text-decoration: none; }
.site-header nav a:hover { color: var(--accent); text-decoration: underline; }
.site-header nav [aria-current] { color: var(--ink); box-shadow: 0 2px 0 var(--accent); }
main { flex: 1; width: 100%; max-width: 46rem; margin: 0 auto; padding: var(--wide) 1rem 3rem; }
main.narrow { max-width: 34rem; }
main.wide { max-width: 82rem; }
.lead { font-size: var(--large); line-height: 1.5; color: var(--muted); }

code, pre { font-family: var(--mono); font-size: .9em; }
code { overflow-wrap: anywhere; }
:not(pre) > code { background: var(--code); border-radius: .25rem; padding: .1em .3em; }
pre {
  background: var(--code); border: 1px solid var(--line); border-radius: var(--radius); padding: .75rem 1rem;
  overflow: auto; line-height: 1.5; tab-size: 2;
}
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all; }
mark {
  background: var(--mark); color: var(--on-mark); border-radius: 2px; padding: 0 1px; font-weight: 650;
  outline: 1px solid var(--on-mark); outline-offset: -1px;
}
mark.gap { position: relative; display: inline-block; width: .5em; height: 1em; vertical-align: text-bottom; }

.card {
  background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.25rem;
  margin: 0 0 var(--space);
}
.card > :last-child, .notice > :last-child, details > :last-child { margin-bottom: 0; }
.card > :is(h2, h3):first-child, .notice > h2:first-child { margin-top: 0; }
.cards {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: var(--space);
  margin: 0 0 var(--space); padding: 0; list-style: none;
}
.cards > * { margin: 0; }
.cards h3 { margin-bottom: .25rem; }
.cards p { color: var(--muted); font-size: var(--small); }
.notice {
  border: 1px solid var(--line); border-left: .3rem solid var(--strong-line); border-radius: var(--radius);
  background: var(--surface); padding: .75rem 1rem; margin: 0 0 var(--space);
}
.notice.good { border-color: var(--good); background: var(--good-surface); }
.notice.bad { border-color: var(--bad); background: var(--bad-surface); }
.notice.warning { border-color: var(--warn); background: var(--warn-surface); }
.badge {
  display: inline-block; font-size: .8125rem; font-weight: 600; line-height: 1.4; padding: .05rem .5rem;
  border: 1px solid currentColor; border-radius: 1rem; color: var(--muted); background: var(--surface);
  max-width: 100%; overflow-wrap: anywhere;
}
.badge.passed { color: var(--good); background: var(--good-surface); }
.badge.failed { color: var(--bad); background: var(--bad-surface); }

.verdicts { list-style: none; padding: 0; margin: 0 0 var(--space); }
.verdicts > li { padding: .3rem 0; }
.comparison {
  margin: .5rem 0; padding: .75rem 1rem .25rem; border-left: .3rem solid var(--bad);
  background: var(--bad-surface); border-radius: 0 var(--radius) var(--radius) 0;
}
.comparison :not(pre) > code { background: var(--surface); }
.verdicts > .expected .comparison { border-color: var(--strong-line); background: var(--code); }
.comparison dl { margin-bottom: .5rem; }

dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .5rem 1.5rem; }
dl.facts > div { display: contents; }
dt { font-weight: 600; }
dl.facts dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
dl.rules dd { margin-bottom: .75rem; }
dl.rules dt span { font-weight: 400; }
main p > a[aria-current] { color: inherit; font-weight: 650; text-decoration: none; }

.scroll { overflow-x: auto; margin: 0 0 var(--space); }
.scroll > table { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid var(--line); }
th { font-size: var(--small); color: var(--muted); font-weight: 600; }
th[scope=row] { font-size: inherit; font-weight: 500; color: inherit; }
td:last-child, th:last-child { padding-right: 0; }
tbody > tr:last-child > * { border-bottom: 0; }
@media (min-width: 40.01rem) { th[scope=row] > code { white-space: nowrap; } }
@media (max-width: 40rem) {
  .site-header nav { width: 100%; font-size: .875rem; }
  .site-header nav ul { gap: .25rem .75rem; justify-content: space-between; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.facts dd { margin-bottom: .75rem; }
  table, tbody, tr, td, th[scope=row] { display: block; padding-right: 0; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td, th[scope=row] { border: 0; padding: .125rem 0; }
}

details {
  border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); padding: .5rem 1rem;
  margin: 0 0 var(--tight);
}
details[open] > summary { margin-bottom: var(--tight); }
details [id] { scroll-margin-top: 4rem; }
summary { cursor: pointer; font-weight: 600; }
summary > small { font-weight: 400; }
summary > h2 { display: inline; font-size: 1rem; }
.index:has(details) { border-bottom: 1px solid var(--line); margin: 0 0 var(--space); }
:is(main, .index) > details > summary { padding-left: 1.1rem; text-indent: -1.1rem; }
.index > details { border-width: 1px 0 0; border-radius: 0; background: none; padding: .6rem 0; margin: 0; }
.index.columns {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 0 var(--wide); align-items: start;
}
summary::marker { color: var(--accent); }

button, .button {
  font: inherit; font-weight: 600; display: inline-block; padding: .5rem 1.25rem; min-height: 2.75rem;
  border-radius: var(--radius); border: 1px solid var(--strong-line); background: var(--surface); color: var(--ink);
  text-decoration: none; cursor: pointer;
}
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.primary:hover { background: var(--accent-hover); border-color: var(--accent-hover); color: var(--on-accent); }
button.link {
  border: 0; padding: 0; min-height: 0; background: none; color: var(--accent); font-weight: inherit;
  text-decoration: underline; text-underline-offset: .15em;
}
.people { display: grid; gap: .75rem; }
.people button { text-align: left; }
.people small { display: block; font-weight: 400; }
ul.rows { list-style: none; padding: 0; }
ul.rows > li {
  display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .75rem 0;
  border-top: 1px solid var(--line);
}
ul.rows > li > span { flex: 1 1 14rem; min-width: 0; }
button.danger { border-color: var(--bad); color: var(--bad); }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin: 0 0 var(--space); }
fieldset { border: 0; padding: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; margin-bottom: var(--tight); }
.field { display: block; margin: 0 0 var(--space); }
.field > span { display: block; font-weight: 600; margin-bottom: .25rem; }
input:not([type=checkbox], [type=hidden]) {
  font: inherit; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; color: var(--ink); background: var(--surface);
  border: 1px solid var(--strong-line); border-radius: var(--radius);
}
input[type=checkbox] { width: 1.25rem; height: 1.25rem; margin: .15rem 0 0; flex: none; accent-color: var(--accent); }
.choice {
  display: flex; gap: .75rem; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: var(--radius);
  background: var(--surface); margin: 0 0 var(--tight); cursor: pointer;
}
.choice:hover { border-color: var(--accent); }
.choice > span { min-width: 0; }
.choice code { display: block; width: max-content; max-width: 100%; margin-top: .25rem; color: var(--muted); }
form.search { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 0 0 var(--space); }
form.search .field { flex: 1 1 16rem; margin: 0; }
@media (prefers-reduced-motion: no-preference) {
  button, .button, .choice { transition: border-color .15s, background-color .15s, color .15s; }
}
@media print { .site-header nav, .site-footer, .skip, .actions { display: none; } }
` + diagramStyle + sourceStyle
