import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger, type LogLevel } from '../src/logger.ts'

function linesAt(level: LogLevel): string[] {
  const lines: string[] = []
  const logger = createLogger(level, line => lines.push(line))
  logger.debug('d')
  logger.info('i')
  logger.warn('w')
  logger.error('e', { cause: 'x\u001b[31m\u202e\u2028\u009b' })
  return lines
}

describe('createLogger()', () => {
  it('writes one JSON object a line', () => {
    const [line] = linesAt('error')
    assert.equal(line!.indexOf('\n'), line!.length - 1)
    const { level, event, cause } = JSON.parse(line!) as Record<string, unknown>
    assert.deepEqual({ level, event, cause }, { level: 'error', event: 'e', cause: 'x\u001b[31m\u202e\u2028\u009b' })
  })

  it('writes nothing that steers a terminal', () => assert.match(linesAt('error')[0]!, /^[\x20-\x7e]+\n$/))

  const counts = { debug: 4, info: 3, warn: 2, error: 1, silent: 0 } as const
  for (const [level, count] of Object.entries(counts)) {
    it(`writes ${count} of four levels at ${level}`, () => assert.equal(linesAt(level as LogLevel).length, count))
  }
})
