import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertSupportedSchema, schemaProblem } from '../../src/base/protocol/json-schema.ts'

const person = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1 }, age: { type: 'integer', minimum: 0, maximum: 150 } },
  required: ['name'],
  additionalProperties: false,
}
const referring = {
  $defs: { address: { $anchor: 'place', type: 'object', properties: { city: { type: 'string' } } } },
  properties: { home: { $ref: '#/$defs/address' }, work: { $ref: '#place' } },
}
const conditional = { if: { properties: { by: { const: 'phone' } } }, then: { required: ['phone'] }, else: { required: ['email'] } }
const tags = { type: 'array', items: { type: 'string' }, maxItems: 2 }

describe('schemaProblem()', () => {
  const cases: Record<string, { schema: Record<string, unknown>; value: unknown; problem: string | undefined }> = {
    'accepts a valid value': { schema: person, value: { name: 'Joe', age: 3 }, problem: undefined },
    'accepts an absent optional member': { schema: person, value: { name: 'Joe' }, problem: undefined },
    'refuses an absent required member': { schema: person, value: {}, problem: 'x must have name' },
    'refuses an undeclared member': { schema: person, value: { name: 'Joe', admin: true }, problem: 'x must not have admin' },
    'refuses a name of Object.prototype that is undeclared': {
      schema: person, value: { name: 'Joe', toString: 1 }, problem: 'x must not have toString',
    },
    'does not find a required member in Object.prototype': {
      schema: { required: ['toString'] }, value: {}, problem: 'x must have toString',
    },
    'names the invalid member': { schema: person, value: { name: 1 }, problem: 'x.name must be of type string' },
    'refuses an array instead of an object': { schema: person, value: [], problem: 'x must be of type object' },
    'refuses null instead of an object': { schema: person, value: null, problem: 'x must be of type object' },
    'refuses a fraction instead of an integer': { schema: person, value: { name: 'Joe', age: 1.5 }, problem: 'x.age must be of type integer' },
    'refuses a number in a string': { schema: person, value: { name: 'Joe', age: '3' }, problem: 'x.age must be of type integer' },
    'refuses less than the minimum': { schema: person, value: { name: 'Joe', age: -1 }, problem: 'x.age must be at least 0' },
    'refuses more than the maximum': { schema: person, value: { name: 'Joe', age: 151 }, problem: 'x.age must be at most 150' },
    'refuses a string that is too short': { schema: person, value: { name: '' }, problem: 'x.name must have at least 1 characters' },
    'counts characters, not code units': { schema: { maxLength: 1 }, value: '🌍', problem: undefined },
    'refuses a string that is too long': { schema: { maxLength: 1 }, value: 'ab', problem: 'x must have at most 1 characters' },
    'refuses a value that is not in the enum': { schema: { enum: ['a', 1] }, value: 'b', problem: 'x must be one of "a", 1' },
    'accepts a value in the enum': { schema: { enum: ['a', 1] }, value: 1, problem: undefined },
    'names the invalid item': { schema: tags, value: ['a', 1], problem: 'x[1] must be of type string' },
    'refuses too many items': { schema: tags, value: ['a', 'b', 'c'], problem: 'x must have at most 2 items' },
    'accepts null if the type is null': { schema: { type: 'null' }, value: null, problem: undefined },
    'accepts a boolean if the type is boolean': { schema: { type: 'boolean' }, value: false, problem: undefined },
    'checks undeclared members by the schema of additionalProperties': {
      schema: { additionalProperties: { type: 'string' } }, value: { a: 1 }, problem: 'x.a must be of type string',
    },
    'refuses too few items': { schema: { minItems: 1 }, value: [], problem: 'x must have at least 1 items' },
    'refuses a value other than the constant': { schema: { const: { a: 1 } }, value: { a: 2 }, problem: 'x must be one of {"a":1}' },
    'accepts an object that equals the constant': { schema: { const: { a: [1] } }, value: { a: [1] }, problem: undefined },
    'follows a reference to a definition': { schema: referring, value: { home: { city: 1 } }, problem: 'x.home.city must be of type string' },
    'follows a reference to an anchor': { schema: referring, value: { work: { city: 1 } }, problem: 'x.work.city must be of type string' },
    'refuses a value that fails one of allOf': {
      schema: { allOf: [{ required: ['a'] }, { required: ['b'] }] }, value: { a: 1 }, problem: 'x must have b',
    },
    'accepts a value that matches one of anyOf': { schema: { anyOf: [{ type: 'string' }, { type: 'null' }] }, value: null, problem: undefined },
    'refuses a value that matches none of anyOf': {
      schema: { anyOf: [{ type: 'string' }, { type: 'null' }] }, value: 1, problem: 'x must match one of the alternatives',
    },
    'refuses a value that matches two of oneOf': {
      schema: { oneOf: [{ type: 'number' }, { minimum: 1 }] }, value: 2, problem: 'x must match exactly one of the alternatives',
    },
    'accepts a value that matches one of oneOf': { schema: { oneOf: [{ type: 'number' }, { type: 'string' }] }, value: 2, problem: undefined },
    'refuses a value that matches the schema in not': { schema: { not: { type: 'string' } }, value: 'a', problem: 'x must not match the excluded schema' },
    'checks then if the condition holds': { schema: conditional, value: { by: 'phone' }, problem: 'x must have phone' },
    'checks else if the condition does not hold': { schema: conditional, value: { by: 'email' }, problem: 'x must have email' },
    'accepts anything with an empty schema': { schema: {}, value: [1, 'a'], problem: undefined },
  }
  for (const [what, { schema, value, problem }] of Object.entries(cases)) {
    it(what, () => assert.equal(schemaProblem(value, schema, 'x'), problem))
  }
})

describe('assertSupportedSchema()', () => {
  it('accepts supported keywords and annotations', () => {
    assertSupportedSchema({ ...person, title: 'A person', $schema: 'https://json-schema.org/draft/2020-12/schema' })
  })

  const refused: Record<string, Record<string, unknown>> = {
    'an unsupported keyword': { type: 'string', pattern: '^a$' },
    'a reference to another document (MCP 2026-07-28 basic, $ref Resolution)': { $ref: 'https://example.com/schema' },
    'an unsupported keyword in a property': { properties: { a: { pattern: '^a$' } } },
    'a reference to nothing': { $ref: '#/$defs/nothing' },
    'a cyclic reference': { $defs: { a: { items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' },
    'an unsupported keyword in a definition': { $defs: { a: { pattern: '^a$' } } },
    'an unsupported keyword in an alternative': { anyOf: [{ pattern: '^a$' }] },
    'an unsupported keyword in the items of an array': { items: { patternProperties: {} } },
    'an unsupported keyword in additionalProperties': { additionalProperties: { pattern: '^a$' } },
    'a list of types': { type: ['string', 'null'] },
    'a type that does not exist': { type: 'text' },
  }
  for (const [what, schema] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assert.throws(() => assertSupportedSchema(schema), /not supported/))
  }
})
