/** The part of the style sheet for source code: excerpts, and files beside their comments. */
export const sourceStyle = `
.excerpt { margin: 0 0 var(--space); }
.excerpt pre { padding-left: 0; padding-right: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8125rem; }
.excerpt .name {
  display: flex; justify-content: space-between; flex-wrap: wrap; gap: 0 1rem; font-size: var(--small);
  margin-bottom: .25rem;
}
.n {
  display: inline-block; text-indent: 0; width: 3.25em; padding-right: 1em; text-align: right; color: var(--muted);
  user-select: none; -webkit-user-select: none;
}
.code-line { display: block; min-height: 1.5em; padding: 0 .75rem 0 3.25em; text-indent: -3.25em; }
.code-line.hit { background: var(--mark); color: var(--on-mark); }
.code-line.hit :is(.n, a) { color: inherit; }
.code-line:target, .annotated div:target { background: var(--accent-surface); }
.annotated {
  display: grid; grid-template-columns: minmax(0, 24rem) minmax(0, 1fr); gap: 0 var(--wide); margin: 0 0 var(--wide);
}
.annotated > div { min-width: 0; padding: .35rem 0; }
.annotated .prose { font-size: .9375rem; line-height: 1.5; }
.annotated .prose p { margin: 0 0 .5rem; }
.annotated .prose pre { font-size: .75rem; padding: .5rem .75rem; }
.annotated .code {
  font-family: var(--mono); font-size: .8125rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere;
  background: var(--code); padding-left: 0; padding-right: .75rem; tab-size: 2;
}
.annotated .code a { text-decoration-thickness: 1px; }
@media (max-width: 60rem) {
  .annotated { grid-template-columns: minmax(0, 1fr); }
  .annotated .prose { padding-top: 1rem; }
}
`
