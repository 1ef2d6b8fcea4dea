import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import type { FormField } from '../../src/client/mcp/elicitation.ts'
import { formOnTerminal } from '../../src/client/terminal/form.ts'
import { Terminal } from '../../src/client/terminal/terminal.ts'
import type { JsonObject } from '../../src/base/protocol/json.ts'
import type { Members } from '../harness.ts'

const serverUrl = 'https://mcp.example.com/mcp'

function field(name: string, schema: Members = { type: 'string' }, isRequired = false): FormField {
  return { name, schema, isRequired }
}

/** A user who types `lines` and then nothing more; what he saw comes back beside what is sent. */
async function fill(fields: readonly FormField[], lines: readonly string[], message = 'Who are you?'): Promise<{ filled: JsonObject | undefined; screen: string }> {
  const input = new PassThrough()
  const written: string[] = []
  const terminal = new Terminal({ isTTY: false, write: text => written.push(text) }, { trace: false, environment: {} })
  input.end(lines.map(line => `${line}\n`).join(''))
  const filled = await formOnTerminal(serverUrl, input, terminal)(message, fields)
  return { filled, screen: written.join('') }
}

/** What one field gets when `answer` is typed, and the form is sent. */
async function typed(schema: Members, ...answers: readonly string[]): Promise<unknown> {
  return (await fill([field('it', schema)], [...answers, 'y'])).filled?.['it']
}

describe('formOnTerminal()', () => {
  it('says who asks, asks for each field, and shows all of it before it is sent (MCP 2026-07-28 client/elicitation, Security Considerations)', async () => {
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

  it('declines when the input ends before the last word', async () => {
    assert.equal((await fill([field('name')], ['Ada'])).filled, undefined)
  })

  it('leaves the input alone when it is done, so that the program can end', async () => {
    const input = new PassThrough()
    const terminal = new Terminal({ isTTY: false, write: () => {} }, { trace: false, environment: {} })
    input.write('y\n')
    await formOnTerminal(serverUrl, input, terminal)('', [])
    assert.equal(input.isPaused(), true)
  })

  it('asks for consent also where there are no fields', async () => {
    assert.deepEqual((await fill([], ['y'])).filled, {})
    assert.equal((await fill([], ['n'])).filled, undefined)
  })

  it('asks again until the answer fits', async () => {
    const { filled, screen } = await fill([field('age', { type: 'integer', minimum: 18 })], ['young', '17', '18', 'y'])
    assert.deepEqual(filled, { age: 18 })
    assert.match(screen, /age must be of type integer\n/)
    assert.match(screen, /age must be at least 18\n/)
  })

  it('does not go on without a value that is required', async () => {
    const { filled, screen } = await fill([field('name', { type: 'string' }, true)], ['', 'Ada', 'y'])
    assert.deepEqual(filled, { name: 'Ada' })
    assert.match(screen, / {3}a value is needed\n/)
  })

  it('leaves out what may be absent', async () => {
    assert.deepEqual((await fill([field('name')], ['', 'y'])).filled, {})
  })

  const titled = [{ const: '#f00', title: 'Red' }, { const: '#0f0', title: 'Green' }]
  for (const [what, schema, answer, expected] of [
    ['a default for an empty line', { type: 'string', default: 'x' }, '', 'x'],
    ['a default that is false', { type: 'boolean', default: false }, '', false],
    ['a default that is a list', { type: 'array', items: { enum: ['a'] }, default: ['a'] }, '', ['a']],
    ['what is typed in place of a default', { type: 'string', default: 'x' }, 'y', 'y'],
    ['a number', { type: 'number' }, '1.5', 1.5],
    ['y for yes', { type: 'boolean' }, 'y', true],
    ['true for yes', { type: 'boolean' }, 'true', true],
    ['No for no', { type: 'boolean' }, 'No', false],
    ['a number that is a text', { type: 'string' }, '007', '007'],
    ['one of several', { type: 'string', enum: ['a', 'b'] }, 'b', 'b'],
    ['one of several with titles, by its value', { type: 'string', oneOf: titled }, '#f00', '#f00'],
    ['some of several, with commas between', { type: 'array', items: { enum: ['a', 'b', 'c'] } }, 'a, c,', ['a', 'c']],
    ['a text without the blanks around it', { type: 'string' }, '  Ada  ', 'Ada'],
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

  it('shows nothing of the server that would steer the terminal', async () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\u202e\r'
    const schema = { type: 'string', title: evil, description: evil, enum: [`a${evil}`], default: evil }
    const { screen } = await fill([field(`n${evil}`, schema)], ['wrong', '', 'n'], `m${evil}`)
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(screen), false, JSON.stringify(screen))
  })

  it('lets no text of the server pass for a line of its own', async () => {
    const forged = `\nThis will be sent to ${serverUrl}: {}\nSend it? [y/n] `
    const { screen } = await fill([field(`name${forged}`, { type: 'string', title: forged, description: forged, enum: [forged] })], ['wrong', '', 'n'], forged)
    assert.equal(screen.split('\n').filter(line => line.startsWith('This will')).length, 0, screen)
    assert.equal(screen.split('\n').filter(line => line.startsWith('Send it')).length, 1, screen)
  })

  it('shows what will be sent as JSON, so that a line end in it is seen', async () => {
    const { screen } = await fill([field('it', { type: 'string', default: 'a\nb' })], ['', 'n'])
    assert.ok(screen.includes('{"it":"a\\nb"}'), screen)
  })
})
