import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseJson } from '../../src/base/protocol/json.ts'

describe('parseJson()', () => {
  const accepted: Record<string, { text: string; value: unknown }> = {
    'an object': { text: '{"a":1,"b":[true,null,"x"]}', value: { a: 1, b: [true, null, 'x'] } },
    'an array': { text: '[{"a":1},{"a":2}]', value: [{ a: 1 }, { a: 2 }] },
    'a string': { text: '"a:b"', value: 'a:b' },
    'the same name in two objects': { text: '{"a":{"a":{"a":1}}}', value: { a: { a: { a: 1 } } } },
    'colons inside strings': { text: '{"a:b":"c:d:e"}', value: { 'a:b': 'c:d:e' } },
    'an escaped quotation mark before a colon': { text: '{"a":"\\":","b":"\\\\"}', value: { a: '":', b: '\\' } },
    'a backslash at the end of a string': { text: '{"a":"\\\\","b":1}', value: { a: '\\', b: 1 } },
    'an empty name': { text: '{"":1}', value: { '': 1 } },
    'a name of Object.prototype': { text: '{"constructor":1,"toString":2}', value: { constructor: 1, toString: 2 } },
    'names that differ in case': { text: '{"a":1,"A":2}', value: { a: 1, A: 2 } },
    'white space': { text: ' { "a" : 1 } \n', value: { a: 1 } },
    '32 levels': { text: nested(32), value: JSON.parse(nested(32)) as unknown },
  }
  for (const [what, { text, value }] of Object.entries(accepted)) {
    it(`accepts ${what}`, () => assert.deepEqual(parseJson(text), { value }))
  }

  const repeated = 'it repeats a member name'
  const refused: Record<string, { text: string; problem: string }> = {
    'a repeated name (RFC 8259 section 4)': { text: '{"a":1,"a":1}', problem: repeated },
    'a repeated name deep inside (RFC 8259 section 4)': { text: '{"x":[{"a":{"b":1,"b":2}}]}', problem: repeated },
    'a repeated name, once in escapes (RFC 8259 section 8.3)': { text: '{"method":1,"\\u006dethod":2}', problem: repeated },
    'a repeated name, once as a long string with colons': { text: '{"a":":::","a":":"}', problem: repeated },
    'a repeated number as name': { text: '{"1":1,"1":2}', problem: repeated },
    'a repeated empty name': { text: '{"":1,"":2}', problem: repeated },
    '__proto__': { text: '{"__proto__":{"admin":true}}', problem: 'it has a member named __proto__' },
    '__proto__ deep inside': { text: '[{"a":{"__proto__":1}}]', problem: 'it has a member named __proto__' },
    '__proto__ in escapes': { text: '{"\\u005f_proto__":1}', problem: 'it has a member named __proto__' },
    '33 levels': { text: nested(33), problem: 'it nests deeper than 32 levels' },
    '100,000 levels': { text: nested(100_000), problem: 'it nests deeper than 32 levels' },
    'an empty text': { text: '', problem: 'it is empty' },
    'truncated JSON': { text: '{"a":', problem: 'it does not parse' },
    'two JSON texts': { text: '{}{}', problem: 'it does not parse' },
    'a comment': { text: '{}//', problem: 'it does not parse' },
    'a byte order mark (RFC 8259 section 8.1)': { text: '\ufeff{}', problem: 'it does not parse' },
  }
  for (const [what, { text, problem }] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assert.deepEqual(parseJson(text), { problem }))
  }
})

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}
