import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe } from 'node:test'
import {
  bearerChallenge, callMcp, claimsOf, craftToken, getTokens, ruleOf, startServer, startWithTokens, testKey, type Members, type TestServer,
} from '../harness.ts'
import { attack } from './attack.ts'

const base64url = (text: string | Buffer) => Buffer.from(text).toString('base64url')

/** A token whose parts are given as text, signed with the key of the server. */
function tokenOf(header: string | Buffer, payload: string | Buffer, key: string = testKey): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

const goodHeader = '{"alg":"HS256","typ":"at+jwt"}'
const goodPayload = (server: TestServer, changes: Members = {}) => JSON.stringify({ ...claimsOf(craftToken(server)), ...changes })

async function assertRejected(server: TestServer, token: string, rule: string): Promise<void> {
  const response = await callMcp(server, token, 'ping')
  assert.equal(response.status, 401)
  const challenge = bearerChallenge(response)
  assert.deepEqual([challenge['error'], ruleOf(challenge['error_uri'])], ['invalid_token', rule])
}

function rejects(title: string, rule: string, make: (server: TestServer) => string): void {
  attack(title, rule, async t => {
    const server = await startServer(t)
    await assertRejected(server, make(server), rule)
  })
}

describe('JWT', { concurrency: 8 }, () => {
  const algorithms = ['none', 'None', 'NONE', '', 'hs256', 'HS384', 'HS512', 'RS256', 'ES256', 'HS256 ', null, 1, ['HS256'], {}]
  for (const alg of algorithms) {
    rejects(`names the algorithm ${JSON.stringify(alg)}`, 'jwt-algorithm-is-hs256', server => tokenOf(JSON.stringify({ alg, typ: 'at+jwt' }), goodPayload(server)))
  }
  rejects('names no algorithm', 'jwt-algorithm-is-hs256', server => tokenOf('{"typ":"at+jwt"}', goodPayload(server)))
  rejects('names none and leaves the signature out', 'jwt-algorithm-is-hs256', server => `${base64url('{"alg":"none","typ":"at+jwt"}')}.${base64url(goodPayload(server))}.`)
  rejects('leaves the signature out', 'jwt-signature-verifies', server => `${base64url(goodHeader)}.${base64url(goodPayload(server))}.`)
  rejects('signs with an empty key', 'jwt-signature-verifies', server => tokenOf(goodHeader, goodPayload(server), ''))
  rejects('signs with a guessed key', 'jwt-signature-verifies', server => tokenOf(goodHeader, goodPayload(server), 'secret'))
  rejects('signs with SHA-512', 'jwt-signature-verifies', server => {
    const input = `${base64url(goodHeader)}.${base64url(goodPayload(server))}`
    return `${input}.${createHmac('sha512', testKey).update(input).digest('base64url')}`
  })
  rejects('cuts the signature short', 'jwt-signature-verifies', server => craftToken(server).slice(0, -10))
  rejects('signs with a private key and sends the public key along', 'jwt-algorithm-is-hs256', server => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', jwk: publicKey.export({ format: 'jwk' }) })
    const input = `${base64url(header)}.${base64url(goodPayload(server))}`
    return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  })
  for (const [name, value] of Object.entries({
    jwk: { kty: 'oct', k: base64url('attacker') }, jku: 'https://evil.example/jwks', kid: '../../dev/null', x5u: 'https://evil.example/x', x5c: ['MII'],
  })) {
    rejects(`names a key of its own by ${name}`, 'jwt-signature-verifies', server => (
      tokenOf(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', [name]: value }), goodPayload(server), 'attacker')))
  }

  for (const crit of [['exp'], ['b64'], [], 'exp', null]) {
    rejects(`marks ${JSON.stringify(crit)} as critical`, 'jwt-has-no-critical-header', server => (
      tokenOf(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', crit, b64: false }), goodPayload(server))))
  }
  for (const typ of ['JWT', 'jwt', 'id_token+jwt', 'dpop+jwt', 'refresh+jwt', '', null, 1, ['at+jwt'], undefined]) {
    rejects(`sends a JWT of the type ${JSON.stringify(typ)} that the server signed for something else`, 'jwt-type-is-access-token', server => (
      tokenOf(JSON.stringify({ alg: 'HS256', typ }), goodPayload(server))))
  }

  const [padding, blank, foreign] = ['=', ' ', '!']
  for (const [what, spell] of Object.entries<(token: string) => string>({
    'with padding': token => token + padding,
    'with a character that decoders skip': token => token.replace('.', `${foreign}.`),
    'with three dots': token => `${token}.`,
    'with two parts': token => token.split('.').slice(0, 2).join('.'),
    'with no part': () => '..',
    'with an extra dot in front': token => `.${token}`,
    'with five parts, as if it were encrypted': token => `${token}.x.y`,
    'in 10,000 characters': token => token + 'x'.repeat(9000),
  })) {
    attack(`spells a token differently: ${what}`, 'jwt-is-well-formed', async t => {
      const server = await startServer(t)
      const response = await callMcp(server, spell(craftToken(server)), 'ping')
      assert.equal(response.status, 401)
    })
  }
  attack('spells a token differently: with a blank in it', 'credentials-are-bearer', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    assert.equal((await callMcp(server, token.slice(0, 40) + blank + token.slice(40), 'ping')).status, 401)
  })
  rejects('spells the last character of the signature another way, which decodes alike', 'jwt-signature-verifies', server => {
    const token = craftToken(server)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // The last of 43 characters carries four bits of the signature and two that decoders ignore.
    return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]!
  })
  rejects('writes the signature in base64', 'jwt-signature-verifies', server => {
    for (let i = 0; ; i++) {
      const token = craftToken(server, { jti: `${i}` })
      const [, , signature = ''] = token.split('.')
      if (/[-_]/.test(signature)) return token.slice(0, -signature.length) + signature.replaceAll('-', '+').replaceAll('_', '/')
    }
  })

  rejects('names the algorithm twice', 'jwt-is-well-formed', server => tokenOf('{"alg":"none","alg":"HS256","typ":"at+jwt"}', goodPayload(server)))
  rejects('names a claim twice', 'jwt-is-well-formed', server => (
    tokenOf(goodHeader, goodPayload(server).replace('{', '{"sub":"admin",'))))
  rejects('names a claim twice, once in escapes', 'jwt-is-well-formed', server => (
    tokenOf(goodHeader, goodPayload(server).replace('{', '{"s\\u0075b":"admin",'))))
  rejects('has a member __proto__', 'jwt-is-well-formed', server => tokenOf(goodHeader, goodPayload(server).replace('{', '{"__proto__":{"admin":true},')))
  rejects('has claims that are no object', 'jwt-is-well-formed', () => tokenOf(goodHeader, '["x"]'))
  rejects('has claims that are no JSON', 'jwt-is-well-formed', () => tokenOf(goodHeader, 'exp=1'))
  rejects('has a header that is no object', 'jwt-is-well-formed', server => tokenOf('"HS256"', goodPayload(server)))
  rejects('has claims that are no UTF-8', 'jwt-is-well-formed', server => (
    tokenOf(goodHeader, Buffer.concat([Buffer.from(goodPayload(server).slice(0, -1)), Buffer.from(',"x":"'), Buffer.from([0xff]), Buffer.from('"}')]))))
  rejects('has a header that is no UTF-8', 'jwt-is-well-formed', server => (
    tokenOf(Buffer.concat([Buffer.from('{"alg":"HS256","typ":"at+jwt","x":"'), Buffer.from([0xff]), Buffer.from('"}')]), goodPayload(server))))
  rejects('nests its claims 1,000 levels deep', 'jwt-is-well-formed', server => (
    tokenOf(goodHeader, goodPayload(server).replace('{', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},`))))

  const claims: Record<string, [Members, string]> = {
    'no exp': [{ exp: undefined }, 'access-token-claims-are-typed'],
    'exp as a string': [{ exp: '9999999999' }, 'access-token-claims-are-typed'],
    'exp as null': [{ exp: null }, 'access-token-claims-are-typed'],
    'exp as a list': [{ exp: [9999999999] }, 'access-token-claims-are-typed'],
    'exp as true': [{ exp: true }, 'access-token-claims-are-typed'],
    'no iat': [{ iat: undefined }, 'access-token-claims-are-typed'],
    'iat as a string': [{ iat: '1' }, 'access-token-claims-are-typed'],
    'nbf as a string': [{ nbf: '1' }, 'access-token-claims-are-typed'],
    'nbf as null': [{ nbf: null }, 'access-token-claims-are-typed'],
    'no sub': [{ sub: undefined }, 'access-token-claims-are-typed'],
    'sub as a number': [{ sub: 0 }, 'access-token-claims-are-typed'],
    'aud as a list that includes this server': [{ aud: ['https://evil.example', 'x'] }, 'access-token-claims-are-typed'],
    'aud as null': [{ aud: null }, 'access-token-claims-are-typed'],
    'no aud': [{ aud: undefined }, 'access-token-claims-are-typed'],
    'no iss': [{ iss: undefined }, 'access-token-claims-are-typed'],
    'scope as a list': [{ scope: ['mcp:tools:read'] }, 'access-token-claims-are-typed'],
    'no jti': [{ jti: undefined }, 'access-token-claims-are-typed'],
    'cnf as a string': [{ cnf: 'x' }, 'access-token-claims-are-typed'],
    'an exp in the past': [{ exp: Math.floor(Date.now() / 1000) - 31 }, 'access-token-is-fresh'],
    'exp 0': [{ exp: 0 }, 'access-token-is-fresh'],
    'a negative exp': [{ exp: -1 }, 'access-token-is-fresh'],
    'an iat of tomorrow': [{ iat: Math.floor(Date.now() / 1000) + 86_400 }, 'access-token-is-from-the-past'],
    'an nbf of tomorrow': [{ nbf: Math.floor(Date.now() / 1000) + 86_400 }, 'access-token-is-from-the-past'],
    'another issuer': [{ iss: 'https://evil.example' }, 'access-token-issuer-is-ours'],
    'an empty issuer': [{ iss: '' }, 'access-token-issuer-is-ours'],
    'another audience': [{ aud: 'https://other.example/mcp' }, 'access-token-audience-is-ours'],
    'an empty audience': [{ aud: '' }, 'access-token-audience-is-ours'],
  }
  for (const [what, [changes, rule]] of Object.entries(claims)) {
    rejects(`carries ${what}`, rule, server => craftToken(server, changes))
  }
  rejects('carries an exp above all limits', 'access-token-claims-are-typed', server => (
    tokenOf(goodHeader, goodPayload(server).replace(/"exp":\d+/, '"exp":1e999'))))
  for (const slip of ['/', '/mcp']) {
    rejects(`carries the issuer with ${slip} at the end`, 'access-token-issuer-is-ours', server => craftToken(server, { iss: server.config.issuer + slip }))
    rejects(`carries the resource with ${slip} at the end`, 'access-token-audience-is-ours', server => craftToken(server, { aud: server.config.resource + slip }))
  }

  attack('has a token rejected because two clocks differ by 20 seconds', 'src/core/oauth/access-token.ts: const clockSkew = 30', async t => {
    const server = await startServer(t)
    const now = Math.floor(Date.now() / 1000)
    assert.equal((await callMcp(server, craftToken(server, { iat: now + 20, nbf: now + 20 }), 'ping')).status, 200)
    assert.equal((await callMcp(server, craftToken(server, { exp: now - 20 }), 'ping')).status, 200)
  })

  attack('uses a token of a server with the same secret but another URL', 'access-token-issuer-is-ours', async t => {
    const one = await startWithTokens(t)
    const other = await startServer(t)
    await assertRejected(other, one.access_token, 'access-token-issuer-is-ours')
  })

  const [oldKey, newKey] = ['the key of before; 32 bytes or more: 0123', 'the key of now; 32 bytes or more: 456789']
  const shared = { SERVER_URL: 'http://localhost:8123' }
  attack('has tokens from before a key rotation rejected, which would log everybody out', 'src/base/config/jwt-keys.ts: formerSecrets.map', async t => {
    const { access_token } = await startWithTokens(t, { ...shared, JWT_SECRET_KEY: oldKey })
    const after = await startServer(t, { ...shared, JWT_SECRET_KEY: newKey, JWT_PREVIOUS_SECRET_KEYS: oldKey })
    assert.equal((await callMcp(after, access_token, 'ping')).status, 200)
    // The new key signs from now on, and the old one is forgotten where it is no longer listed.
    const later = await startServer(t, { ...shared, JWT_SECRET_KEY: newKey })
    assert.equal((await callMcp(later, (await getTokens(after)).tokens['access_token'], 'ping')).status, 200)
    await assertRejected(later, access_token, 'jwt-signature-verifies')
  })

  attack('forges a token with part of the list of previous keys', 'jwt-signature-verifies', async t => {
    const list = `${testKey.replaceAll(',', ';')},another key of 32 bytes or more; 0123456789`
    const server = await startServer(t, { JWT_SECRET_KEY: 'a third key of 32 bytes or more; 0123456789', JWT_PREVIOUS_SECRET_KEYS: list })
    for (const key of [list, '', ',']) await assertRejected(server, tokenOf(goodHeader, goodPayload(server), key), 'jwt-signature-verifies')
  })
})
