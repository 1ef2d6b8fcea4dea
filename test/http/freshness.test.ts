import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freshnessLifetime } from '../../src/base/http/freshness.ts'

const date = 'Wed, 25 Nov 2026 12:00:00 GMT'

describe('freshnessLifetime()', () => {
  const cases: Record<string, { headers: Record<string, string>; seconds: number | undefined }> = {
    'is unknown without headers': { headers: {}, seconds: undefined },
    'is unknown if Cache-Control says nothing about it': { headers: { 'cache-control': 'private, must-revalidate' }, seconds: undefined },
    'is max-age (RFC 9111 section 5.2.2.1)': { headers: { 'cache-control': 'public, max-age=600' }, seconds: 600 },
    'is max-age in any case': { headers: { 'cache-control': 'Max-Age=600' }, seconds: 600 },
    'is max-age as a quoted string': { headers: { 'cache-control': 'max-age="600"' }, seconds: 600 },
    'is max-age minus Age (RFC 9111 section 4.2.3)': { headers: { 'cache-control': 'max-age=600', 'age': '100' }, seconds: 500 },
    'is 0 if Age exceeds max-age': { headers: { 'cache-control': 'max-age=600', 'age': '700' }, seconds: 0 },
    'is 0 with no-store (RFC 9111 section 5.2.2.5)': { headers: { 'cache-control': 'max-age=600, no-store' }, seconds: 0 },
    'is 0 with no-cache (RFC 9111 section 5.2.2.4)': { headers: { 'cache-control': 'no-cache' }, seconds: 0 },
    'ignores a max-age that is not a number': { headers: { 'cache-control': 'max-age=-1' }, seconds: undefined },
    'is bounded': { headers: { 'cache-control': `max-age=${'9'.repeat(30)}` }, seconds: 2 ** 31 },
    'is the time until Expires (RFC 9111 section 5.3)': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT' }, seconds: 600 },
    'is the time until Expires minus Age': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT', age: '100' }, seconds: 500 },
    'is 0 after Expires': { headers: { expires: 'Wed, 25 Nov 2026 11:50:00 GMT' }, seconds: 0 },
    'is 0 if Expires is not a date': { headers: { expires: '0' }, seconds: 0 },
    'is 0 if Date is not a date': { headers: { expires: 'Wed, 25 Nov 2026 12:10:00 GMT', date: 'x' }, seconds: 0 },
    'is max-age even if Expires says otherwise': { headers: { 'cache-control': 'max-age=600', 'expires': '0' }, seconds: 600 },
  }
  for (const [what, { headers, seconds }] of Object.entries(cases)) {
    it(what, () => assert.equal(freshnessLifetime({ date, ...headers }), seconds))
  }
})
