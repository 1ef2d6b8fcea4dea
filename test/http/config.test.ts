import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadConfig, withPort } from '../../src/base/config/config.ts'
import { ConfigError, type Variable } from '../../src/base/config/environment.ts'
import { unknownVariables, variables } from '../../src/base/config/variables.ts'
import { isLoopbackHost } from '../../src/base/protocol/loopback.ts'
import { packageRoot } from '../package-root.ts'

const JWT_SECRET_KEY = '0123456789abcdef0123456789abcdef'
const names = Object.values(variables).map(({ name }) => name)

function load(env: Record<string, string | undefined> = {}) {
  return loadConfig({ JWT_SECRET_KEY, ...env })
}

function assertInvalid(env: Record<string, string | undefined>, variable: string): void {
  assert.throws(() => load(env), (error: unknown) => error instanceof ConfigError && error.message.startsWith(`${variable} `))
}

describe('loadConfig()', () => {
  it('has a default for everything except the key', () => {
    const { jwtKeys, ...rest } = load()
    assert.deepEqual(jwtKeys.map(key => key.export().toString()), [JWT_SECRET_KEY])
    assert.deepEqual(rest, {
      issuer: 'http://localhost:8000',
      basePath: '',
      resource: 'http://localhost:8000/mcp',
      host: '127.0.0.1',
      port: 8000,
      behindProxy: false,
      accessTokenLifetime: 3600,
      authorizationCodeLifetime: 600,
      refreshTokenLifetime: 2_592_000,
      refreshTokenReuseWindow: 30,
      registrationLimit: 3000,
      authorizationLimit: 3000,
      refusalLimit: 3000,
      autoApprove: false,
      usersFile: undefined,
      clientCredentials: false,
      dpopNonce: false,
      allowLoopbackDocuments: false,
      allowedHosts: [],
      allowedOrigins: [],
      serverName: 'mcp-authorization',
      serverVersion: '0.1.0',
      debug: false,
      logLevel: 'info',
    })
  })

  it('returns a frozen object', () => assert.ok(Object.isFrozen(load())))

  for (const variable of names.filter(name => name !== 'JWT_SECRET_KEY')) {
    it(`treats an empty ${variable} as absent`, () => {
      const { jwtKeys: _, ...rest } = load({ [variable]: '' })
      const { jwtKeys: __, ...defaults } = load()
      assert.deepEqual(rest, defaults)
    })
  }
})

describe('SERVER_URL', () => {
  const accepted: Record<string, { raw: string; issuer: string; basePath?: string }> = {
    'https with a host': { raw: 'https://mcp.example.com', issuer: 'https://mcp.example.com' },
    'a trailing slash, and drops it': { raw: 'https://mcp.example.com/', issuer: 'https://mcp.example.com' },
    'a port': { raw: 'https://mcp.example.com:8443', issuer: 'https://mcp.example.com:8443' },
    'a path': { raw: 'https://example.com/tenant/1', issuer: 'https://example.com/tenant/1', basePath: '/tenant/1' },
    'a path with a trailing slash, and drops it': {
      raw: 'https://example.com/tenant/', issuer: 'https://example.com/tenant', basePath: '/tenant',
    },
    'an IPv6 address': { raw: 'http://[::1]:8000', issuer: 'http://[::1]:8000' },
    'http, for TLS that ends elsewhere': { raw: 'http://mcp.internal', issuer: 'http://mcp.internal' },
  }
  for (const [what, { raw, issuer, basePath = '' }] of Object.entries(accepted)) {
    it(`accepts ${what}`, () => {
      const config = load({ SERVER_URL: raw })
      assert.deepEqual(
        { issuer: config.issuer, basePath: config.basePath, resource: config.resource },
        { issuer, basePath, resource: `${issuer}/mcp` },
      )
    })
  }

  const refused = {
    'a text that is not a URL': 'mcp.example.com',
    'a host without a scheme': 'localhost:8000',
    'another scheme': 'ftp://mcp.example.com',
    'a query (RFC 8414 section 2)': 'https://mcp.example.com/?a=1',
    'an empty query (RFC 8414 section 2)': 'https://mcp.example.com/?',
    'a fragment (RFC 8414 section 2)': 'https://mcp.example.com/#a',
    'an empty fragment (RFC 8414 section 2)': 'https://mcp.example.com/#',
    'a user name': 'https://user:pass@mcp.example.com',
    'upper case, which clients compare': 'https://MCP.example.com',
    'the default port, which clients compare': 'https://mcp.example.com:443',
    'an empty port': 'https://mcp.example.com:',
    'dots in the path': 'https://mcp.example.com/a/../b',
    'an empty segment': 'https://mcp.example.com/a//b',
    'two slashes at the end': 'https://mcp.example.com//',
    'a space before it': ' https://mcp.example.com',
    'a line break after it': 'https://mcp.example.com\n',
    'a backslash': 'https://mcp.example.com\\tenant',
    'one slash': 'https:/mcp.example.com',
    'an unusual spelling of an address': 'http://127.1:8000',
    'a non-ASCII letter': 'https://mcp.exämple.com',
  }
  for (const [what, raw] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assertInvalid({ SERVER_URL: raw }, 'SERVER_URL'))
  }

  it('suggests the correct spelling', () => {
    assert.throws(() => load({ SERVER_URL: 'https://MCP.example.com:443/' }), /write it as https:\/\/mcp\.example\.com,/)
  })
})

describe('SERVER_PORT', () => {
  it('is part of the default issuer', () => assert.equal(load({ SERVER_PORT: '9000' }).issuer, 'http://localhost:9000'))
  it('is omitted from the default issuer if it is the default of http', () => {
    assert.equal(load({ SERVER_PORT: '80' }).issuer, 'http://localhost')
  })
  it('may be 0, for any free port', () => assert.equal(load({ SERVER_PORT: '0' }).port, 0))
  it('may be 65535', () => assert.equal(load({ SERVER_PORT: '65535' }).port, 65535))
  invalidNumbers('SERVER_PORT', ['65536', '80.5'])
})

describe('withPort()', () => {
  it('puts the port into the issuer and the resource', () => {
    const { issuer, resource, port } = withPort(load({ SERVER_PORT: '0' }), 51234, {})
    assert.deepEqual(
      { issuer, resource, port }, { issuer: 'http://localhost:51234', resource: 'http://localhost:51234/mcp', port: 51234 },
    )
  })

  it('keeps SERVER_URL', () => {
    const env = { SERVER_PORT: '0', SERVER_URL: 'https://mcp.example.com' }
    assert.equal(withPort(load(env), 51234, env).issuer, 'https://mcp.example.com')
  })

  it('keeps a port that was set', () => {
    const config = load({ SERVER_PORT: '9000' })
    assert.equal(withPort(config, 9000, {}), config)
  })

  it('returns a frozen object', () => assert.ok(Object.isFrozen(withPort(load({ SERVER_PORT: '0' }), 51234, {}))))
})

describe('SERVER_HOST', () => {
  it('is the address to listen on', () => assert.equal(load({ SERVER_HOST: '0.0.0.0' }).host, '0.0.0.0'))
})

describe('JWT_SECRET_KEY', () => {
  it('must be set', () => assertInvalid({ JWT_SECRET_KEY: undefined }, 'JWT_SECRET_KEY'))
  it('must not be empty', () => assertInvalid({ JWT_SECRET_KEY: '' }, 'JWT_SECRET_KEY'))
  it('must not be shorter than 32 bytes (RFC 7518 section 3.2)', () => {
    assertInvalid({ JWT_SECRET_KEY: JWT_SECRET_KEY.slice(1) }, 'JWT_SECRET_KEY')
  })
  it('must not be repetitive', () => assertInvalid({ JWT_SECRET_KEY: 'changeme'.repeat(5) }, 'JWT_SECRET_KEY'))
  it('is counted in bytes', () => assert.equal(load({ JWT_SECRET_KEY: 'äöüßéèêâîôûáíóúñ' }).jwtKeys[0].symmetricKeySize, 32))
  it('is generated at every start if DEBUG is on', () => {
    const [one, other] = [1, 2].map(() => load({ JWT_SECRET_KEY: undefined, DEBUG: 'true' }).jwtKeys[0])
    assert.equal(one!.symmetricKeySize, 32)
    assert.equal(one!.equals(other!), false)
  })
  it('does not appear in its error', () => {
    assert.throws(() => load({ JWT_SECRET_KEY: 'hunter2' }), (error: Error) => !error.message.includes('hunter2'))
  })
})

describe('JWT_ACCESS_TOKEN_EXPIRE_MINUTES', () => {
  it('is converted to seconds', () => assert.equal(load({ JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '5' }).accessTokenLifetime, 300))
  it('may be a fraction of a minute', () => assert.equal(load({ JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '0.5' }).accessTokenLifetime, 30))
  invalidNumbers('JWT_ACCESS_TOKEN_EXPIRE_MINUTES', ['0', '0.0', '99999999'])
})

describe('OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', () => {
  it('is converted to seconds', () => assert.equal(load({ OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES: '1' }).authorizationCodeLifetime, 60))
  invalidNumbers('OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', ['0'])
})

describe('OAUTH_REFRESH_TOKEN_EXPIRE_DAYS', () => {
  it('is converted to seconds', () => assert.equal(load({ OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '1' }).refreshTokenLifetime, 86_400))
  invalidNumbers('OAUTH_REFRESH_TOKEN_EXPIRE_DAYS', ['0'])
})

describe('OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS', () => {
  for (const [raw, what] of Object.entries({ 0: 'which allows no repetition', 600: 'which is long' })) {
    it(`may be ${raw}, ${what}`, () => {
      assert.equal(load({ OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: raw }).refreshTokenReuseWindow, Number(raw))
    })
  }
  invalidNumbers('OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS', ['601'])
})

describe('OAUTH_AUTO_APPROVE', () => {
  flag('OAUTH_AUTO_APPROVE', env => load(env).autoApprove)
  it('is refused if SERVER_URL is public', () => {
    assertInvalid({ OAUTH_AUTO_APPROVE: 'true', SERVER_URL: 'https://mcp.example.com' }, 'OAUTH_AUTO_APPROVE')
  })
  it('is refused if the host of SERVER_URL only begins like a loopback host', () => {
    assertInvalid({ OAUTH_AUTO_APPROVE: 'true', SERVER_URL: 'http://localhost.evil.com' }, 'OAUTH_AUTO_APPROVE')
  })
  it('is accepted if SERVER_URL is loopback', () => {
    assert.equal(load({ OAUTH_AUTO_APPROVE: 'true', SERVER_URL: 'http://[::1]:8000' }).autoApprove, true)
  })
})

describe('OAUTH_USERS_FILE', () => {
  it('names a file', () => assert.equal(load({ OAUTH_USERS_FILE: 'users.json' }).usersFile, 'users.json'))
  it('names no file if it is empty', () => assert.equal(load({ OAUTH_USERS_FILE: '' }).usersFile, undefined))
})

describe('OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', () => {
  flag('OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', env => load(env).allowLoopbackDocuments)
  it('is refused if the server is public', () => {
    assertInvalid(
      { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true', SERVER_URL: 'https://mcp.example.com' }, 'OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK',
    )
  })
})

describe('OAUTH_DPOP_NONCE', () => {
  flag('OAUTH_DPOP_NONCE', env => load(env).dpopNonce)
})

describe('OAUTH_CLIENT_CREDENTIALS', () => {
  for (const variable of ['DEBUG', 'OAUTH_AUTO_APPROVE']) {
    it(`is on by default with ${variable}`, () => assert.equal(load({ [variable]: 'true' }).clientCredentials, true))
  }
  it('is off otherwise, because anybody may register', () => assert.equal(load().clientCredentials, false))
  for (const on of ['true', '1']) {
    it(`is on with ${on}`, () => assert.equal(load({ OAUTH_CLIENT_CREDENTIALS: on }).clientCredentials, true))
  }
  for (const off of ['false', '0']) {
    it(`is off with ${off}, even with DEBUG`, () => assert.equal(load({ OAUTH_CLIENT_CREDENTIALS: off, DEBUG: 'true' }).clientCredentials, false))
  }
})

describe('JWT_PREVIOUS_SECRET_KEYS', () => {
  const previous = ['fedcba9876543210fedcba9876543210', 'zyxwvutsrqponmlkzyxwvutsrqponmlk']

  it('are separated by commas and come after the signing key', () => {
    const { jwtKeys } = load({ JWT_PREVIOUS_SECRET_KEYS: ` ${previous[0]}, ${previous[1]} ,` })
    assert.deepEqual(jwtKeys.map(key => key.export().toString()), [JWT_SECRET_KEY, ...previous])
  })

  it('must be as long as the signing key (RFC 7518 section 3.2)', () => {
    assertInvalid({ JWT_PREVIOUS_SECRET_KEYS: `${previous[0]},short` }, 'JWT_PREVIOUS_SECRET_KEYS')
  })

  it('must not be repetitive', () => assertInvalid({ JWT_PREVIOUS_SECRET_KEYS: 'a'.repeat(32) }, 'JWT_PREVIOUS_SECRET_KEYS'))
})

describe('DEBUG', () => {
  flag('DEBUG', env => load(env).debug)
  it('makes the log level debug', () => assert.equal(load({ DEBUG: 'true' }).logLevel, 'debug'))
  it('does not override LOG_LEVEL', () => assert.equal(load({ DEBUG: 'true', LOG_LEVEL: 'warn' }).logLevel, 'warn'))
})

describe('LOG_LEVEL', () => {
  for (const level of ['debug', 'info', 'warn', 'error', 'silent']) {
    it(`may be ${level}`, () => assert.equal(load({ LOG_LEVEL: level }).logLevel, level))
  }
  it('may be in upper case', () => assert.equal(load({ LOG_LEVEL: 'WARN' }).logLevel, 'warn'))
  it('must not be anything else', () => assertInvalid({ LOG_LEVEL: 'verbose' }, 'LOG_LEVEL'))
})

describe('SERVER_ALLOWED_HOSTS and SERVER_ALLOWED_ORIGINS', () => {
  it('are separated by commas and converted to lower case', () => {
    const { allowedHosts, allowedOrigins } = load({
      SERVER_ALLOWED_HOSTS: ' mcp.internal, MCP.example.com ,', SERVER_ALLOWED_ORIGINS: 'https://Inspector.example.com',
    })
    assert.deepEqual({ allowedHosts, allowedOrigins }, {
      allowedHosts: ['mcp.internal', 'mcp.example.com'], allowedOrigins: ['https://inspector.example.com'],
    })
  })
})

describe('MCP_SERVER_NAME and MCP_SERVER_VERSION', () => {
  it('are used unchanged', () => {
    const { serverName, serverVersion } = load({ MCP_SERVER_NAME: 'My <server>', MCP_SERVER_VERSION: '2.0-beta' })
    assert.deepEqual({ serverName, serverVersion }, { serverName: 'My <server>', serverVersion: '2.0-beta' })
  })
})

describe('isLoopbackHost()', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    it(`is true for ${host} (RFC 8252 section 7.3)`, () => assert.equal(isLoopbackHost(host), true))
  }
  for (const host of ['localhost.', 'a.localhost', 'localhost.evil.com', '127.0.0.2', '127.0.0.1.evil.com', '::1', '0.0.0.0', '']) {
    it(`is false for ${JSON.stringify(host)}`, () => assert.equal(isLoopbackHost(host), false))
  }
})

function invalidNumbers(variable: string, outOfRange: readonly string[]): void {
  for (const raw of ['abc', 'NaN', 'Infinity', '-1', '+1', '1e1', '0x10', '1,5', '1.', '.5', ' 1', '1 ', '1\n', ...outOfRange]) {
    it(`must not be ${JSON.stringify(raw)}`, () => assertInvalid({ [variable]: raw }, variable))
  }
}

describe('unknownVariables()', () => {
  const typos: Record<string, string> = {
    SEVER_URL: 'SERVER_URL', SERVER_URI: 'SERVER_URL', LOGLEVEL: 'LOG_LEVEL', DEBUGG: 'DEBUG', OAUTH_USER_FILE: 'OAUTH_USERS_FILE',
    JWT_SECRET: 'JWT_SECRET_KEY', TLS_CERT: 'TLS_CERT_FILE',
  }
  for (const [name, nearest] of Object.entries(typos)) {
    it(`suggests ${nearest} for ${name}`, () => assert.deepEqual(unknownVariables({ [name]: 'x' }), [{ name, nearest }]))
  }
  it('accepts every variable of the table', () => assert.deepEqual(unknownVariables(Object.fromEntries(names.map(name => [name, 'x']))), []))
  it('ignores variables of other programs', () => {
    const others = ['PATH', 'HOME', 'USER', 'PORT', 'HOST', 'NODE_ENV', 'DEBUG_FD', 'LOG_FILE', 'MCP_CLIENT_SECRET', 'npm_config_user_agent']
    assert.deepEqual(unknownVariables(Object.fromEntries(others.map(name => [name, 'x']))), [])
  })
})

describe('docs/configuration.md', () => {
  it('has the table of variables', () => {
    const rows = Object.values<Variable<unknown>>(variables).map(({ name, shownDefault, meaning }) => (
      `| \`${name}\` |${shownDefault && ` ${shownDefault}`} | ${meaning} |\n`))
    assert.ok(read('docs/configuration.md').includes(rows.join('')), `docs/configuration.md must contain\n${rows.join('')}`)
  })
})

describe('.env.example', () => {
  const example = Object.fromEntries([...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))

  it('changes neither the defaults of DEBUG nor the port', () => {
    const env = { JWT_SECRET_KEY, DEBUG: 'true', SERVER_PORT: '8124' }
    const [{ jwtKeys: _, ...copied }, { jwtKeys: __, ...bare }] = [loadConfig({ ...example, ...env }), loadConfig(env)]
    assert.deepEqual(copied, bare)
  })

  it('has every variable', () => assert.deepEqual(Object.keys(example).sort(), names.toSorted()))
})

describe('The README', () => {
  it('names only variables that exist', () => {
    const named = [...read('README.md').matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => (
      [...cell!.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name!)))
    assert.deepEqual(named.filter(name => !names.includes(name)), [])
  })
})

function read(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8')
}

function flag(variable: string, read: (env: Record<string, string>) => boolean): void {
  it('is off unless it is set', () => assert.equal(read({}), false))
  for (const on of ['true', '1']) {
    it(`is on with ${on}`, () => assert.equal(read({ [variable]: on }), true))
  }
  for (const off of ['', 'false', '0']) {
    it(`is off with ${JSON.stringify(off)}`, () => assert.equal(read({ [variable]: off }), false))
  }
  for (const raw of ['no', 'off', 'TRUE', 'True', 'yes', 'on', 'ture', ' true', 'undefined', 'null']) {
    it(`must not be ${JSON.stringify(raw)}`, () => assertInvalid({ [variable]: raw }, variable))
  }
}
