import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { choicesOf, elicitation, fieldProblem, type FormField } from '../../src/client/mcp/elicitation.ts'
import type { JsonObject } from '../../src/base/protocol/json.ts'
import { metaKeys } from '../../src/base/protocol/mcp.ts'
import type { Members } from '../harness.ts'
import { addOpenServer, clientOf, messagesTo, result, startPeer } from '../peer.ts'

/** Lets a user who fills in `filled` answer, and returns the answer with what he was shown. */
async function ask(params: JsonObject, filled: JsonObject | undefined): Promise<{ answer: JsonObject; message: string | undefined; fields: readonly FormField[] }> {
  let message: string | undefined
  let fields: readonly FormField[] = []
  const { handlers } = elicitation(async (text, shown) => {
    message = text
    fields = shown
    return filled
  })
  return { answer: await handlers['elicitation/create']!(params), message, fields }
}

const requestedSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' }, age: { type: 'integer', default: 30 }, score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive'], default: 'active' }, verified: { type: 'boolean', default: false },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, default: ['a'] }, comment: { type: 'string' },
  },
  required: ['name'],
}
const defaults = { name: 'John Doe', age: 30, score: 95.5, status: 'active', verified: false, tags: ['a'] }

describe('elicitation()', () => {
  it('declares form mode and no other (MCP 2026-07-28 client/elicitation, Capabilities)', () => {
    assert.deepEqual(elicitation(async () => ({})).capabilities, { elicitation: { form: {} } })
  })

  it('sends the default of every field that the user left out (MCP 2026-07-28 client/elicitation, Requested Schema)', async () => {
    assert.deepEqual((await ask({ message: '', requestedSchema }, {})).answer, { action: 'accept', content: defaults })
  })

  it('prefers what the user filled in, even if it is false, empty or 0', async () => {
    const filled = { name: '', age: 0, verified: true, tags: [], comment: 'hi' }
    assert.deepEqual((await ask({ requestedSchema }, filled)).answer, { action: 'accept', content: { ...defaults, ...filled } })
  })

  it('declines without content if the user declines (MCP 2026-07-28 client/elicitation, Response Actions)', async () => {
    assert.deepEqual((await ask({ requestedSchema }, undefined)).answer, { action: 'decline' })
  })

  it('declines URL mode, which it does not declare, without showing anything (MCP 2026-07-28 client/elicitation, URL Mode Elicitation Requests)', async () => {
    const { answer, message } = await ask({ mode: 'url', message: 'Sign in', url: 'https://evil.example', elicitationId: '1' }, {})
    assert.deepEqual([answer, message], [{ action: 'decline' }, undefined])
  })

  it('treats a request without a mode as a form (MCP 2026-07-28 client/elicitation, Form Mode Elicitation Requests)', async () => {
    const { message } = await ask({ message: 'Your name?', requestedSchema }, {})
    assert.equal(message, 'Your name?')
  })

  it('shows the fields in the order of the schema, and which are required', async () => {
    const { fields } = await ask({ mode: 'form', message: '', requestedSchema }, {})
    assert.deepEqual(fields.map(({ name, isRequired }) => [name, isRequired]), [
      ['name', true], ['age', false], ['score', false], ['status', false], ['verified', false], ['tags', false], ['comment', false],
    ])
  })

  for (const [what, schema] of [
    ['no schema', undefined], ['a schema that is a text', 'x'], ['a schema without properties', { type: 'object' }],
    ['properties that are a list', { properties: [] }], ['a property that is no schema', { properties: { a: true } }],
  ] as const) {
    it(`finds no fields in ${what}`, async () => {
      assert.deepEqual(await ask({ message: 7, requestedSchema: schema }, {}), { answer: { action: 'accept', content: {} }, message: '', fields: [] })
    })
  }

  it('answers a modern server that asks during a call (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const peer = await startPeer(t)
    let asked = false
    addOpenServer(peer, {
      'tools/call': ({ id }) => {
        if (asked) return result(id, { content: [] })
        asked = true
        const params = { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object', properties: { sure: { type: 'boolean', default: true } } } }
        return result(id, { resultType: 'input_required', inputRequests: { question: { method: 'elicitation/create', params } } })
      },
    })
    const client = clientOf(peer.url, elicitation(async () => ({})))
    await client.connect()
    await client.callTool('echo', {})
    const { params } = messagesTo(peer).at(-1)!
    assert.deepEqual(params.inputResponses, { question: { action: 'accept', content: { sure: true } } })
    assert.deepEqual(params._meta[metaKeys.clientCapabilities], { elicitation: { form: {} } })
  })
})

describe('fieldProblem()', () => {
  const check = (schema: Members, value: unknown): string | undefined => fieldProblem(value, { name: 'it', schema, isRequired: false })
  const titled = [{ const: '#f00', title: 'Red' }, { const: '#0f0', title: 'Green' }]

  for (const [what, schema, value] of [
    ['a text', { type: 'string' }, 'x'],
    ['a text that is long enough', { type: 'string', minLength: 2, maxLength: 2 }, '世界'],
    ['a whole number', { type: 'integer', minimum: 1, maximum: 3 }, 3],
    ['a number', { type: 'number' }, 0.5],
    ['a yes', { type: 'boolean' }, true],
    ['one of several', { type: 'string', enum: ['a', 'b'] }, 'b'],
    ['one of several with titles', { type: 'string', oneOf: titled }, '#0f0'],
    ['some of several', { type: 'array', items: { type: 'string', enum: ['a', 'b'] } }, ['a', 'b']],
    ['some of several with titles', { type: 'array', items: { anyOf: titled } }, ['#f00']],
    ['none of several', { type: 'array', items: { anyOf: titled } }, []],
  ] as const) {
    it(`accepts ${what} (MCP 2026-07-28 client/elicitation, Requested Schema)`, () => assert.equal(check(schema, value), undefined))
  }

  for (const [what, schema, value, expected] of [
    ['a text for a number', { type: 'number' }, 'x', 'it must be of type number'],
    ['a fraction for a whole number', { type: 'integer' }, 0.5, 'it must be of type integer'],
    ['a number that is too high', { type: 'integer', maximum: 3 }, 4, 'it must be at most 3'],
    ['a text that is too short', { type: 'string', minLength: 2 }, 'x', 'it must have at least 2 characters'],
    ['a text for yes or no', { type: 'boolean' }, 'perhaps', 'it must be of type boolean'],
    ['what is not among several', { type: 'string', enum: ['a', 'b'] }, 'c', 'it must be one of a, b'],
    ['a title in place of its value', { type: 'string', oneOf: titled }, 'Red', 'it must be one of #f00, #0f0'],
    ['one that is not among several', { type: 'array', items: { type: 'string', enum: ['a', 'b'] } }, ['a', 'c'], 'it must be one of a, b'],
    ['too many of several', { type: 'array', maxItems: 1, items: { type: 'string', enum: ['a', 'b'] } }, ['a', 'b'], 'it must have at most 1 items'],
  ] as const) {
    it(`rejects ${what} (MCP 2026-07-28 client/elicitation, Requested Schema)`, () => assert.equal(check(schema, value), expected))
  }
})

describe('choicesOf()', () => {
  const red = { value: '#f00', title: 'Red' }
  for (const [what, schema, expected] of [
    ['values', { enum: ['a', 'b'] }, [{ value: 'a', title: undefined }, { value: 'b', title: undefined }]],
    ['values with titles', { oneOf: [{ const: '#f00', title: 'Red' }] }, [red]],
    ['values whose titles stand beside them (MCP 2025-06-18)', { enum: ['#f00'], enumNames: ['Red'] }, [red]],
    ['the items of a list', { type: 'array', items: { enum: ['a'] } }, [{ value: 'a', title: undefined }]],
    ['the items of a list with titles', { type: 'array', items: { anyOf: [{ const: '#f00', title: 'Red' }] } }, [red]],
    ['nothing of a text', { type: 'string' }, undefined],
    ['nothing of a list of texts', { type: 'array', items: { type: 'string' } }, undefined],
  ] as const) {
    it(`lists ${what}`, () => assert.deepEqual(choicesOf(schema), expected))
  }
})
