/** Other users, full disks, corrupted files, and processes that are killed, stopped or many, against the storage of the client. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { chmod, lstat, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileStorage } from '../../src/client/storage/file-storage.ts'
import { assertEnds, authorized, makeHome, program, runClient, startProgram, succeed, type Home } from '../run-client.ts'
import { startServer } from '../harness.ts'
import { formOf, json, startHonestPeer, validTokens } from '../peer.ts'
import { attack } from '../attacks/attack.ts'

/** The names of the folder that belong to the storage. */
async function filesOf({ path }: Home): Promise<readonly string[]> {
  return (await readdir(path)).filter(name => name.startsWith('.mcp_clients'))
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

const record = { client_id: 'c', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/callback' }

describe('The client: its storage', { concurrency: 4 }, () => {
  attack('reads the storage of another user on the same machine', 'src/client/storage/file-storage.ts: await chmod(path, 0o600)', async t => {
    const { home } = await authorized(t)
    await chmod(home.storage, 0o644)
    const { stderr } = await succeed(t, home, ['--list-clients'])
    assert.match(stderr, /could be read or written by other users/)
    assert.equal(await modeOf(home.storage), '600')
  })

  attack('waits for a storage that is created with a loose umask', 'src/client/storage/file-storage.ts: \'wx\', 0o600', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const storage = join(home.path, 'new', 'deep', 'clients.json')
    const child = spawn('sh', ['-c', `umask 0; exec "$0" "$@"`, process.execPath, program, '--server-url', server.url, '--authorize', '--headless', '--storage', storage], { stdio: 'ignore' })
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.deepEqual([await modeOf(storage), await modeOf(join(storage, '..'))], ['600', '700'])
  })

  attack('has secrets left behind at the target of a symbolic link', 'src/client/storage/file-storage.ts: realpath(this.path)', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const real = join(home.path, 'real.json')
    await writeFile(real, '{"registrations":{},"servers":{}}', { mode: 0o600 })
    await symlink(real, home.storage)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless'])
    assert.equal(await readlink(home.storage), real)
    assert.match(await readFile(real, 'utf8'), /access_token/)
    assert.ok((await lstat(home.storage)).isSymbolicLink())
  })

  attack('replaces the storage by a pipe', 'src/client/storage/file-storage.ts: this.unusable(\'it is not a file\')', async t => {
    const home = await makeHome(t)
    const fifo = join(home.path, 'fifo')
    assert.deepEqual(await once(spawn('mkfifo', [fifo]), 'exit'), [0, null])
    assertEnds(await runClient(t, home, ['--list-clients', '--storage', fifo]), 1, /cannot be used: it is not a file/)
    assertEnds(await runClient(t, home, ['--list-clients', '--storage', '/dev/null']), 1, /cannot be used: it is not a file/)
  })

  it('keeps its content if the disk is full, and the error says so', { skip: !process.getuid || process.getuid() !== 0 }, async t => {
    const { server, home } = await authorized(t)
    const before = await readFile(home.storage, 'utf8')
    // A limit on the size of files, which every write meets.
    const child = spawn('sh', ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"', process.execPath, program, '--server-url', server.url, '--refresh'], { cwd: home.path })
    let stderr = ''
    child.stderr.on('data', text => { stderr += text })
    const [code] = await once(child, 'exit') as [number]
    if (code !== 0) assert.match(stderr, /client storage .* cannot be used: E\w+/)
    assert.equal((await filesOf(home)).filter(name => name.endsWith('.tmp')).length, 0)
    if (code !== 0) assert.equal(await readFile(home.storage, 'utf8'), before)
  })

  it('is named in the error if its folder cannot be created', async t => {
    const home = await makeHome(t)
    await writeFile(join(home.path, 'file'), '')
    const server = await startServer(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--authorize', '--headless', '--storage', join(home.path, 'file', 'clients.json')])
    assertEnds(ended, 1, /client storage .* cannot be used: ENOTDIR/)
  })

  const tokens = {
    issuer: 'https://a.example', registration: record, token_endpoint: 'https://a.example/token', access_token: 'a', token_type: 'Bearer', requested_scopes: [],
  }
  const corrupted: readonly (readonly [string, string])[] = [
    ['is cut off', JSON.stringify({ version: 1, registrations: {}, servers: { 'https://m.example': tokens } }).slice(0, -20)],
    ['is full of zeros', '\0'.repeat(500)],
    ['has half a record', JSON.stringify({ registrations: {}, servers: { 'https://m.example': tokens, 'https://n.example': { issuer: 'x' } } })],
    ['has an impossible date', JSON.stringify({ registrations: {}, servers: { 'https://m.example': { ...tokens, expires_at: 1e300 } } })],
    ['has a date as a string', JSON.stringify({ registrations: {}, servers: { 'https://m.example': { ...tokens, expires_at: 'soon' } } })],
    ['has an invalid refresh token', JSON.stringify({ registrations: {}, servers: { 'https://m.example': { ...tokens, refresh_token: 7 } } })],
    ['has invalid scopes', JSON.stringify({ registrations: {}, servers: { 'https://m.example': { ...tokens, requested_scopes: [{}] } } })],
    ['has an invalid secret', JSON.stringify({ registrations: { 'https://a.example': { ...record, client_secret: [] } }, servers: {} })],
    ['is of a later version', JSON.stringify({ version: 2, registrations: {}, servers: {} })],
    ['is deeper than any stack', '['.repeat(100_000)],
  ]
  for (const [what, text] of corrupted) {
    attack(`has a storage that ${what} overwritten`, 'src/client/storage/file-storage.ts: if (!read) return this.setAside(path)', async t => {
      const home = await makeHome(t)
      await writeFile(home.storage, text, { mode: 0o600 })
      for (const args of [['--list-clients'], ['--list-clients']]) await succeed(t, home, args)
      const [aside, ...others] = await filesOf(home)
      assert.deepEqual(others, [])
      assert.equal(await readFile(join(home.path, aside!), 'utf8'), text)
    })
  }

  it('survives an invalid redirect URI', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    await writeFile(home.storage, JSON.stringify({ registrations: { [server.url]: { ...record, redirect_uri: 'nonsense' } }, servers: {} }), { mode: 0o600 })
    await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
  })
})

describe('A process that lost its lease while it was stopped', () => {
  attack('suspends and resumes a process, so that it overwrites newer tokens', 'src/client/storage/file-storage.ts: if (!await lease.isHeld()) return false', async t => {
    const home = await makeHome(t)
    const storage = new FileStorage(home.storage, () => {})
    await storage.update(state => ({ ...state, registrations: { first: record } }))
    let attempts = 0
    await storage.update(state => {
      attempts++
      if (attempts === 1) {
        writeFileSync(home.storage, JSON.stringify({ version: 1, registrations: { ...state.registrations, ofAnother: record }, servers: {} }))
        writeFileSync(`${home.storage}.writing`, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), id: 'of a process that has ended' }))
      }
      return { ...state, registrations: { ...state.registrations, mine: record } }
    })
    assert.deepEqual(Object.keys((await storage.read()).registrations), ['first', 'ofAnother', 'mine'])
    assert.equal(attempts, 2)
    assert.deepEqual(await filesOf(home), ['.mcp_clients.json'])
  })
})

describe('The login survives', { concurrency: 3 }, () => {
  it('if three processes refresh at once through the storage, as --hammer-refresh shows', async t => {
    const { server, home } = await authorized(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--hammer-refresh', '3'])
    assert.match(stdout, /processes: 3, token requests: 1, processes with tokens: 3, different refresh tokens: 1\n/)
    assert.match(stdout, /\nPASSED: nobody was logged out\n$/)
    await succeed(t, home, ['--server-url', server.url, '--list-tools'])
  })

  it('not if processes refresh on their own at a server without a reuse window, and --hammer-refresh --raw says why', async t => {
    const { server, home } = await authorized(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    const ended = await runClient(t, home, ['--server-url', server.url, '--hammer-refresh', '3', '--raw'])
    assert.equal(ended.code, 4)
    assert.match(ended.stdout, /revokes the grant when a refresh token is used twice[^]*FAILED: 3 of 3 processes were logged out, and the grant is dead/)
    for (const word of ['access_token', 'refresh_token']) assert.equal(ended.stdout.includes(word + '"'), false)
  })


  attack('kills a process while it refreshes, to lock the others out', 'src/client/storage/lease.ts: return hasExited(owner)', async t => {
    const peer = await startHonestPeer(t)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    peer.on('POST /token', () => sleep(60_000, { status: 503 }, { ref: false }))
    const { child: killed, ended } = startProgram(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])
    while (peer.to('POST /token').length < 2) await sleep(20)
    killed.kill('SIGKILL')
    await ended
    peer.on('POST /token', json(validTokens({ access_token: 'access-after', refresh_token: 'refresh-after' })))
    // Somebody keeps the lease fresh, so that it is taken over for no other reason than that its owner is dead.
    const lease = `${home.storage}.refreshing`
    const fresh = setInterval(() => void utimes(lease, new Date(), new Date()).catch(() => {}), 50)
    t.after(async () => clearInterval(fresh))
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])
    clearInterval(fresh)
    assert.deepEqual(await filesOf(home), ['.mcp_clients.json'])
  })

  attack('suspends a process before its refresh, so that it uses the token a second time', 'src/core/client/token-keeper.ts: if (!await lease.isHeld())', async t => {
    const peer = await startHonestPeer(t)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    const used = new Set<string>()
    let count = 0
    peer.on('POST /token', request => {
      const { refresh_token } = formOf(request)
      if (used.has(refresh_token)) return json({ error: 'invalid_grant' }, 400)
      used.add(refresh_token)
      count++
      return json(validTokens({ access_token: `access-after-${count}`, refresh_token: `refresh-after-${count}` }))
    })
    const { child: stopped, ended } = startProgram(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])
    while (!(await filesOf(home)).includes('.mcp_clients.json.refreshing')) await sleep(1)
    stopped.kill('SIGSTOP')
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])
    stopped.kill('SIGCONT')
    assert.equal((await ended).code, 0)
    const { servers } = await home.stored()
    assert.equal(servers[`${peer.url}/mcp`]?.refresh_token, `refresh-after-${count}`)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])
  })
})
