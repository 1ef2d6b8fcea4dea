/** The part of the style sheet for `/flow`: the list of flows and the sequence diagram. */
export const diagramStyle = `
.live::before {
  content: ""; display: inline-block; width: .6rem; height: .6rem; margin-right: .5rem; border-radius: 50%;
  background: var(--good);
}
.flow-page { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: var(--wide); align-items: start; }
.flows ol { list-style: none; margin: 0; padding: 0; max-height: 70vh; overflow: auto; }
.flows li { padding: .5rem 0; border-bottom: 1px solid var(--line); display: grid; gap: .15rem; justify-items: start; }
.flows a { font-weight: 600; overflow-wrap: anywhere; }
.flows [aria-current] { color: var(--ink); text-decoration-thickness: 2px; }
.flows h2, .flow h2 { margin-top: 0; }
.flow-head { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; margin: 0 0 var(--space); }
.flow-head h2, .flow-head .actions { margin: 0; }
.open-file { margin-top: var(--wide); max-width: 34rem; }
.diagram {
  --row: var(--paper); --lifeline: repeating-linear-gradient(var(--line) 0 6px, transparent 6px 10px);
  background:
    var(--lifeline) 12.5% 0 / 1px 100% no-repeat, var(--lifeline) 37.5% 0 / 1px 100% no-repeat,
    var(--lifeline) 62.5% 0 / 1px 100% no-repeat, var(--lifeline) 87.5% 0 / 1px 100% no-repeat;
  margin: 0 0 var(--space);
}
.lifelines {
  display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); position: sticky; top: 0; z-index: 1;
  background: var(--paper); padding: .5rem 0;
}
.lifelines span {
  text-align: center; margin: 0 .25rem; padding: .25rem; border: 1px solid var(--strong-line);
  border-radius: var(--radius); background: var(--surface); font-weight: 600; font-size: var(--small);
  line-height: 1.25; display: grid; place-items: center;
}
#diagram > li, #diagram summary { scroll-margin-top: 4rem; }
.diagram > ol { list-style: none; margin: 0; padding: 0; }
.diagram li > details { border: 0; background: none; padding: 0; margin: 0; border-radius: 0; }
.diagram li > details > summary {
  display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); padding: .6rem 0 .5rem; margin: 0;
  font-weight: 400; position: relative; list-style: none;
}
.diagram li > details > summary::-webkit-details-marker { display: none; }
.diagram li > details > summary::before {
  content: "\\25B8"; position: absolute; left: .25rem; top: .6rem; color: var(--accent);
}
.diagram li > details[open] > summary::before { content: "\\25BE"; }
.diagram li > details > summary:hover {
  --row: color-mix(in srgb, var(--accent-surface) 60%, var(--paper)); background: var(--row);
}
.diagram li > details[open] > summary { --row: var(--accent-surface); background: var(--row); }
.call, .answer {
  grid-column-end: -1; justify-self: start; padding: 0 .4rem; line-height: 1.4; overflow-wrap: anywhere;
  background: var(--row); border-radius: .25rem;
}
.answer, .line + .call { margin-top: .3rem; }
.call .path { font-family: var(--mono); font-size: .9em; }
.call em { color: var(--accent); font-style: normal; font-weight: 600; }
.call.lane-1, .answer.lane-1 { grid-column-start: 2; }
.call.lane-2, .answer.lane-2 { grid-column-start: 4; }
.line { height: .5rem; border-bottom: 2px solid var(--ink); position: relative; }
.line.lane-1 { grid-column-start: 2; }
.line.lane-2 { grid-column-start: 4; }
.line.lane-2-end { grid-column-end: 4; }
.line.lane-3-end { grid-column-end: 6; }
.line.lane-4-end { grid-column-end: 8; }
.line::after {
  content: ""; position: absolute; right: 0; bottom: -6px; border: 5px solid transparent;
  border-left: 9px solid var(--ink); border-right: 0;
}
.line.back, .line.unseen-leg { border-bottom-style: dashed; }
.line.back::after { right: auto; left: 0; border-right: 9px solid var(--ink); border-left: 0; }
.diagram .good .status { color: var(--good); }
.diagram .bad .answer { color: var(--bad); font-weight: 600; background: var(--bad-surface); }
.diagram .bad .answer .muted { color: inherit; font-weight: 400; }
.diagram .bad .line.back { border-color: var(--bad); }
.diagram .bad .line.back::after { border-right-color: var(--bad); }
.diagram .expected .answer { color: var(--warn); }
.unseen-leg, .unseen-leg::after { opacity: .6; }
.details {
  background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 1rem;
  margin: .25rem 0 var(--space);
}
.details h3 { margin-top: var(--space); font-size: var(--small); color: var(--muted); }
.details pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8125rem; max-height: 28rem; }
.messages { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 var(--space); }
.messages > * { min-width: 0; }
@media (max-width: 60rem) {
  .flow-page { grid-template-columns: minmax(0, 1fr); }
  .flows ol { max-height: 14rem; }
}
@media (max-width: 40rem) {
  .call.lane-1, .call.lane-2, .answer.lane-1, .answer.lane-2 { grid-column-start: 1; margin-left: 1.1rem; }
  .lifelines span { font-size: .6875rem; margin: 0 .1rem; padding: .25rem 0; hyphens: manual; }
}
@media (prefers-reduced-motion: no-preference) {
  #diagram > .arrived { animation: arrive .3s ease-out; }
  @keyframes arrive { from { translate: 0 -.5rem; } }
}
`
