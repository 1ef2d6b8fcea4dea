import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeHeaderValue, encodeHeaderValue, headerText } from '../../src/base/protocol/header-value.ts'

/** The table "Encoding examples" of MCP 2026-07-28 basic/transports/streamable-http, Value Encoding. */
const examples: Record<string, { value: string; header: string }> = {
  'plain ASCII': { value: 'us-west1', header: 'us-west1' },
  'non-ASCII text': { value: 'Hello, 世界', header: '=?base64?SGVsbG8sIOS4lueVjA==?=' },
  'leading and trailing spaces': { value: ' padded ', header: '=?base64?IHBhZGRlZCA=?=' },
  'a line break': { value: 'line1\nline2', header: '=?base64?bGluZTEKbGluZTI=?=' },
  'a value that looks encoded': { value: '=?base64?literal?=', header: '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=' },
}

describe('encodeHeaderValue()', () => {
  for (const [what, { value, header }] of Object.entries(examples)) {
    it(`writes ${what} as the specification shows (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)`, () => {
      assert.equal(encodeHeaderValue(value), header)
    })
  }

  it('leaves spaces and tabs inside unchanged', () => assert.equal(encodeHeaderValue('a b\tc'), 'a b\tc'))
  it('encodes an empty value', () => assert.equal(encodeHeaderValue(''), '=?base64??='))
  it('encodes a trailing tab', () => assert.equal(encodeHeaderValue('a\t'), '=?base64?YQk=?='))
  it('encodes a carriage return', () => assert.equal(encodeHeaderValue('a\rb'), '=?base64?YQ1i?='))
})

describe('decodeHeaderValue()', () => {
  for (const [what, { value, header }] of Object.entries(examples)) {
    it(`decodes ${what} (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)`, () => {
      assert.equal(decodeHeaderValue(header), value)
    })
  }

  const read: Record<string, { header: string; value: string | undefined }> = {
    'an empty value': { header: '=?base64??=', value: '' },
    'the markers in upper case as plain text': { header: '=?BASE64?YQ==?=', value: '=?BASE64?YQ==?=' },
    'only the first marker as plain text': { header: '=?base64?YQ==', value: '=?base64?YQ==' },
    'base64 without padding': { header: '=?base64?YQ?=', value: undefined },
    'base64 with a space': { header: '=?base64?Y Q==?=', value: undefined },
    'base64 with unused bits': { header: '=?base64?YR==?=', value: undefined },
    'base64url': { header: '=?base64?-_8=?=', value: undefined },
    'base64 that is not UTF-8': { header: '=?base64?/w==?=', value: undefined },
    'base64 of a surrogate': { header: '=?base64?7aCA?=', value: undefined },
    'non-ASCII text': { header: 'Z\u00fcrich', value: undefined },
    'a control character': { header: 'a\u0001b', value: undefined },
  }
  for (const [what, { header, value }] of Object.entries(read)) {
    it(`${value === undefined ? 'refuses' : 'decodes'} ${what}`, () => assert.equal(decodeHeaderValue(header), value))
  }
})

describe('headerText()', () => {
  const texts: Record<string, { value: unknown; text: string | undefined }> = {
    'a string unchanged': { value: ' a ', text: ' a ' },
    'an integer in decimal': { value: 42, text: '42' },
    'a negative integer in decimal': { value: -7, text: '-7' },
    'true in lower case': { value: true, text: 'true' },
    'false in lower case': { value: false, text: 'false' },
    'a fraction as nothing': { value: 1.5, text: undefined },
    'an unsafe integer as nothing': { value: 2 ** 53, text: undefined },
    'null as nothing': { value: null, text: undefined },
    'an object as nothing': { value: {}, text: undefined },
  }
  for (const [what, { value, text }] of Object.entries(texts)) {
    it(`writes ${what} (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)`, () => {
      assert.equal(headerText(value), text)
    })
  }
})
