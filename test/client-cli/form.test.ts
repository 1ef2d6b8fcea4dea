import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import type { FormField } from '../../src/client/mcp/elicitation.ts'
import { fillFormOnTerminal } from '../../src/client/terminal/form.ts'
import { Terminal } from '../../src/client/terminal/terminal.ts'
import type { JsonObject } from '../../src/base/protocol/json.ts'
import type { Members } from '../harness.ts'

const serverUrl = 'https://mcp.example.com/mcp'

function field(name: string, schema: Members = { type: 'string' }, isRequired = false): FormField {
  return { name, schema, isRequired }
}

/** A user types `lines`, then the input ends. Returns what is sent and what the user saw. */
async function fill(fields: readonly FormField[], lines: readonly string[], message = 'Who are you?'): Promise<{ filled: JsonObject | undefined; screen: string }> {
  const input = new PassThrough()
  const written: string[] = []
  const terminal = new Terminal({ isTTY: false, write: text => written.push(text) }, { trace: false, environment: {} })
  input.end(lines.map(line => `${line}\n`).join(''))
  const filled = await fillFormOnTerminal(serverUrl, input, terminal)(message, fields)
  return { filled, screen: written.join('') }
}

/** The value of a single field after the user types `answers` and confirms. */
async function typed(schema: Members, ...answers: readonly string[]): Promise<unknown> {
  return (await fill([field('it', schema)], [...answers, 'y'])).filled?.['it']
}

describe('fillFormOnTerminal()', () => {
  it('says who is asking, asks for each field, and shows everything before sending it (MCP 2026-07-28 client/elicitation, Security Considerations)', async () => {
    const { filled, screen } = await fill([field('name', { type: 'string' }, true), field('age', { type: 'integer' })], ['Ada', '36', 'y'])
    assert.deepEqual(filled, { name: 'Ada', age: 36 })
    assert.equal(screen, [
      `${serverUrl} asks:`, '   | Who are you?', '   name: string; required:    age: integer: '
      + `This will be sent to ${serverUrl}: {"name":"Ada","age":36}`, 'Send it? [y/n] ',
    ].join('\n'))
  })

  for (const [answer, sent] of [['y', true], ['Y', true], ['yes', true], ['n', false], ['no', false], ['', false], ['yessir', false], ['okay', false]] as const) {
    it(`${sent ? 'sends' : 'does not send'} it after ${answer || 'an empty line'}`, async () => {
      assert.deepEqual((await fill([field('name')], ['Ada', answer])).filled, sent ? { name: 'Ada' } : undefined)
    })
  }

  it('declines when the input ends at a question', async () => {
    assert.equal((await fill([field('name', { type: 'string' }, true)], [])).filled, undefined)
  })

  it('declines when the input ends before the confirmation', async () => {
    assert.equal((await fill([field('name')], ['Ada'])).filled, undefined)
  })

  it('stops reading the input when it is done, so that the process can exit', async () => {
    const input = new PassThrough()
    const terminal = new Terminal({ isTTY: false, write: () => {} }, { trace: false, environment: {} })
    input.write('y\n')
    await fillFormOnTerminal(serverUrl, input, terminal)('', [])
    assert.equal(input.isPaused(), true)
  })

  it('asks for confirmation even if the form has no fields', async () => {
    assert.deepEqual((await fill([], ['y'])).filled, {})
    assert.equal((await fill([], ['n'])).filled, undefined)
  })

  it('asks again until the answer is valid', async () => {
    const { filled, screen } = await fill([field('age', { type: 'integer', minimum: 18 })], ['young', '17', '18', 'y'])
    assert.deepEqual(filled, { age: 18 })
    assert.match(screen, /age must be of type integer\n/)
    assert.match(screen, /age must be at least 18\n/)
  })

  it('insists on a required field', async () => {
    const { filled, screen } = await fill([field('name', { type: 'string' }, true)], ['', 'Ada', 'y'])
    assert.deepEqual(filled, { name: 'Ada' })
    assert.match(screen, / {3}this field is required\n/)
  })

  it('omits an optional field that is left empty', async () => {
    assert.deepEqual((await fill([field('name')], ['', 'y'])).filled, {})
  })

  const titled = [{ const: '#f00', title: 'Red' }, { const: '#0f0', title: 'Green' }]
  for (const [what, schema, answer, expected] of [
    ['the default for an empty line', { type: 'string', default: 'x' }, '', 'x'],
    ['a default that is false', { type: 'boolean', default: false }, '', false],
    ['a default that is a list', { type: 'array', items: { enum: ['a'] }, default: ['a'] }, '', ['a']],
    ['typed text instead of the default', { type: 'string', default: 'x' }, 'y', 'y'],
    ['a number', { type: 'number' }, '1.5', 1.5],
    ['y for yes', { type: 'boolean' }, 'y', true],
    ['true for yes', { type: 'boolean' }, 'true', true],
    ['No for no', { type: 'boolean' }, 'No', false],
    ['digits as a string if the field is a string', { type: 'string' }, '007', '007'],
    ['one choice', { type: 'string', enum: ['a', 'b'] }, 'b', 'b'],
    ['one choice with a title, by its value', { type: 'string', oneOf: titled }, '#f00', '#f00'],
    ['several choices, separated by commas', { type: 'array', items: { enum: ['a', 'b', 'c'] } }, 'a, c,', ['a', 'c']],
    ['a string without surrounding whitespace', { type: 'string' }, '  Ada  ', 'Ada'],
  ] as const) {
    it(`takes ${what}`, async () => assert.deepEqual(await typed(schema, answer), expected))
  }

  for (const [what, schema, expected] of [
    ['title and description', { type: 'string', title: 'Name', description: 'as in your passport' }, 'Name (it): as in your passport; string: '],
    ['a default', { type: 'integer', default: 30 }, 'it: integer [30]: '],
    ['choices', { type: 'string', enum: ['a', 'b'], default: 'b' }, 'it: one of a, b [b]: '],
    ['choices with titles', { type: 'string', oneOf: titled }, 'it: one of #f00 (Red), #0f0 (Green): '],
    ['several choices', { type: 'array', items: { enum: ['a', 'b'] }, default: ['a', 'b'] }, 'it: some of a, b [a, b]: '],
  ] as const) {
    it(`shows ${what}`, async () => {
      const { screen } = await fill([field('it', schema)], ['', 'n'])
      assert.ok(screen.includes(`\n   ${expected}`), screen)
    })
  }

  it('escapes terminal control sequences sent by the server', async () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\u202e\r'
    const schema = { type: 'string', title: evil, description: evil, enum: [`a${evil}`], default: evil }
    const { screen } = await fill([field(`n${evil}`, schema)], ['wrong', '', 'n'], `m${evil}`)
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(screen), false, JSON.stringify(screen))
  })

  it('does not let server text pass for its own prompts', async () => {
    const forged = `\nThis will be sent to ${serverUrl}: {}\nSend it? [y/n] `
    const { screen } = await fill([field(`name${forged}`, { type: 'string', title: forged, description: forged, enum: [forged] })], ['wrong', '', 'n'], forged)
    assert.equal(screen.split('\n').filter(line => line.startsWith('This will')).length, 0, screen)
    assert.equal(screen.split('\n').filter(line => line.startsWith('Send it')).length, 1, screen)
  })

  it('shows what will be sent as JSON, so that a line break is visible', async () => {
    const { screen } = await fill([field('it', { type: 'string', default: 'a\nb' })], ['', 'n'])
    assert.ok(screen.includes('{"it":"a\\nb"}'), screen)
  })
})
