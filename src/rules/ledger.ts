/**
 * Which lines enforce a rule and which tests hold it: found in the text of source and tests, so it cannot go stale.
 * `bin/ledger` makes `docs/specification.md` of it, and `/explain/<rule>` shows it.
 */

export interface TextFile {
  readonly path: string
  readonly lines: readonly string[]
}

/** `line` counts from 0. */
export interface Place {
  readonly path: string
  readonly line: number
}

export interface HoldingTest extends Place {
  readonly title: string
}

/** The name of the constant of a rule: `code-is-fresh` is `codeIsFresh`. */
export function constantOf(id: string): string {
  return id.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

/** Where the rule is used, but for the lines that import it and the files of the rules themselves. */
export function enforcedAt(id: string, sources: readonly TextFile[]): readonly Place[] {
  const name = new RegExp(`(?<![\\w'/])${constantOf(id)}\\b`)
  return sources.filter(({ path }) => !path.startsWith('rules/')).flatMap(({ path, lines }) => {
    const imports = lines.findLastIndex(line => / from '/.test(line))
    return lines.flatMap((line, i) => i > imports && name.test(line) ? [{ path, line: i }] : [])
  })
}

/** The tests that name the rule. */
export function heldBy(id: string, tests: readonly TextFile[]): readonly HoldingTest[] {
  return tests.flatMap(({ path, lines }) => lines.flatMap((text, line) => {
    if (!text.includes(`'${id}'`)) return []
    const at = lines.findLastIndex((text, i) => i <= line && (isTest(text) || isTable(text)))
    // The row of a table belongs to the test that follows the table.
    const test = at >= 0 && isTest(lines[at]!) ? at : lines.findIndex((text, i) => i > line && isTest(text))
    return [{ path, line, title: titleOf(lines[test]) }]
  }))
}

function isTest(line: string): boolean {
  return /^\s*(?:it|test)\(/.test(line)
}

function isTable(line: string): boolean {
  return /^\s*(?:const \w+.* = [[{]|(?:async )?function .*)/.test(line)
}

function titleOf(line = ''): string {
  return /^\s*(?:it|test)\((['"`])(.+?)\1, /.exec(line)?.[2]!.replace(/ ?\$\{[^}]*\}+/g, ' …').replaceAll('\\\'', '\'') ?? 'a test'
}
