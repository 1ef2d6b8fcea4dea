/**
 * Which lines enforce a rule and which tests cover it. Both are found in the text of the source and the tests, so they cannot
 * go stale. `bin/ledger` generates `docs/specification.md` from them, and `/explain/<rule>` shows them.
 */
import type { SourceFile } from './source-files.ts'

/** `line` counts from 0. */
export interface Place {
  readonly path: string
  readonly line: number
}

/** Where a test names a rule, with the title of the test. */
export interface RuleTest extends Place {
  readonly title: string
}

/** The name of the constant that holds a rule: `codeIsFresh` for `code-is-fresh`. */
export function constantOf(id: string): string {
  return id.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

/** Where a rule is used, except for imports and the files that define the rules. */
export function enforcedAt(id: string, sources: readonly SourceFile[]): readonly Place[] {
  const name = new RegExp(`(?<![\\w'/])${constantOf(id)}\\b`)
  return sources.filter(({ path }) => !/(?:^|\/)rules\//.test(path)).flatMap(({ path, lines }) => {
    const imports = lines.findLastIndex(line => / from '/.test(line))
    return lines.flatMap((line, i) => i > imports && name.test(line) ? [{ path, line: i }] : [])
  })
}

/** Tests of the pages that show rules. They would pass with any other rule. */
const showsAnyRule = /^(?:flow|pages)\//

/** The tests that name a rule. */
export function testsOf(id: string, tests: readonly SourceFile[]): readonly RuleTest[] {
  return tests.filter(({ path }) => !showsAnyRule.test(path)).flatMap(({ path, lines }) => lines.flatMap((text, line) => (
    text.includes(`'${id}'`) ? [{ path, line, title: titleAt(lines, firstUse(lines, line)) }] : [])))
}

/** The line itself or, if it only defines a constant, the first line that uses the constant. */
function firstUse(lines: readonly string[], line: number): number {
  const constant = /^\s*const (\w+) = .*[^[({,]$/.exec(lines[line]!)?.[1]
  const used = constant === undefined ? -1 : lines.findIndex((text, i) => i > line && new RegExp(`\\b${constant}\\b`).test(text))
  return used < 0 ? line : used
}

/** The title of the test that contains a line. A row of a table belongs to the test that follows the table. */
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

/** The name of the last row: its key, or its first string. */
function rowName(lines: readonly string[]): string {
  const names = lines.map(line => /^ {4}(?:\[?(['"`])(.+?)\1(?::|,)|(\w+): [{[])/.exec(line)).filter(match => match !== null)
  return names.at(-1)?.[2] ?? names.at(-1)?.[3] ?? '…'
}

/** The title of a test. An ellipsis stands for each value that is inserted when the test runs. */
function titleOf(line = ''): string {
  const title = /^\s*(?:it|test|attack|rejects)\((['"`])(.+?)\1, /.exec(line)?.[2]
  return title?.replace(/ ?\$\{[^}]*\}+/g, ' …').replaceAll("\\'", "'") ?? 'a test'
}
