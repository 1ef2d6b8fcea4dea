import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freshnessLifetime } from '../../src/base/http/freshness.ts'

const date = 'Wed, 25 Nov 2026 12:00:00 GMT'

describe('freshnessLifetime()', () => {
  const cases: Record<string, { headers: Record<string, string>; seconds: number | undefined }> = {
    'is unknown where the headers say nothing': { headers: {}, seconds: undefined },
    'is unknown where Cache-Control says something else': { headers: { 'cache-control': 'private, must-revalidate' }, seconds: undefined },
    'is max-age (RFC 9111 section 5.2.2.1)': { headers: { 'cache-control': 'public, max-age=600' }, seconds: 600 },
    'is max-age in any case': { headers: { 'cache-control': 'Max-Age=600' }, seconds: 600 },
    'is max-age as a quoted string': { headers: { 'cache-control': 'max-age="600"' }, seconds: 600 },
    'is max-age less Age (RFC 9111 section 4.2.3)': { headers: { 'cache-control': 'max-age=600', 'age': '100' }, seconds: 500 },
    'is nothing for what is older than max-age': { headers: { 'cache-control': 'max-age=600', 'age': '700' }, seconds: 0 },
    'is nothing with no-store (RFC 9111 section 5.2.2.5)': { headers: { 'cache-control': 'max-age=600, no-store' }, seconds: 0 },
    'is nothing with no-cache (RFC 9111 section 5.2.2.4)': { headers: { 'cache-control': 'no-cache' }, seconds: 0 },
    'passes over a max-age that is no number': { headers: { 'cache-control': 'max-age=-1' }, seconds: undefined },
    'is bounded': { headers: { 'cache-control': `max-age=${'9'.repeat(30)}` }, seconds: 2 ** 31 },
    'is the time until Expires (RFC 9111 section 5.3)': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT' }, seconds: 600 },
    'is the time until Expires less Age': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT', age: '100' }, seconds: 500 },
    'is nothing after Expires': { headers: { expires: 'Wed, 25 Nov 2026 11:50:00 GMT' }, seconds: 0 },
    'is nothing for an Expires that is no date': { headers: { expires: '0' }, seconds: 0 },
    'is nothing for an Expires beside a Date that is none': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT', date: 'x' }, seconds: 0 },
    'is max-age, whatever Expires says': { headers: { 'cache-control': 'max-age=600', 'expires': '0' }, seconds: 600 },
  }
  for (const [what, { headers, seconds }] of Object.entries(cases)) {
    it(what, () => assert.equal(freshnessLifetime({ date, ...headers }), seconds))
  }
})
