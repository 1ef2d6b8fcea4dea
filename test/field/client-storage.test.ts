/** What servers answer and files hold, stored and read back: one bad value costs no login at another server. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FileStorage } from '../../src/client/storage/file-storage.ts'
import { formatState, parseState } from '../../src/client/storage/stored-state.ts'
import type { ClientState, Registration, StoredTokens } from '../../src/core/client/seams/storage.ts'
import { secretExpiry } from '../../src/core/client/registration.ts'
import type { TestContext } from '../harness.ts'

const registration: Registration = {
  client_id: 'c', client_secret: 's', token_endpoint_auth_method: 'client_secret_basic', redirect_uri: 'http://127.0.0.1/callback',
}
const tokens: StoredTokens = {
  issuer: 'https://as.example', registration, token_endpoint: 'https://as.example/token', access_token: 'a', token_type: 'Bearer', requested_scopes: ['x'],
}
const good: ClientState = { registrations: { 'https://good.example': registration }, servers: { 'https://good.example/mcp': tokens } }

async function open(t: TestContext, text?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'client-storage-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'clients.json')
  if (text !== undefined) await writeFile(file, text, { mode: 0o600 })
  const warnings: string[] = []
  return { file, folder, warnings, storage: new FileStorage(file, warning => warnings.push(warning)) }
}

describe('client_secret_expires_at', () => {
  const ends: Record<string, [unknown, number | undefined]> = {
    '0, which means never': [0, 0],
    'a date': [1_800_000_000, 1_800_000_000],
    'a date with a fraction': [1_800_000_000.75, 1_800_000_000],
    'a date in milliseconds': [1_800_000_000_000, 1_800_000_000],
    'the end of the year 9999 in milliseconds': [253402300799000, 0],
    'the largest safe integer': [Number.MAX_SAFE_INTEGER, 0],
    '1e400': [JSON.parse('1e400'), 0],
    '-1': [-1, 0],
    '-1e400': [JSON.parse('-1e400'), 0],
    'null': [null, undefined],
    'a text': ['never', undefined],
  }
  for (const [what, [sent, stored]] of Object.entries(ends)) {
    it(`is understood if it is ${what} (RFC 7591 section 3.2.1)`, () => {
      assert.equal(secretExpiry(sent).client_secret_expires_at, stored)
    })
  }
})

describe('A state that is written', () => {
  const odd: Record<string, Partial<StoredTokens> & { registration?: Registration }> = {
    'an infinite expiry': { expires_at: Infinity },
    'an expiry that is not a number': { expires_at: NaN },
    'an expiry beyond all dates': { expires_at: 1e16 },
    'an empty refresh token': { refresh_token: '' },
    'a relative revocation endpoint': { revocation_endpoint: '/revoke' },
    'an infinite end of a secret': { registration: { ...registration, client_secret_expires_at: Infinity } },
    'a scope that is a list': { scope: ['x'] as unknown as string },
  }
  for (const [what, changes] of Object.entries(odd)) {
    it(`is read back, if it has ${what}, and costs no other record`, async t => {
      const { storage, folder, warnings } = await open(t)
      await storage.update(() => ({ ...good, servers: { ...good.servers, 'https://odd.example/mcp': { ...tokens, ...changes } } }))
      const read = await storage.read()
      assert.deepEqual(read.servers['https://good.example/mcp'], tokens)
      assert.equal(read.servers['https://odd.example/mcp']?.access_token, 'a')
      assert.deepEqual([await readdir(folder), warnings], [['clients.json'], []])
    })
  }

  it('is read back as it was written, whatever its values are', () => {
    const random = generator(20_261_130)
    for (let i = 0; i < 2_000; i++) {
      const state = { registrations: { [key(random)]: member(random) }, servers: { [key(random)]: member(random), ok: tokens } } as unknown as ClientState
      const text = formatState(state)
      const read = parseState(text)
      assert.deepEqual(read?.problems, [])
      assert.equal(formatState(read!.state), text)
      assert.deepEqual(read!.state.servers['ok'], tokens)
    }
  })
})

describe('A file with a record that is not valid', () => {
  const bad: Record<string, unknown> = {
    'a number': 5, 'null': null, 'a list': [], 'an empty object': {}, 'no client_id': { ...registration, client_id: undefined },
    'an empty client_id': { ...registration, client_id: '' }, 'a method that is a number': { ...registration, token_endpoint_auth_method: 1 },
  }
  for (const [what, record] of Object.entries(bad)) {
    it(`keeps all other records, if a registration is ${what}`, async t => {
      const text = JSON.stringify({ version: 1, ...good, registrations: { ...good.registrations, 'https://bad.example': record } })
      const { storage, warnings, folder } = await open(t, text)
      assert.deepEqual(await storage.read(), good)
      assert.match(warnings.join(), /the registration at https:\/\/bad\.example cannot be used/)
      assert.deepEqual(await readdir(folder), ['clients.json'])
    })
  }

  for (const token_endpoint of ['', '/token', 'not a URL', 5]) {
    it(`keeps all other records, if the token endpoint of one is ${JSON.stringify(token_endpoint)}`, async t => {
      const text = JSON.stringify({ version: 1, ...good, servers: { ...good.servers, 'https://bad.example/mcp': { ...tokens, token_endpoint } } })
      const { storage, warnings } = await open(t, text)
      assert.deepEqual(await storage.read(), good)
      assert.match(warnings.join(), /the tokens for https:\/\/bad\.example\/mcp cannot be used/)
    })
  }

  it('keeps members that a later version has added', async t => {
    const { storage, file } = await open(t, JSON.stringify({ version: 1, ...good, servers: { s: { ...tokens, note: 'kept' } } }))
    await storage.update(state => state)
    assert.equal(JSON.parse(await readFile(file, 'utf8')).servers.s.note, 'kept')
  })
})

type Random = () => number

/** A linear congruential generator: the same values on every run. */
function generator(seed: number): Random {
  let state = seed
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!
}

function key(random: Random): string {
  return pick(random, ['https://a.example', '__proto__', 'constructor', '', 'ü', 'https://a.example/mcp'])
}

const values = [undefined, null, '', 'text', 0, -1, 1e400, NaN, 2 ** 53, 253402300799000, true, [], ['a', 1], {}, { client_id: 'x' }, 'https://x.example/y', '/relative']

function member(random: Random): unknown {
  if (random() < 0.2) return pick(random, values)
  const names = [...Object.keys(tokens), ...Object.keys(registration), 'expires_at', 'client_secret_expires_at', 'refresh_token', 'scope', 'dpop_key', 'revocation_endpoint', '__proto__']
  const base: Record<string, unknown> = random() < 0.5 ? { ...tokens } : { ...registration }
  for (let i = 0; i < 3; i++) Object.defineProperty(base, pick(random, names), { value: pick(random, values), enumerable: true, configurable: true, writable: true })
  return base
}
