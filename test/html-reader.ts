/** Reads a page: its elements, found by simple selectors, and its text as a person sees it. */
import assert from 'node:assert/strict'

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Node[]
}

type Node = Element | string

/** The root of a page or of a part of one. It fails if an element is not closed where it should be. */
export function readHtml(html: string): Element {
  const root = { name: '', attributes: {}, children: [] as Node[] }
  const open = [root]
  for (const { 0: token, 1: end, 2: start, 3: attributes = '', 4: raw, index } of html.matchAll(tokens)) {
    const parent = open.at(-1)!
    if (end !== undefined) {
      assert.equal(end, parent.name, `the element is closed at ${html.slice(index, index + 60)}`)
      open.pop()
    } else if (start !== undefined) {
      const element = { name: start, attributes: readAttributes(attributes), children: raw === undefined ? [] as Node[] : [raw] }
      parent.children.push(element)
      if (raw === undefined && !voidElements.has(start)) open.push(element)
    } else if (!token.startsWith('<!')) {
      parent.children.push(decode(token))
    }
  }
  assert.deepEqual(open.slice(1).map(({ name }) => name), [], 'every element is closed')
  return root
}

/** All elements that a selector such as `nav#flows li.current a[href="/"]` names, in the order of the page. */
export function selectAll(root: Element, selector: string): readonly Element[] {
  const steps = selector.match(/(?:\[[^\]]*\]|[^\s[])+/g)!.map(matcherOf)
  return descendants(root).filter(([element, ancestors]) => matches(element, ancestors, steps)).map(([element]) => element)
}

/** The first element that the selector names. It fails if there is none. */
export function select(root: Element, selector: string): Element {
  return selectAll(root, selector)[0] ?? assert.fail(`the page has no ${selector}`)
}

export function has(root: Element, selector: string): boolean {
  return selectAll(root, selector).length > 0
}

/** The text on the screen: white space is one blank, blocks stand apart, and marked text is in brackets. */
export function textOf(node: Node): string {
  return rawText(node).replace(/\s+/g, ' ').trim()
}

// A start tag, with all that is inside where that is no markup; an end tag; a comment or doctype; or text.
const tokens = /<\/([a-z0-9]+)>|<([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>(?:(?<=<(?:script|style)[^>]*>)([^]*?)<\/\2>)?|<!--[^]*?-->|<![^>]*>|[^<]+|</gi
const voidElements: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'wbr'])
const inline: ReadonlySet<string> = new Set(['a', 'abbr', 'b', 'code', 'em', 'i', 'kbd', 'mark', 'small', 'span', 'strong', 'time', 'wbr'])

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [name, decode(value)]))
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&', nbsp: '\u00a0' }

function decode(text: string): string {
  return text.replace(/&([#\w]+);/g, (entity, name: string) => entities[name] ?? assert.fail(`the entity ${entity} is unknown here`))
}

function rawText(node: Node): string {
  if (typeof node === 'string') return node
  if (node.name === 'script' || node.name === 'style') return ''
  const text = node.children.map(rawText).join('')
  if (node.name === 'mark') return `[${text}]`
  return inline.has(node.name) || node.name === '' ? text : ` ${text} `
}

type Matcher = (element: Element) => boolean

function matcherOf(step: string): Matcher {
  const parts = step.match(/^[a-z0-9]+|[#.][\w-]+|\[[^\]]+\]/gi) ?? []
  assert.equal(parts.join(''), step, 'the selector can be read')
  const tests = parts.map((part): Matcher => {
    const name = part.slice(1)
    if (part.startsWith('#')) return ({ attributes }) => attributes['id'] === name
    if (part.startsWith('.')) return ({ attributes }) => (attributes['class'] ?? '').split(' ').includes(name)
    if (!part.startsWith('[')) return element => element.name === part
    const [, attribute, value] = /^\[([a-z-]+)(?:="(.*)")?\]$/.exec(part) ?? assert.fail(`the selector ${part} cannot be read`)
    return ({ attributes }) => value === undefined ? attribute! in attributes : attributes[attribute!] === value
  })
  return element => tests.every(test => test(element))
}

function descendants(root: Element, ancestors: readonly Element[] = []): readonly (readonly [Element, readonly Element[]])[] {
  return root.children.flatMap(child => typeof child === 'string' ? []
    : [[child, ancestors] as const, ...descendants(child, [...ancestors, child])])
}

function matches(element: Element, ancestors: readonly Element[], steps: readonly Matcher[]): boolean {
  const [own, ...outer] = steps.toReversed()
  if (!own!(element)) return false
  let from = ancestors.length - 1
  for (const step of outer) {
    while (from >= 0 && !step(ancestors[from]!)) from--
    if (from-- < 0) return false
  }
  return true
}
