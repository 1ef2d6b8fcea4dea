import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nearestMiss, type MissOptions, type NearestMiss } from '../../src/base/rules/nearest-miss.ts'
import { assertLinear } from '../growth.ts'

function missOf(received: string, expected: string | readonly string[], options?: MissOptions): NearestMiss {
  return nearestMiss(received, [expected].flat(), options) ?? assert.fail('there is no miss')
}

describe('nearestMiss()', () => {
  it('is nothing if the received value is expected', () => assert.equal(nearestMiss('a', ['b', 'a']), undefined))
  it('is nothing where nothing is expected', () => assert.equal(nearestMiss('a', []), undefined))

  it('splits both texts into what they share and what differs', () => {
    const { candidate, prefix, received, expected, suffix } = missOf('https://a.example:8443/cb', 'https://a.example/cb')
    assert.deepEqual({ candidate, prefix, received, expected, suffix }, {
      candidate: 'https://a.example/cb', prefix: 'https://a.example', received: ':8443', expected: '', suffix: '/cb',
    })
  })

  it('takes the candidate that differs least', () => {
    assert.equal(missOf('https://a.example/cb/', ['https://b.example/other', 'https://a.example/cb', 'x']).candidate, 'https://a.example/cb')
  })

  for (const [what, received, expected] of [
    ['a repeated character', 'aa', 'a'], ['a text within another', 'b', 'abc'], ['an empty text', '', 'abc'], ['two texts with nothing in common', 'xyz', 'abc'],
    ['a surrogate pair that differs in its second half', 'a\u{1f600}b', 'a\u{1f601}b'], ['a surrogate pair that differs in its first half', 'a\u{1f600}', 'a\u{2f600}'],
  ] as const) {
    it(`puts both together again from their parts: ${what}`, () => {
      const miss = missOf(received, expected)
      assert.deepEqual([miss.prefix + miss.received + miss.suffix, miss.prefix + miss.expected + miss.suffix], [received, expected])
      for (const part of [miss.prefix, miss.received, miss.expected, miss.suffix]) assert.doesNotMatch(part, /\p{Cs}/u)
    })
  }

  it('looks at 2048 characters at most', () => assert.ok(missOf('x'.repeat(1e6), 'y'.repeat(1e6)).received.length <= 2048))

  const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['a slash at the end', 'https://a.example/mcp/', 'https://a.example/mcp', ['it has an extra slash at the end']],
    ['a slash that is missing', 'https://a.example/mcp', 'https://a.example/mcp/', ['it lacks the slash at the end']],
    ['a double slash', 'https://a.example//mcp', 'https://a.example/mcp', ['it has two slashes in a row']],
    ['two slashes at the end', 'https://a.example/mcp//', 'https://a.example/mcp', ['it has extra slashes']],
    ['another loopback host', 'http://127.0.0.1/cb', 'http://localhost/cb', ['the host is 127.0.0.1, not localhost: they are the same machine but different hosts']],
    ['another host', 'https://b.example/cb', 'https://a.example/cb', ['the host is b.example, not a.example']],
    ['upper case in the host', 'https://A.example/cb', 'https://a.example/cb', ['the host A.example differs from a.example in upper and lower case']],
    ['another port', 'https://a.example:1/cb', 'https://a.example:2/cb', ['it has port 1, but port 2 is expected']],
    ['a port where none is', 'https://a.example:8443/cb', 'https://a.example/cb', ['it has port 8443, but no port is expected']],
    ['another scheme', 'http://a.example/cb', 'https://a.example/cb', ['the scheme is http, not https']],
    ['upper case in the path', 'https://a.example/CB', 'https://a.example/cb', ['the path differs in upper and lower case']],
    ['percent-encoding', 'https://a.example/a%62', 'https://a.example/ab', ['the path is percent-encoded differently']],
    ['another path', 'https://a.example/mcp/x/', 'https://a.example/mcp', ['the path is /mcp/x/, not /mcp']],
    ['a path where none is', 'https://a.example/mcp', 'https://a.example', ['the path is /mcp, not empty']],
    ['a query', 'https://a.example/cb?a=1', 'https://a.example/cb', ['it has a query']],
    ['a query that is missing', 'https://a.example/cb', 'https://a.example/cb?a=1', ['the query is missing']],
    ['a fragment', 'https://a.example/cb#', 'https://a.example/cb', ['it has a fragment']],
    ['several at once', 'http://a.example:1/cb/', 'https://a.example/cb', [
      'the scheme is http, not https', 'it has port 1, but no port is expected', 'it has an extra slash at the end',
    ]],
    ['blanks', ' https://a.example', 'https://a.example', ['it has spaces around it']],
    ['nothing at all', '', 'https://a.example', ['it is empty']],
    ['a name in place of a URI', 'a.example', 'https://a.example', ['it is not an absolute URI']],
    ['upper case in a word', 's256', 'S256', ['it differs only in upper and lower case']],
    ['another word', 'plain', 'S256', ['it is a completely different value']],
    ['a time that is over', '2026-01-01T10:00:00.000Z', '2026-01-01T10:00:12.500Z', ['it is 12.5 s in the past']],
    ['a time that is to come', '2026-01-01T12:00:00.000Z', '2026-01-01T11:50:00.000Z', ['it is 10 minutes in the future']],
  ]
  for (const [what, received, expected, differences] of cases) {
    it(`names ${what}`, () => assert.deepEqual(missOf(received, expected).differences, differences))
  }

  it('does not name the port of a loopback redirect URI, which may differ (RFC 8252 section 7.3)', () => {
    const { differences } = missOf('http://127.0.0.1:1/cb', 'http://localhost:2/cb', { loopbackPortIsFree: true })
    assert.deepEqual(differences, ['the host is 127.0.0.1, not localhost: they are the same machine but different hosts'])
  })

  it('names the port of an https redirect URI, which may not', () => {
    assert.deepEqual(missOf('https://a.example:1/cb', 'https://a.example/cb', { loopbackPortIsFree: true }).differences,
      ['it has port 1, but no port is expected'])
  })

  it('compares scopes as sets', () => {
    assert.deepEqual(missOf('a b', 'b c', { isScope: true }).differences, ['it lacks c', 'it has a, which is not expected'])
  })

  for (const [what, text] of [['slashes', '/'], ['percent signs', '%'], ['colons', 'a:'], ['blanks', ' ']] as const) {
    it(`compares long texts of ${what} in linear time`, () => assertLinear(80_000, size => {
      const long = text.repeat(size)
      nearestMiss(long, [`${long}x`, 'https://a.example', `https://${long}`])
    }))
  }
})
