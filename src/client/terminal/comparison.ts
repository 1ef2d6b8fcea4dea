/** What was received and what was expected, as lines for a terminal. Carets mark the characters that differ. */
import type { NearestMiss } from '../../base/rules/nearest-miss.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { missOf, verdictLabels, type ShownVerdict } from '../../base/rules/shown-verdict.ts'

const labelWidth = 'difference'.length

export function comparisonLines(verdict: ShownVerdict): readonly string[] {
  if (verdict.passed) return []
  const { received, expected = [] } = verdict
  const miss = missOf(verdict)
  return [
    ...(received === undefined ? [] : valueLines(verdictLabels.received, received, miss, miss?.received)),
    ...expected.flatMap((value, i) => {
      const label = i === 0 ? verdictLabels.expected : ''
      return valueLines(label, value, value === miss?.candidate ? miss : undefined, miss?.expected)
    }),
    ...(miss?.differences ?? []).map((text, i) => `${(i === 0 ? 'difference' : '').padEnd(labelWidth)}  ${plainText(text)}`),
  ]
}

/** A value, and below it a line of carets if it is part of a near miss. `different` is the part that differs. */
function valueLines(label: string, value: string, miss: NearestMiss | undefined, different = ''): readonly string[] {
  const line = `${label.padEnd(labelWidth)}  ${oneLine(value)}`
  if (miss === undefined || miss.prefix + miss.suffix === '') return [line]
  // One caret marks the place where characters are missing.
  const carets = '^'.repeat(Math.max(1, oneLine(different).length))
  return [line, `${' '.repeat(labelWidth)}  ${' '.repeat(oneLine(miss.prefix).length)}${carets}`]
}

function oneLine(text: string): string {
  return plainText(text).replace(/[\n\t]/g, ' ')
}
