import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FileStorage } from '../../src/client/storage/file-storage.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientState, ClientStorage, StoredTokens } from '../../src/core/client/seams/storage.ts'
import type { TestContext } from '../harness.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mcp-client-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

function open(path: string, warnings: string[] = []): FileStorage {
  return new FileStorage(path, text => warnings.push(text))
}

function tokens(access_token: string): StoredTokens {
  const registration = { client_id: 'a', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/callback' }
  const issuer = 'https://a.example'
  return { issuer, registration, token_endpoint: `${issuer}/token`, access_token, token_type: 'Bearer', requested_scopes: [] }
}

/** Stores tokens for one server and keeps those of the others. */
function add(storage: ClientStorage, server: string, access_token = 'access'): Promise<void> {
  return storage.update(state => ({ ...state, servers: { ...state.servers, [server]: tokens(access_token) } }))
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

describe('FileStorage', () => {
  it('is empty without a file, and does not create one to read', async t => {
    const path = join(await folder(t), 'clients.json')
    assert.deepEqual(await open(path).read(), { registrations: {}, servers: {} })
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('returns what was stored', async t => {
    const path = join(await folder(t), 'clients.json')
    const registration = {
      client_id: 'a', client_secret: 's', client_secret_expires_at: 0, token_endpoint_auth_method: 'client_secret_basic',
      redirect_uri: 'http://127.0.0.1/callback', scope: 'x', registration_client_uri: 'https://a.example/r', registration_access_token: 't',
    }
    const state: ClientState = {
      registrations: { 'https://a.example': registration },
      servers: { 'https://m.example/mcp': { ...tokens('access'), expires_at: 1, refresh_token: 'r', scope: 'x', resource: 'y' } },
    }
    await open(path).update(() => state)
    const { registrations, servers } = await open(path).read()
    assert.deepEqual({ registrations, servers }, state)
  })

  it('is readable only by its owner', async t => {
    const path = join(await folder(t), 'clients.json')
    await add(open(path), 'https://m.example/mcp')
    assert.equal(await modeOf(path), '600')
  })

  it('removes the permissions of others from an existing file', async t => {
    const path = join(await folder(t), 'clients.json')
    await writeFile(path, '{"registrations":{},"servers":{}}', { mode: 0o644 })
    await add(open(path), 'https://m.example/mcp')
    assert.equal(await modeOf(path), '600')
  })

  it('creates a folder that only its owner can enter', async t => {
    const home = join(await folder(t), 'new', 'home')
    await add(open(join(home, 'clients.json')), 'https://m.example/mcp')
    assert.equal(await modeOf(home), '700')
  })

  it('leaves no other file behind', async t => {
    const home = await folder(t)
    await add(open(join(home, 'clients.json')), 'https://m.example/mcp')
    assert.deepEqual(await readdir(home), ['clients.json'])
  })

  it('removes the leftovers of killed processes, and nothing else', async t => {
    const home = await folder(t)
    const id = '00000000-0000-4000-8000-000000000000'
    const kept = ['clients.json.mine.tmp', `other.json.${id}.tmp`]
    for (const name of [`clients.json.${id}.tmp`, `clients.json.writing.stale-${id}`, `clients.json.refreshing.stale-${id}`, ...kept]) {
      await writeFile(join(home, name), '')
    }
    await add(open(join(home, 'clients.json')), 'https://m.example/mcp')
    assert.deepEqual((await readdir(home)).sort(), ['clients.json', ...kept].sort())
  })

  it('keeps the old state and leaves nothing behind if a change fails', async t => {
    const home = await folder(t)
    const storage = open(join(home, 'clients.json'))
    await add(storage, 'https://m.example/mcp')
    await assert.rejects(storage.update(() => { throw new Error('no') }), /no/)
    assert.deepEqual(await readdir(home), ['clients.json'])
    assert.ok((await storage.read()).servers['https://m.example/mcp'])
  })

  it('is replaced as a whole, so that a reader sees either the old or the new state', async t => {
    const path = join(await folder(t), 'clients.json')
    const warnings: string[] = []
    const storage = open(path, warnings)
    await add(storage, 'https://m.example/mcp')
    let writing = true
    const writes = (async () => {
      for (let i = 0; i < 20; i++) await add(storage, 'https://m.example/mcp', 'x'.repeat(1 + i * 5000))
      writing = false
    })()
    while (writing) assert.ok((await open(path, warnings).read()).servers['https://m.example/mcp'])
    await writes
    assert.deepEqual(warnings, [])
  })

  it('keeps what 20 concurrent writers store for 20 servers', async t => {
    const path = join(await folder(t), 'clients.json')
    const names = Array.from({ length: 20 }, (_, i) => `https://m${i}.example/mcp`)
    await Promise.all(names.map(name => add(open(path), name)))
    assert.deepEqual(Object.keys((await open(path).read()).servers).sort(), names.sort())
  })

  const unreadable: readonly (readonly [string, string])[] = [
    ['is not JSON', '{"registrations": {'],
    ['is empty', ''],
    ['is a list', '[]'],
    ['lacks a table', '{"registrations":{}}'],
    ['was written by another program', '{"https://m.example":{"tokens":{}}}'],
  ]
  for (const [what, text] of unreadable) {
    it(`moves a file aside that ${what}, and says so`, async t => {
      const home = await folder(t)
      const path = join(home, 'clients.json')
      const warnings: string[] = []
      await writeFile(path, text)
      assert.deepEqual(await open(path, warnings).read(), { registrations: {}, servers: {} })
      const [aside] = await readdir(home)
      assert.match(aside!, /^clients\.json\.corrupt-/)
      assert.equal(await readFile(join(home, aside!), 'utf8'), text)
      assert.equal(warnings.length, 1)
      assert.ok(warnings[0]!.includes(aside!), warnings[0])
    })
  }

  it('moves a file aside once for 20 readers', async t => {
    const home = await folder(t)
    const warnings: string[] = []
    await writeFile(join(home, 'clients.json'), 'precious')
    await Promise.all(Array.from({ length: 20 }, () => open(join(home, 'clients.json'), warnings).read()))
    assert.equal((await readdir(home)).length, 1)
    assert.equal(warnings.length, 1)
  })

  it('never overwrites a file that it could not read', async t => {
    const home = await folder(t)
    const path = join(home, 'clients.json')
    await writeFile(path, 'precious')
    await add(open(path), 'https://m.example/mcp')
    const names = await readdir(home)
    assert.equal(names.length, 2)
    assert.equal(await readFile(join(home, names.find(name => name.includes('corrupt'))!), 'utf8'), 'precious')
  })

  it('names the file that it cannot use', async t => {
    const home = await folder(t)
    await mkdir(join(home, 'clients.json'))
    const storage = open(join(home, 'clients.json'))
    const error = { name: 'ClientError', exitCode: 1, message: /clients\.json cannot be used: it is a directory/ }
    await assert.rejects(storage.read(), error)
    await assert.rejects(add(storage, 'https://m.example/mcp'), error)
  })
})

describe('MemoryStorage', () => {
  it('runs exclusive work one at a time', async () => {
    const storage = new MemoryStorage()
    let inside = 0
    await Promise.all(Array.from({ length: 10 }, () => storage.exclusively(async () => {
      assert.equal(++inside, 1)
      await new Promise(resolve => setImmediate(resolve))
      inside--
    })))
  })

  it('continues after exclusive work that failed', async () => {
    const storage = new MemoryStorage()
    await assert.rejects(storage.exclusively(async () => { throw new Error('no') }), /no/)
    assert.equal(await storage.exclusively(async () => 'yes'), 'yes')
  })
})
