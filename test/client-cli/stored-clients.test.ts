import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertEnds, authorized, makeHome, runClient, secretsOf, succeed } from '../run-client.ts'
import { startServer } from '../harness.ts'

describe('client --register', { concurrency: 4 }, () => {
  it('registers, prints the client_id and gets no tokens', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--register', '--headless'])
    const { registrations, servers } = await home.stored()
    assert.equal(JSON.parse(stdout).client_id, registrations[server.url]?.client_id)
    assert.deepEqual(servers, {})
  })

  it('registers only once', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const args = ['--server-url', server.url, '--register', '--headless']
    assert.equal((await succeed(t, home, args)).stdout, (await succeed(t, home, args)).stdout)
  })
})

describe('client --refresh', { concurrency: 4 }, () => {
  it('renews the tokens', async t => {
    const { server, home } = await authorized(t)
    const before = (await home.stored()).servers[`${server.url}/mcp`]
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--refresh'])
    const after = (await home.stored()).servers[`${server.url}/mcp`]
    assert.notEqual(after?.access_token, before?.access_token)
    assert.notEqual(after?.refresh_token, before?.refresh_token)
    assert.equal(JSON.parse(stdout).expires_at, Math.floor(after!.expires_at!))
  })

  it('ends with 3 if there is no refresh token', async t => {
    const server = await startServer(t)
    assertEnds(await runClient(t, await makeHome(t), ['--server-url', server.url, '--refresh']), 3, /Run --authorize, or repeat the --grant/)
  })
})

describe('client --list-clients', { concurrency: 4 }, () => {
  it('prints registrations and tokens without their secrets', async t => {
    const { server, home } = await authorized(t)
    const { stdout, stderr } = await succeed(t, home, ['--list-clients'])
    const { registrations } = await home.stored()
    assert.deepEqual(stdout.trim().split('\n').map(line => line.split('\t').slice(0, 3)), [
      ['registration', server.url, registrations[server.url]!.client_id], ['tokens', `${server.url}/mcp`, server.url],
    ])
    const secrets = secretsOf(await home.stored())
    assert.equal(secrets.length, 3)
    for (const secret of secrets) assert.equal(`${stdout}${stderr}`.includes(secret), false)
  })

  it('prints nothing if nothing is stored', async t => {
    assert.equal((await succeed(t, await makeHome(t), ['--list-clients'])).stdout, '')
  })

  it('warns of a storage that it cannot parse, and sets it aside', async t => {
    const home = await makeHome(t)
    await writeFile(home.storage, 'precious')
    const { stderr } = await succeed(t, home, ['--list-clients'])
    assert.match(stderr, /is not a valid client storage\. It was moved to /)
    const aside = (await readdir(home.path)).find(name => name.includes('.corrupt-'))!
    assert.equal(await readFile(join(home.path, aside), 'utf8'), 'precious')
  })

  it('uses the file of --storage', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const storage = join(home.path, 'below', 'clients.json')
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--storage', storage])
    await succeed(t, home, ['--server-url', server.url, '--list-tools', '--storage', storage])
  })

  it('reports a storage that it cannot use', async t => {
    const home = await makeHome(t)
    assertEnds(await runClient(t, home, ['--list-clients', '--storage', home.path]), 1, /^Error: the client storage .+ cannot be used: it is a directory$/m)
  })
})

describe('client --remove-client', { concurrency: 4 }, () => {
  for (const [what, url] of [['the MCP server', '/mcp'], ['the server', ''], ['the server with a slash', '/']] as const) {
    it(`revokes the tokens, deletes the registration and forgets both, given the URL of ${what} (RFC 7009 section 2, RFC 7592 section 2.3)`, async t => {
      const { server, home } = await authorized(t)
      const { registrations, servers } = await home.stored()
      await succeed(t, home, ['--remove-client', `${server.url}${url}`])
      const { registration_client_uri, registration_access_token } = registrations[server.url]!
      const registration = await fetch(registration_client_uri!, { headers: { authorization: `Bearer ${registration_access_token}` } })
      const { access_token } = servers[`${server.url}/mcp`]!
      const tools = await fetch(`${server.url}/mcp`, { headers: { authorization: `Bearer ${access_token}` } })
      assert.deepEqual([registration.status, tools.status], [401, 401])
      const after = await home.stored()
      assert.deepEqual([after.registrations, after.servers], [{}, {}])
    })
  }

  it('forgets the tokens even if the server is gone', async t => {
    const { server, home } = await authorized(t)
    await server.close()
    const { stderr } = await succeed(t, home, ['--remove-client', server.url])
    assert.match(stderr, /they stay valid until they expire/)
    assert.deepEqual((await home.stored()).servers, {})
  })

  it('keeps what is stored for other servers', async t => {
    const { server, home } = await authorized(t)
    const other = await startServer(t)
    await succeed(t, home, ['--server-url', other.url, '--authorize', '--headless'])
    await succeed(t, home, ['--remove-client', server.url])
    await succeed(t, home, ['--server-url', other.url, '--list-tools'])
  })

  it('ends with 1 if nothing is stored', async t => {
    assertEnds(await runClient(t, await makeHome(t), ['--remove-client', 'https://a.example']), 1, /nothing is stored for https:\/\/a\.example/)
  })
})
