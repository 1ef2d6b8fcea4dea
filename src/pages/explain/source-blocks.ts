/** Splits a source file into blocks: a comment, and the code that follows it. */

/** Either part may be empty. `start` is the first line of the comment and `codeStart` that of the code, counted from 0. */
export interface Block {
  readonly prose: readonly string[]
  readonly code: readonly string[]
  readonly start: number
  readonly codeStart: number
}

export function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const start = at
    while (at < lines.length && isComment(lines, at)) at = endOfComment(lines, at)
    const codeStart = at
    while (at < lines.length && !isComment(lines, at)) at++
    blocks.push({ prose: lines.slice(start, codeStart).flatMap(proseOf), code: lines.slice(codeStart, at), start, codeStart })
  }
  return blocks
}

function isComment(lines: readonly string[], at: number): boolean {
  return /^\s*(?:\/\/|\/\*\*)/.test(lines[at]!)
}

/** The index of the first line after a comment. */
function endOfComment(lines: readonly string[], at: number): number {
  if (/^\s*\/\//.test(lines[at]!)) return at + 1
  const end = lines.findIndex((line, i) => i >= at && line.includes('*/'))
  return (end < 0 ? at : end) + 1
}

/** A comment line without its comment marks. A line of nothing but marks is dropped. */
function proseOf(line: string): readonly string[] {
  const text = line.replace(/^\s*(?:\/\/ ?|\/\*\*? ?|\*\/|\* ?)/, '').replace(/\s*\*\/$/, '')
  return text === '' && /\/\*\*|\*\//.test(line) ? [] : [text]
}
