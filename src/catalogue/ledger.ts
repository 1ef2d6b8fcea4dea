/**
 * Which lines enforce a rule and which tests hold it: found in the text of source and tests, so it cannot go stale.
 * `bin/ledger` makes `docs/specification.md` of it, and `/explain/<rule>` shows it.
 */
import type { SourceFile } from './source-files.ts'

/** `line` counts from 0. */
export interface Place {
  readonly path: string
  readonly line: number
}

/** Where a test names a rule, and what the test is called. */
export interface HoldingTest extends Place {
  readonly title: string
}

/** The name of the constant of a rule: `code-is-fresh` is `codeIsFresh`. */
export function constantOf(id: string): string {
  return id.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

/** Where the rule is used, but for the lines that import it and the files of the rules themselves. */
export function enforcedAt(id: string, sources: readonly SourceFile[]): readonly Place[] {
  const name = new RegExp(`(?<![\\w'/])${constantOf(id)}\\b`)
  return sources.filter(({ path }) => !/(?:^|\/)rules\//.test(path)).flatMap(({ path, lines }) => {
    const imports = lines.findLastIndex(line => / from '/.test(line))
    return lines.flatMap((line, i) => i > imports && name.test(line) ? [{ path, line: i }] : [])
  })
}

/** Tests of the pages that show rules: they would pass whichever rule they showed. */
const showing: ReadonlySet<string> = new Set(['pages/explain.test.ts', 'pages/flow.test.ts', 'pages/exchange.test.ts', 'pages/pages.test.ts'])

/** The tests that name the rule. */
export function heldBy(id: string, tests: readonly SourceFile[]): readonly HoldingTest[] {
  return tests.filter(({ path }) => !showing.has(path)).flatMap(({ path, lines }) => lines.flatMap((text, line) => (
    text.includes(`'${id}'`) ? [{ path, line, title: titleAt(lines, firstUse(lines, line)) }] : [])))
}

/** The line itself, or if it only defines a constant, the first line that uses it. */
function firstUse(lines: readonly string[], line: number): number {
  const constant = /^\s*const (\w+) = .*[^[({,]$/.exec(lines[line]!)?.[1]
  const used = constant === undefined ? -1 : lines.findIndex((text, i) => i > line && new RegExp(`\\b${constant}\\b`).test(text))
  return used < 0 ? line : used
}

/** The title of the test in which a line stands. The row of a table belongs to the test that follows the table. */
function titleAt(lines: readonly string[], line: number): string {
  const test = lines.findLastIndex((text, i) => i <= line && isTest(text))
  const isInTest = (text: string): boolean => test >= 0 && indentOf(text) > indentOf(lines[test]!)
  const table = lines.findLastIndex((text, i) => i <= line && isTable(text) && !isInTest(text))
  if (test > table) return titleOf(lines[test])
  const title = titleOf(lines.find((text, i) => i > line && isTest(text)))
  return title.split('…').length === 2 ? title.replace('…', () => rowName(lines.slice(Math.max(table, 0), line + 1))) : title
}

function indentOf(line: string): number {
  return line.search(/\S/)
}

function isTest(line: string): boolean {
  return /^\s*(?:it|test|attack|rejects)\(/.test(line)
}

/** The first line of a table, or of a function that several tests call. */
function isTable(line: string): boolean {
  return /^\s*(?:const \w+.* = [[{]|(?:async )?function .*)/.test(line)
}

/** What the last row is called: its key, or the first text of it. */
function rowName(lines: readonly string[]): string {
  const names = lines.map(line => /^ {4}(?:\[?(['"`])(.+?)\1(?::|,)|(\w+): [{[])/.exec(line)).filter(match => match !== null)
  return names.at(-1)?.[2] ?? names.at(-1)?.[3] ?? '…'
}

/** The title that a test begins with; what is put into it when it runs is an ellipsis. */
function titleOf(line = ''): string {
  const title = /^\s*(?:it|test|attack|rejects)\((['"`])(.+?)\1, /.exec(line)?.[2]
  return title?.replace(/ ?\$\{[^}]*\}+/g, ' …').replaceAll("\\'", "'") ?? 'a test'
}
