import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, succeed, type Ended, type Home } from '../run-client.ts'
import { claimsOf, register, startServer, type Members, type TestContext, type TestServer } from '../harness.ts'
import { formOf, json, startHonestPeer, startPeer, validTokens } from '../peer.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [createPublicKey(privateKey).export({ format: 'jwk' })] }
const redirect_uris = ['http://127.0.0.1:53682/callback']
const byItself = { redirect_uris: undefined, grant_types: ['client_credentials'] }

interface Setting {
  readonly server: TestServer
  readonly home: Home
  /** The claims of the stored access token. */
  claims(): Promise<Members>
}

async function start(t: TestContext, env: Record<string, string> = {}): Promise<Setting> {
  const server = await startServer(t, env)
  const home = await makeHome(t)
  return {
    server, home,
    claims: async () => claimsOf((await home.stored()).servers[`${server.url}/mcp`]!.access_token),
  }
}

const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

describe('client --client-id', { concurrency: 4 }, () => {
  it('authorizes as a pre-registered public client', async t => {
    const { server, home, claims } = await start(t)
    const { client_id } = await register(server, { redirect_uris })
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', `--client-id=${client_id}`])
    assert.equal((await claims())['client_id'], client_id)
    await succeed(t, home, ['--server-url', server.url, '--list-tools'])
  })

  for (const token_endpoint_auth_method of ['client_secret_basic', undefined]) {
    it(`authorizes with the secret in the environment, if ${token_endpoint_auth_method ?? 'no method'} is registered`, async t => {
      const { server, home, claims } = await start(t)
      const { client_id, client_secret } = await register(server, { redirect_uris, token_endpoint_auth_method })
      const args = ['--server-url', server.url, '--authorize', '--headless', `--client-id=${client_id}`]
      await succeed(t, home, args, { MCP_CLIENT_SECRET: client_secret })
      assert.equal((await claims())['client_id'], client_id)
    })
  }

  it('authorizes with --client-secret, which takes precedence over the environment', async t => {
    const { server, home } = await start(t)
    const { client_id, client_secret } = await register(server, { redirect_uris, token_endpoint_auth_method: 'client_secret_basic' })
    const args = ['--server-url', server.url, '--authorize', '--headless', `--client-id=${client_id}`, `--client-secret=${client_secret}`]
    await succeed(t, home, args, { MCP_CLIENT_SECRET: 'another' })
  })

  it('authorizes with a private key (RFC 7523 section 2.2)', async t => {
    const { server, home, claims } = await start(t)
    const { client_id } = await register(server, { redirect_uris, token_endpoint_auth_method: 'private_key_jwt', jwks })
    const identity = ['--server-url', server.url, `--client-id=${client_id}`, '--private-key', await home.write('key.pem', pem)]
    await succeed(t, home, [...identity, '--authorize', '--headless'], { MCP_CLIENT_SECRET: 'of another client' })
    assert.equal((await claims())['client_id'], client_id)
    assert.equal((await home.stored()).registrations[server.url]?.client_secret, undefined)
    await succeed(t, home, [...identity, '--refresh'])
    assertEnds(await runClient(t, home, ['--server-url', server.url, '--refresh']), 2, /authenticates with a private key, which is missing\n {2}Pass it with --private-key\./)
  })

  it('reports a wrong secret, registers nothing, and stores no tokens', async t => {
    const { server, home } = await start(t)
    const { client_id } = await register(server, { redirect_uris, token_endpoint_auth_method: 'client_secret_basic' })
    const args = ['--server-url', server.url, '--authorize', '--headless', `--client-id=${client_id}`]
    assertEnds(await runClient(t, home, args, { MCP_CLIENT_SECRET: 'wrong' }), 4, /^Error: the token endpoint refused: invalid_client/m)
    const { registrations, servers } = await home.stored()
    assert.deepEqual([Object.values(registrations).map(registration => registration.client_id), servers], [[client_id], {}])
  })

  it('does not send its secret to another authorization server (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const { server, home } = await start(t)
    const { client_id, client_secret } = await register(server, { redirect_uris, token_endpoint_auth_method: 'client_secret_basic' })
    const args = ['--authorize', '--headless', `--client-id=${client_id}`]
    await succeed(t, home, ['--server-url', server.url, ...args], { MCP_CLIENT_SECRET: client_secret })
    const evil = await startHonestPeer(t)
    const ended = await runClient(t, home, ['--server-url', `${evil.url}/mcp`, ...args], { MCP_CLIENT_SECRET: client_secret })
    assertEnds(ended, 5, /rule credentials-belong-to-issuer/)
    assert.equal(evil.to('POST /token').length, 0)
  })

  it('shows no secret in the trace', async t => {
    const { server, home } = await start(t)
    const { client_id, client_secret } = await register(server, { redirect_uris, token_endpoint_auth_method: 'client_secret_basic' })
    const args = ['--server-url', server.url, '--authorize', '--headless', `--client-id=${client_id}`, '--trace']
    const { stdout, stderr } = await succeed(t, home, args, { MCP_CLIENT_SECRET: client_secret })
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64')
    for (const secret of [client_secret, basic]) assert.equal(`${stdout}${stderr}`.includes(secret), false)
  })
})

describe('client --client-metadata-url', { concurrency: 4 }, () => {
  /** A server that accepts metadata documents from this machine, and such a document. */
  async function withDocument(t: TestContext, metadata: Members = {}): Promise<Setting & { url: string }> {
    const setting = await start(t, { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true' })
    const peer = await startPeer(t)
    const url = `${peer.url}/client.json`
    peer.on('GET /client.json', json({ client_id: url, client_name: 'Documented', redirect_uris, ...metadata }))
    return { ...setting, url }
  }

  it('authorizes as the client of the document without registering', async t => {
    const { server, home, url, claims } = await withDocument(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--client-metadata-url', url])
    assert.equal((await claims())['client_id'], url)
    assert.deepEqual((await home.stored()).registrations, {})
    await succeed(t, home, ['--server-url', server.url, '--refresh'])
  })

  it('authenticates with the key of the document', async t => {
    const { server, home, url, claims } = await withDocument(t, { token_endpoint_auth_method: 'private_key_jwt', jwks })
    const key = await home.write('key.jwk', JSON.stringify(privateKey.export({ format: 'jwk' })))
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--client-metadata-url', url, '--private-key', key])
    assert.equal((await claims())['client_id'], url)
  })

  it('registers if the server does not support metadata documents', async t => {
    const peer = await startHonestPeer(t)
    const home = await makeHome(t)
    const { stderr } = await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--client-metadata-url', 'https://app.example/c.json'])
    assert.match(stderr, /does not support metadata documents/)
    assert.equal(peer.to('POST /register').length, 1)
  })

  it('is listed and removed together with its tokens', async t => {
    const { server, home, url } = await withDocument(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--client-metadata-url', url])
    const { stdout } = await succeed(t, home, ['--list-clients'])
    const [kind, resource, issuer, , , client_id, ...more] = stdout.trimEnd().split('\t')
    assert.deepEqual([kind, resource, issuer, client_id, more], ['tokens', `${server.url}/mcp`, server.url, url, []])
    await succeed(t, home, ['--remove-client', server.url])
    assert.deepEqual((await home.stored()).servers, {})
  })
})

describe('client that cannot register', () => {
  it('lists the alternatives', async t => {
    const peer = await startHonestPeer(t, { metadata: { registration_endpoint: undefined } })
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    assertEnds(ended, 5, /has no registration_endpoint, and the client has no client_id for it/)
    for (const option of ['--client-id', '--client-secret', 'MCP_CLIENT_SECRET', '--private-key', '--client-metadata-url']) {
      assert.ok(ended.stderr.includes(option), option)
    }
  })
})

describe('client --grant client-credentials', { concurrency: 4 }, () => {
  /** A client with its own credentials. `run` passes the secret in the environment. */
  async function itself(t: TestContext): Promise<Setting & { run(...args: readonly string[]): Promise<Ended> }> {
    const setting = await start(t)
    const { server, home } = setting
    const { client_id, client_secret } = await register(server, { ...byItself, token_endpoint_auth_method: 'client_secret_basic' })
    const identity = [`--client-id=${client_id}`, '--grant', 'client-credentials']
    return { ...setting, run: (...args) => succeed(t, home, ['--server-url', server.url, ...identity, ...args], { MCP_CLIENT_SECRET: client_secret }) }
  }

  it('calls a tool at once without asking a user (RFC 6749 section 4.4)', async t => {
    const { home, run, claims } = await itself(t)
    const { stdout } = await run('--call-tool', 'get_weather', '--args', '{"location": "Lisbon"}')
    assert.match(stdout, /^Lisbon: /)
    const { sub, client_id } = await claims()
    assert.equal(sub, client_id)
    assert.equal(await home.opened(), undefined)
  })

  it('keeps the token for the next command', async t => {
    const { run, claims } = await itself(t)
    await run('--list-tools')
    const { jti } = await claims()
    await run('--list-tools')
    assert.equal((await claims())['jti'], jti)
  })

  it('gets a new token with --refresh by the same grant (RFC 6749 section 4.4.3)', async t => {
    const { run, claims } = await itself(t)
    await run('--authorize')
    const { jti } = await claims()
    await run('--refresh')
    assert.notEqual((await claims())['jti'], jti)
  })

  it('says what to do if the token cannot be renewed without the grant', async t => {
    const { server, home, run } = await itself(t)
    await run('--authorize')
    assertEnds(await runClient(t, home, ['--server-url', server.url, '--refresh']), 3, /no working refresh token[^]*or repeat the --grant that got the tokens/)
  })

  it('accepts a private key instead of a secret', async t => {
    const { server, home, claims } = await start(t)
    const { client_id } = await register(server, { ...byItself, token_endpoint_auth_method: 'private_key_jwt', jwks })
    const identity = [`--client-id=${client_id}`, '--private-key', await home.write('key.pem', pem), '--grant', 'client-credentials']
    await succeed(t, home, ['--server-url', server.url, '--list-tools', ...identity])
    assert.equal((await claims())['sub'], client_id)
  })

  it('is listed, and --remove-client revokes its token (RFC 7009 section 2.1)', async t => {
    const { server, home, run } = await itself(t)
    await run('--authorize')
    const { access_token, registration } = (await home.stored()).servers[`${server.url}/mcp`]!
    const { stdout } = await succeed(t, home, ['--list-clients'])
    assert.match(stdout, new RegExp(`^registration\t${server.url}\t${registration.client_id}\tclient_secret_basic\tno redirect URI$`, 'm'))
    await succeed(t, home, ['--remove-client', server.url])
    const { registrations, servers } = await home.stored()
    assert.deepEqual([registrations, servers], [{}, {}])
    assert.equal((await fetch(`${server.url}/mcp`, { headers: { authorization: `Bearer ${access_token}` } })).status, 401)
  })

  it('needs its private key to revoke a token, and says that the token stays valid without it', async t => {
    const { server, home } = await start(t)
    const { client_id } = await register(server, { ...byItself, token_endpoint_auth_method: 'private_key_jwt', jwks })
    const identity = [`--client-id=${client_id}`, '--private-key', await home.write('key.pem', pem)]
    const authorize = ['--server-url', server.url, '--authorize', '--grant', 'client-credentials', ...identity]
    await succeed(t, home, authorize)
    assert.match((await succeed(t, home, ['--remove-client', server.url])).stderr, /a private key, which is missing[^]*they stay valid until they expire/)
    await succeed(t, home, authorize)
    assert.equal((await succeed(t, home, ['--remove-client', server.url, ...identity])).stderr.includes('stay valid'), false)
  })

  it('ends with 2 if there is neither a secret nor a key', async t => {
    const { server, home } = await start(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--list-tools', '--client-id', 'a', '--grant', 'client-credentials'])
    assertEnds(ended, 2, /^Error: --grant client-credentials needs a client secret or a private key\n {2}Put the secret into MCP_CLIENT_SECRET/m)
  })

  it('ends with 4 if the server refuses', async t => {
    const { server, home } = await start(t)
    const args = ['--server-url', server.url, '--list-tools', '--client-id', 'nobody', '--grant', 'client-credentials']
    assertEnds(await runClient(t, home, args, { MCP_CLIENT_SECRET: 'a' }), 4, /^Error: the token endpoint refused: invalid_client/m)
  })
})

describe('client --grant with an assertion', { concurrency: 4 }, () => {
  it('exchanges an assertion from a file (RFC 7523 section 2.1)', async t => {
    const peer = await startHonestPeer(t)
    const home = await makeHome(t)
    const assertion = await home.write('workload.jwt', 'the.workload.jwt\n')
    const grant = ['--grant', 'jwt-bearer', '--assertion', assertion, '--client-id', 'workload']
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--list-tools', ...grant])
    assert.equal(formOf(peer.to('POST /token')[0]!)['assertion'], 'the.workload.jwt')
  })

  it('exchanges an ID token from a file at the identity provider (RFC 8693 section 2.1)', async t => {
    const [peer, provider] = [await startHonestPeer(t), await startPeer(t)]
    provider.on('POST /token', json(validTokens({ issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', access_token: 'the.id.jag', token_type: 'N_A' })))
    const home = await makeHome(t)
    const idToken = await home.write('id.jwt', 'the.id.token')
    const grant = ['--grant', 'identity-assertion', '--idp-token-endpoint', `${provider.url}/token`, '--idp-client-id', 'idp-client', '--id-token', idToken]
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--list-tools', '--client-id', 'app', ...grant])
    assert.equal(formOf(provider.to('POST /token')[0]!)['subject_token'], 'the.id.token')
    assert.equal(formOf(peer.to('POST /token')[0]!)['assertion'], 'the.id.jag')
  })

  for (const [option, args] of [
    ['--assertion', ['--grant', 'jwt-bearer', '--client-id', 'a', '--assertion', 'missing.txt']],
    ['--private-key', ['--client-id', 'a', '--private-key', 'missing.txt']],
  ] as const) {
    it(`names the missing file of ${option}`, async t => {
      const ended = await runClient(t, await makeHome(t), ['--server-url', 'http://localhost:1/mcp', '--list-tools', ...args])
      assertEnds(ended, 2, new RegExp(`^Error: ${option} missing\\.txt cannot be read: ENOENT`, 'm'))
    })
  }

  it('rejects a file that is not a private key without quoting it', async t => {
    const home = await makeHome(t)
    const key = await home.write('key.pem', 'the-secret-that-is-no-key')
    const ended = await runClient(t, home, ['--server-url', 'http://localhost:1/mcp', '--list-tools', '--client-id', 'a', '--private-key', key])
    assertEnds(ended, 2, /^Error: the private key cannot be read\n {2}Pass a P-256, Ed25519 or RSA key as PEM without a password, or as a JSON Web Key\.$/m)
    assert.equal(ended.stderr.includes('the-secret'), false)
  })
})

describe('client --dpop', { concurrency: 4 }, () => {
  for (const OAUTH_DPOP_NONCE of ['false', 'true']) {
    it(`gets, uses and renews bound tokens if the server ${OAUTH_DPOP_NONCE === 'true' ? 'requires' : 'does not require'} nonces (RFC 9449)`, async t => {
      const { server, home, claims } = await start(t, { OAUTH_DPOP_NONCE })
      await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--dpop'])
      const { cnf, jti } = await claims()
      assert.ok(cnf.jkt)
      assert.equal((await home.stored()).servers[`${server.url}/mcp`]?.token_type, 'DPoP')
      // The key is stored with the tokens, so the next commands do not need the option.
      await succeed(t, home, ['--server-url', server.url, '--list-tools'])
      await succeed(t, home, ['--server-url', server.url, '--refresh'])
      const after = await claims()
      assert.deepEqual([after['cnf'], after['jti'] === jti], [cnf, false])
      await succeed(t, home, ['--server-url', server.url, '--list-tools'])
    })
  }

  it('gets tokens that are useless without the key (RFC 9449 section 7.1)', async t => {
    const { server, home } = await start(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--dpop'])
    const { access_token } = (await home.stored()).servers[`${server.url}/mcp`]!
    assert.equal((await fetch(`${server.url}/mcp`, { headers: { authorization: `Bearer ${access_token}` } })).status, 401)
  })

  it('works with a grant without a user', async t => {
    const { server, home, claims } = await start(t)
    const { client_id, client_secret } = await register(server, { ...byItself, token_endpoint_auth_method: 'client_secret_basic' })
    const args = ['--server-url', server.url, '--list-tools', `--client-id=${client_id}`, '--grant', 'client-credentials', '--dpop']
    await succeed(t, home, args, { MCP_CLIENT_SECRET: client_secret })
    const { sub, cnf } = await claims()
    assert.deepEqual([sub, typeof cnf.jkt], [client_id, 'string'])
  })

  it('works with --demo', async t => {
    const { server, home } = await start(t)
    assert.match((await succeed(t, home, ['--server-url', server.url, '--demo', '--dpop'])).stdout, /\nDone: /)
  })

  it('ends with 5 if the server issues an unbound token (RFC 9449 section 5)', async t => {
    const peer = await startHonestPeer(t)
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--dpop'])
    assertEnds(ended, 5, /^Error: the token_type is Bearer, but this client can use DPoP\n {2}rule token-type-is-usable, RFC 6749 section 7\.1$/m)
  })

  it('shows the key neither with --list-clients nor with --trace', async t => {
    const { server, home } = await start(t)
    const { stderr } = await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--dpop', '--trace'])
    const { stdout } = await succeed(t, home, ['--list-clients'])
    assert.match(stdout, /, can be refreshed, bound to a key\t/)
    const { dpop_key } = (await home.stored()).servers[`${server.url}/mcp`]!
    assert.equal(`${stdout}${stderr}`.includes(String(dpop_key!['d'])), false)
  })

  it('is revoked by --remove-client (RFC 7009 section 2.1)', async t => {
    const { server, home } = await start(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--dpop'])
    const { stderr } = await succeed(t, home, ['--remove-client', server.url])
    assert.equal(stderr.includes('stay valid'), false, stderr)
    assert.deepEqual((await home.stored()).servers, {})
  })
})

describe('client with contradictory options', { concurrency: 4 }, () => {
  for (const [what, args, message] of [
    ['a grant without a client_id', ['--grant', 'client-credentials'], /^Error: --grant client-credentials needs --client-id\n {2}See --help for all options\.$/m],
    ['an unknown grant', ['--client-id', 'a', '--grant', 'implicit'], /^Error: --grant implicit is unknown\n {2}Known grants: client-credentials, jwt-bearer, identity-assertion\.$/m],
    ['a secret without its client_id', ['--client-secret', 's'], /^Error: a client secret needs --client-id$/m],
    ['a secret and a key', ['--client-id', 'a', '--client-secret', 's', '--private-key', 'k'], /^Error: a client secret and --private-key exclude each other$/m],
    ['two client_ids', ['--client-id', 'a', '--client-metadata-url', 'https://a.example/c'], /^Error: --client-metadata-url already is the client_id\n {2}Leave out --client-id\.$/m],
  ] as const) {
    it(`ends with 2 and reports ${what}`, async t => {
      assertEnds(await runClient(t, await makeHome(t), ['--authorize', ...args]), 2, message)
    })
  }
})
