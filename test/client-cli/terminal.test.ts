import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientError, exitCodes } from '../../src/base/client/errors.ts'
import { Terminal } from '../../src/client/terminal/terminal.ts'
import type { RecordedExchange } from '../../src/base/client/trace.ts'
import { plainText } from '../../src/base/ui/plain-text.ts'
import { stateIsOurs } from '../../src/core/rules/client.ts'

interface Screen {
  readonly terminal: Terminal
  text(): string
}

function screen(options: { isTTY?: boolean; trace?: boolean; environment?: Record<string, string> } = {}): Screen {
  const { isTTY = false, trace = false, environment = {} } = options
  const written: string[] = []
  const terminal = new Terminal({ isTTY, write: text => written.push(text) }, { trace, environment })
  return { terminal, text: () => written.join('') }
}

const exchange: RecordedExchange = {
  method: 'POST', url: 'https://auth.example.com/token', requestHeaders: { accept: 'application/json' }, requestBody: 'grant_type=x',
  status: 200, responseHeaders: { 'content-type': 'application/json' }, responseBody: '{"a":1}',
}

describe('plainText()', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an escape sequence', '\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
    ['a one-character escape sequence', '\u009b2J', '\\u009b2J'],
    ['a carriage return, which would overwrite the line', 'good\rbad', 'good\\u000dbad'],
    ['a backspace', 'a\bb', 'a\\u0008b'],
    ['a bell', '\u0007', '\\u0007'],
    ['a null', 'a\0b', 'a\\u0000b'],
    ['a bidirectional override', 'a\u202egnp.exe', 'a\\u202egnp.exe'],
    ['a zero-width character', 'a\u200bb', 'a\\u200bb'],
    ['an enclosing mark', 'a\u20dd', 'a\\u20dd'],
    ['the fifth mark on a letter', 'a\u0323\u0323\u0323\u0323\u0323', 'a\u0323\u0323\u0323\u0323\\u0323'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ]
  for (const [what, text, expected] of cases) {
    it(`escapes ${what}`, () => assert.equal(plainText(text), expected))
  }

  it('keeps letters, line breaks and tabs', () => {
    assert.equal(plainText('a\tb\n世界 – é ကျော် 1\ufe0f\u20e3'), 'a\tb\n世界 – é ကျော် 1\ufe0f\u20e3')
  })
})

describe('Terminal', () => {
  it('numbers the steps and prints their clauses', () => {
    const { terminal, text } = screen()
    terminal.step({ title: 'One', clause: 'RFC 1 section 2' })
    terminal.step({ title: 'Two', clause: 'RFC 3 section 4' })
    assert.equal(text(), '1. One  [RFC 1 section 2]\n2. Two  [RFC 3 section 4]\n')
  })

  it('escapes control characters in steps, notes, errors and exchanges', () => {
    const { terminal, text } = screen({ trace: true })
    const evil = '\u001b]0;evil\u0007'
    terminal.step({ title: evil, clause: evil })
    terminal.note(evil)
    terminal.exchange({ ...exchange, url: evil, responseHeaders: { x: evil }, responseBody: evil, requestBody: evil })
    terminal.verdict({ rule: stateIsOurs, passed: false, received: evil, expected: evil })
    terminal.error(new ClientError(evil, exitCodes.failed, { remedy: evil }))
    assert.match(text(), /^[\P{Cc}\n]*$/u)
  })

  for (const [what, expected, options] of [
    ['on a terminal', true, { isTTY: true }],
    ['not in a pipe or file', false, { isTTY: false }],
    ['not with NO_COLOR', false, { isTTY: true, environment: { NO_COLOR: '1' } }],
    ['with an empty NO_COLOR, which counts as unset', true, { isTTY: true, environment: { NO_COLOR: '' } }],
    ['not with TERM=dumb', false, { isTTY: true, environment: { TERM: 'dumb' } }],
  ] as const) {
    it(`uses colors ${what}`, () => {
      const { terminal, text } = screen(options)
      terminal.step({ title: 'One', clause: 'x' })
      terminal.writeLine('green', 'green')
      assert.equal(text().includes('\u001b['), expected)
    })
  }

  it('shows exchanges and verdicts with --trace', () => {
    const { terminal, text } = screen({ trace: true })
    terminal.exchange(exchange)
    terminal.verdict({ rule: stateIsOurs, passed: true })
    terminal.verdict({ rule: stateIsOurs, passed: false, received: 'a', expected: 'b' })
    assert.deepEqual(text().split('\n').map(line => line.trim()).filter(Boolean), [
      '> POST https://auth.example.com/token', '> accept: application/json', '> grant_type=x', '< 200', '< content-type: application/json',
      '< {"a":1}', '✓ state-is-ours  [RFC 6749 section 10.12]  passed', '✗ state-is-ours  [RFC 6749 section 10.12]  failed',
      'received    a', 'expected    b', 'difference  it is a completely different value',
    ])
  })

  it('shows headers that matter for authorization or MCP in full, and all others by name only', () => {
    const { terminal, text } = screen({ trace: true })
    terminal.exchange({ ...exchange, responseBody: '', responseHeaders: {
      'content-security-policy': 'default-src none', 'www-authenticate': 'Bearer', 'x-content-type-options': 'nosniff',
      'mcp-session-id': 'sha256:x', 'dpop-nonce': 'sha256:y', 'cache-control': 'no-store', 'retry-after': '3', 'location': '/x',
      'access-control-allow-origin': '*', 'set-cookie': 'sha256:z', 'content-type': 'text/html',
    } })
    assert.deepEqual(text().split('\n').filter(line => line.startsWith('   < ')).map(line => line.slice(5)), [
      '200', 'www-authenticate: Bearer', 'mcp-session-id: sha256:x', 'dpop-nonce: sha256:y', 'cache-control: no-store', 'retry-after: 3',
      'location: /x', 'access-control-allow-origin: *', 'set-cookie: sha256:z', 'content-type: text/html',
      'and: content-security-policy, x-content-type-options',
    ])
  })

  it('marks the characters that differ from the closest expected value', () => {
    const { terminal, text } = screen({ trace: true })
    const expected = ['https://b.example/x', 'https://a.example/mcp']
    terminal.verdict({ rule: stateIsOurs, passed: false, received: 'https://a.example/mcp/', expected })
    assert.deepEqual(text().split('\n').slice(1), [
      '       received    https://a.example/mcp/', '                                        ^',
      '       expected    https://b.example/x',
      '                   https://a.example/mcp', '                                        ^',
      '       difference  it has an extra slash at the end', '',
    ])
  })

  it('shows neither exchanges nor verdicts without --trace', () => {
    const { terminal, text } = screen()
    terminal.exchange(exchange)
    terminal.verdict({ rule: stateIsOurs, passed: false })
    assert.equal(text(), '')
  })

  it('shows an error with its rule and its remedy', () => {
    const { terminal, text } = screen()
    terminal.error(new ClientError('no', exitCodes.untrusted, { rule: stateIsOurs, remedy: 'Do this.' }))
    assert.equal(text(), 'Error: no\n  rule state-is-ours, RFC 6749 section 10.12\n  Do this.\n  More about the rule: --explain state-is-ours\n')
  })

  it('keeps an error on one line, so that a server cannot forge further lines', () => {
    const { terminal, text } = screen()
    terminal.error(new ClientError('no\nDone: all is well', exitCodes.refused))
    assert.equal(text(), 'Error: no Done: all is well\n')
  })

  it('masks a known secret wherever it appears', () => {
    const { terminal, text } = screen()
    terminal.secret('the-secret-value')
    terminal.note('you sent the-secret-value')
    assert.match(text(), /^ {3}you sent sha256:\S{10}\n$/)
  })

  it('does not mask a secret so short that it occurs by chance', () => {
    const { terminal, text } = screen()
    terminal.secret('e')
    terminal.note('hello')
    assert.equal(text(), '   hello\n')
  })

  it('truncates a very long response body', () => {
    const { terminal, text } = screen({ trace: true })
    terminal.exchange({ ...exchange, responseBody: 'x'.repeat(9000) })
    assert.match(text(), /x{2000}… \(9000 characters\)/)
  })

  it('prints the spinner text once when the output is not a terminal', () => {
    const { terminal, text } = screen()
    terminal.showSpinner('waiting')()
    assert.equal(text(), 'waiting\n')
  })

  it('erases the spinner when the wait is over', t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { terminal, text } = screen({ isTTY: true })
    const end = terminal.showSpinner('waiting')
    t.mock.timers.tick(200)
    end()
    assert.equal(text(), '\r| waiting\r         \r')
  })

  it('replaces the spinner with a line of text and continues the spinner below', t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { terminal, text } = screen({ isTTY: true })
    const end = terminal.showSpinner('waiting')
    t.mock.timers.tick(200)
    terminal.writeLine('news')
    t.mock.timers.tick(200)
    end()
    assert.equal(text(), '\r| waiting\r         \rnews\n\r/ waiting\r         \r')
  })
})
