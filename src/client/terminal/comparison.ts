/** What came and what was expected, as lines for a terminal, in the words of the live flow; carets stand below what differs. */
import type { NearestMiss } from '../../base/rules/nearest-miss.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { missOf, verdictWords, type ShownVerdict } from '../../base/rules/shown-verdict.ts'

const width = 'difference'.length

export function comparisonLines(verdict: ShownVerdict): readonly string[] {
  if (verdict.passed) return []
  const { received, expected = [] } = verdict
  const miss = missOf(verdict)
  return [
    ...(received === undefined ? [] : valueLines(verdictWords.received, received, miss, miss?.came)),
    ...expected.flatMap((value, i) => {
      const name = i === 0 ? verdictWords.expected : ''
      return valueLines(name, value, value === miss?.candidate ? miss : undefined, miss?.wanted)
    }),
    ...(miss?.differences ?? []).map((text, i) => `${(i === 0 ? 'difference' : '').padEnd(width)}  ${plainText(text)}`),
  ]
}

function valueLines(name: string, value: string, miss: NearestMiss | undefined, middle = ''): readonly string[] {
  const line = `${name.padEnd(width)}  ${oneLine(value)}`
  if (miss === undefined || miss.prefix + miss.suffix === '') return [line]
  // Where characters are missing, one caret shows the place.
  const carets = '^'.repeat(Math.max(1, oneLine(middle).length))
  return [line, `${''.padEnd(width)}  ${' '.repeat(oneLine(miss.prefix).length)}${carets}`]
}

function oneLine(text: string): string {
  return plainText(text).replace(/[\n\t]/g, ' ')
}
