import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundedWriter, createLogger, type LogLevel } from '../../src/base/config/logger.ts'

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
  it('writes one JSON object per line', () => {
    const [line] = linesAt('error')
    assert.equal(line!.indexOf('\n'), line!.length - 1)
    const { level, event, cause } = JSON.parse(line!) as Record<string, unknown>
    assert.deepEqual({ level, event, cause }, { level: 'error', event: 'e', cause: 'x\u001b[31m\u202e\u2028\u009b' })
  })

  it('writes nothing that can manipulate a terminal', () => assert.match(linesAt('error')[0]!, /^[\x20-\x7e]+\n$/))

  const counts = { debug: 4, info: 3, warn: 2, error: 1, silent: 0 } as const
  for (const [level, count] of Object.entries(counts)) {
    it(`writes ${count} of four levels at ${level}`, () => assert.equal(linesAt(level as LogLevel).length, count))
  }
})

describe('boundedWriter()', () => {
  const written: string[] = []
  const stream = { writableLength: 0, write: (line: string) => written.push(line) > 0 }
  const write = boundedWriter(stream)

  it('drops lines while nobody reads, and logs how many afterwards', () => {
    write('1\n')
    stream.writableLength = 5_000_000
    write('2\n')
    write('3\n')
    stream.writableLength = 0
    write('4\n')
    write('5\n')
    const [first, notice, ...rest] = written
    assert.deepEqual([first, ...rest], ['1\n', '4\n', '5\n'])
    const { level, event, count } = JSON.parse(notice!) as Record<string, unknown>
    assert.deepEqual({ level, event, count }, { level: 'warn', event: 'lines dropped', count: 2 })
  })
})

describe('A long line', () => {
  it('has its texts truncated, with the length of each', () => {
    const lines: string[] = []
    createLogger('info', line => lines.push(line)).info('e', { short: 'a', long: 'x'.repeat(5000) })
    const { short, long } = JSON.parse(lines[0]!) as Record<string, string>
    assert.deepEqual([short, long], ['a', `${'x'.repeat(400)}... (5000 characters)`])
  })
})
