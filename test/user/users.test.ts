import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import {
  decoyFor, hashPassword, parsePasswordHash, scryptKey, verifyPassword, type PasswordHash,
} from '../../src/base/config/password.ts'
import { demonstrationUsers, Users } from '../../src/base/config/users.ts'
import { parseUsers } from '../../src/base/config/users-file.ts'
import {
  callMcp, claimsOf, craftToken, readJson, signIn, startServer, startWithTokens, type Members, type TestContext,
} from '../harness.ts'
import { lowestCost } from '../growth.ts'
import { packageRoot } from '../package-root.ts'

/** The cheapest hash that is taken. */
const cheap = { ln: 14, r: 8, p: 1 }
const password_hash = await hashPassword('correct horse', cheap)
const ada = { sub: 'user-1', username: 'Ada', name: 'Ada Lovelace', email: 'ada@example.com', password_hash }

const vectors = [
  ['', '', { N: 16, r: 1, p: 1 }, '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906'],
  ['password', 'NaCl', { N: 1024, r: 8, p: 16 }, 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640'],
  ['pleaseletmein', 'SodiumChloride', { N: 16384, r: 8, p: 1 }, '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'],
] as const
for (const [password, salt, parameters, expected] of vectors) {
  test(`scryptKey() reproduces RFC 7914 section 12 for ${JSON.stringify(password)}`, async () => {
    assert.equal((await scryptKey(password, salt, parameters, 64)).toString('hex'), expected)
  })
}

function parsed(text: string): PasswordHash {
  const hash = parsePasswordHash(text)
  return 'problem' in hash ? assert.fail(hash.problem) : hash
}

describe('hashPassword()', () => {
  it('uses 32 MB and three rounds, as OWASP recommends', async () => {
    assert.match(await hashPassword('correct horse'), /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  })
  it('uses a new salt each time', async () => assert.notEqual(await hashPassword('correct horse', cheap), password_hash))
})

describe('verifyPassword()', () => {
  it('accepts the right password', async () => assert.equal(await verifyPassword('correct horse', parsed(password_hash)), true))
  it('rejects any other password', async () => assert.equal(await verifyPassword('correct hors', parsed(password_hash)), false))
  it('rejects every password for a decoy', async () => assert.equal(await verifyPassword('', decoyFor(cheap)), false))
  it('accepts a password in another Unicode composition (RFC 8265 section 4.2.2)', async () => {
    assert.equal(await verifyPassword('Zu\u0308rich 1', parsed(await hashPassword('Z\u00fcrich 1', cheap))), true)
  })
})

describe('parsePasswordHash()', () => {
  const refused = {
    'text': 'correct horse',
    'another algorithm': password_hash.replace('scrypt', 'argon2id'),
    'a short salt': password_hash.replace(/(p=1\$)[^$]+/, '$1AAAA'),
    'a short hash': password_hash.slice(0, -1),
    'trailing text': `${password_hash}$`,
    'too little work': password_hash.replace('ln=14', 'ln=13'),
    'too much memory': password_hash.replace('ln=14', 'ln=18'),
    'too much time': password_hash.replace('p=1', 'p=17'),
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`rejects ${what}`, () => assert.ok('problem' in parsePasswordHash(text)))
  }
})

describe('bin/hash-password', () => {
  const run = (input: string, ...args: string[]) => {
    return spawnSync(process.execPath, [join(packageRoot, 'bin/hash-password'), ...args], { input, encoding: 'utf8' })
  }
  it('hashes the first line of stdin', async () => {
    const { stdout, status } = run('correct horse\n')
    assert.equal(status, 0)
    assert.equal(await verifyPassword('correct horse', parsed(stdout.trim())), true)
  })
  it('does not accept a password as an argument, which other users can see', () => {
    const { status, stdout, stderr } = run('', 'correct horse')
    assert.deepEqual([status, stdout, stderr.includes('correct horse')], [2, '', false])
  })
  it('rejects a password of seven characters', () => assert.equal(run('1234567\n').status, 2))
})

describe('The file of OAUTH_USERS_FILE', () => {
  const refused: Record<string, { text: string; says: RegExp }> = {
    'that is not JSON': { text: '{', says: /not JSON: it does not parse/ },
    'that is empty': { text: '[]', says: /not a JSON array of users/ },
    'that is an object': { text: '{}', says: /not a JSON array of users/ },
    'with an entry that is a string': { text: '["ada"]', says: /invalid entry 1: it is not an object/ },
    'with an entry without sub': { text: list({ ...ada, sub: undefined }), says: /entry 1 \("Ada"\): sub must be a non-empty string/ },
    'with an entry without username': { text: list({ ...ada, username: 1 }), says: /entry 1: username must/ },
    'with an entry without name': { text: list({ ...ada, name: ' ' }), says: /entry 1 \("Ada"\): name must/ },
    'with an entry without email': { text: list({ ...ada, email: '' }), says: /entry 1 \("Ada"\): email must/ },
    'with an entry without password_hash': { text: list(ada, { ...ada, password_hash: undefined }), says: /entry 2 \("Ada"\): password_hash must/ },
    'with a password instead of its hash': { text: list({ ...ada, password_hash: 'correct horse' }), says: /entry 1 \("Ada"\): password_hash is not a scrypt hash/ },
    'with an unknown member': { text: list({ ...ada, password: 'x' }), says: /entry 1 \("Ada"\): unknown member "password"/ },
    'with a name that is too long': { text: list({ ...ada, name: 'x'.repeat(257) }), says: /: name is longer than 256/ },
    'with the same sub twice': { text: list(ada, { ...ada, username: 'eve' }), says: /entry 2: an earlier entry has the same sub, "user-1"/ },
    'with the same username twice, in another case': { text: list(ada, { ...ada, sub: '2', username: 'aDA' }), says: /entry 2: an earlier entry has the same username, "ada"/ },
  }
  for (const [what, { text, says }] of Object.entries(refused)) {
    it(`is rejected ${what}, and the error names the variable`, () => {
      assert.throws(() => parseUsers(text), ({ message }: Error) => message.startsWith('OAUTH_USERS_FILE ') && says.test(message))
    })
  }

  it('never puts a password into the error', () => {
    assert.throws(() => parseUsers(list({ ...ada, password_hash: 'correct horse' })), ({ message }: Error) => !message.includes('correct'))
  })

  it('is named in the error if it cannot be read', async t => {
    await assert.rejects(startServer(t, { OAUTH_USERS_FILE: '/nowhere/users.json' }), /^ConfigError: OAUTH_USERS_FILE .*ENOENT/)
  })

  it('lets its users sign in, and get_user_profile returns them', async t => {
    const server = await startServer(t, { OAUTH_USERS_FILE: usersFile(t, ada), OAUTH_AUTO_APPROVE: 'false' })
    assert.match(await signIn(server, 'ada', 'correct horse'), /session=/)
    const response = await callMcp(server, craftToken(server, { sub: 'user-1' }), 'tools/call', { name: 'get_user_profile' })
    assert.deepEqual((await readJson(response))['result'].structuredContent, { sub: 'user-1', name: 'Ada Lovelace', email: 'ada@example.com' })
  })

  it('makes its first user the approver of OAUTH_AUTO_APPROVE', async t => {
    const { access_token } = await startWithTokens(t, { OAUTH_USERS_FILE: usersFile(t, ada) })
    assert.equal(claimsOf(access_token)['sub'], 'user-1')
  })

  it('replaces the demo users', async t => {
    const server = await startServer(t, { OAUTH_USERS_FILE: usersFile(t, ada), DEBUG: 'true' })
    await assert.rejects(signIn(server, 'demo'))
  })
})

describe('A client that acts for itself', () => {
  it('has no profile, not even that of a user with the same sub (RFC 9700 section 4.15.1)', async t => {
    const server = await startServer(t)
    const token = craftToken(server, { client_id: 'demo-user' })
    assert.equal((await readJson(await callMcp(server, token, 'tools/call', { name: 'get_user_profile' })))['result'].isError, true)
  })
})

describe('Users', () => {
  const users = parseUsers(list(ada))
  it('finds a user by user name in any case', async () => assert.equal((await users.authenticate(' aDa', 'correct horse'))?.sub, 'user-1'))
  it('finds nobody with a wrong password', async () => assert.equal(await users.authenticate('Ada', 'wrong'), undefined))
  it('finds nobody with a wrong user name', async () => assert.equal(await users.authenticate('Eve', 'correct horse'), undefined))
  it('finds no demo user with a password', async () => {
    assert.equal(await new Users(demonstrationUsers).authenticate('demo', ''), undefined)
  })
  it('computes as much for an unknown user name as for a wrong password', async () => {
    const known = await lowestCost(() => users.authenticate('Ada', 'wrong'))
    const unknown = await lowestCost(() => users.authenticate('Eve', 'wrong'))
    assert.ok(unknown > known / 4, `${unknown} ms of computing, and ${known} ms for a known name`)
  })
  it('checks every one of many passwords at once', async () => {
    const found = await Promise.all(Array.from({ length: 6 }, (_, i) => users.authenticate('Ada', i % 2 ? 'wrong' : 'correct horse')))
    assert.deepEqual(found.map(user => user?.sub), ['user-1', undefined, 'user-1', undefined, 'user-1', undefined])
  })
  it('is busy when fifty are waiting', async () => {
    const attempts = Array.from({ length: 52 }, () => users.authenticate('Ada', 'correct horse'))
    assert.equal(users.isBusy, true)
    await Promise.all(attempts)
    assert.equal(users.isBusy, false)
  })
})

function list(...entries: readonly Members[]): string {
  return JSON.stringify(entries)
}

function usersFile(t: TestContext, ...entries: readonly Members[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'users-'))
  t.after(async () => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'users.json'), list(...entries))
  return join(folder, 'users.json')
}
