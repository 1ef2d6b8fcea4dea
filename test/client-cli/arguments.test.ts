import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseArguments, type Arguments } from '../../src/client/cli/arguments.ts'
import { options, usage } from '../../src/client/cli/usage.ts'
import { ClientError, exitCodes } from '../../src/base/client/errors.ts'
import { packageRoot } from '../package-root.ts'

function parse(text: string): Arguments {
  return parseArguments(text.split(' ').filter(Boolean))
}

describe('parseArguments()', () => {
  for (const name of ['demo', 'register', 'authorize', 'list-tools', 'refresh', 'list-clients', 'help', 'version'] as const) {
    it(`reads --${name}`, () => assert.deepEqual(parse(`--${name}`).command, { name }))
  }

  it('applies the defaults', () => {
    assert.deepEqual(parse('--demo'), {
      command: { name: 'demo' }, serverUrl: undefined, storage: '.mcp_clients.json', headless: false, trace: false,
      callbackHost: undefined, callbackPort: undefined, sendResource: true, dpop: false, clientId: undefined, clientSecret: undefined, clientSecretFile: undefined,
      privateKeyFile: undefined, clientMetadataUrl: undefined, grant: undefined,
    })
  })

  it('reads every option', () => {
    const options = '--server-url https://a.example/mcp --storage f.json --headless --trace --callback-port 7777 --callback-host localhost --no-resource'
      + ' --dpop --client-id the-client --private-key key.pem --grant client-credentials'
    const { command: _, ...rest } = parse(`--authorize ${options}`)
    assert.deepEqual(rest, {
      serverUrl: 'https://a.example/mcp', storage: 'f.json', headless: true, trace: true, callbackHost: 'localhost', callbackPort: 7777,
      sendResource: false, dpop: true, clientId: 'the-client', clientSecret: undefined, clientSecretFile: undefined, privateKeyFile: 'key.pem', clientMetadataUrl: undefined,
      grant: { name: 'client-credentials' },
    })
  })

  it('reads the secret of a client', () => {
    assert.equal(parse('--authorize --client-id a --client-secret s').clientSecret, 's')
  })

  it('reads the URL of a metadata document', () => {
    const { clientMetadataUrl, clientId } = parse('--authorize --client-metadata-url https://app.example/client.json')
    assert.deepEqual([clientMetadataUrl, clientId], ['https://app.example/client.json', undefined])
  })

  it('accepts a metadata document on this machine over http, for tests', () => {
    const url = 'http://localhost:9000/client.json'
    assert.equal(parse(`--authorize --client-metadata-url ${url}`).clientMetadataUrl, url)
  })

  it('accepts a private key with a metadata document', () => {
    assert.equal(parse('--authorize --client-metadata-url https://app.example/c --private-key k.pem').privateKeyFile, 'k.pem')
  })

  it('reads the JWT bearer grant with its assertion', () => {
    assert.deepEqual(parse('--list-tools --client-id a --grant jwt-bearer --assertion a.jwt').grant, { name: 'jwt-bearer', assertionFile: 'a.jwt' })
  })

  it('reads the identity assertion grant with its identity provider', () => {
    const options = '--idp-token-endpoint https://idp.example/token --idp-client-id at-the-idp --id-token id.jwt'
    assert.deepEqual(parse(`--list-tools --client-id a --grant identity-assertion ${options}`).grant, {
      name: 'identity-assertion', idTokenFile: 'id.jwt', idpTokenEndpoint: 'https://idp.example/token', idpClientId: 'at-the-idp',
    })
  })

  it('reads a tool and its arguments', () => {
    assert.deepEqual(parseArguments(['--call-tool', 'get_weather', '--args', '{"location": "São Paulo"}']).command, {
      name: 'call-tool', tool: 'get_weather', args: { location: 'São Paulo' },
    })
  })

  it('reads how many processes race, and how', () => {
    assert.deepEqual(parse('--hammer-refresh 20').command, { name: 'hammer-refresh', count: 20, raw: false })
    assert.deepEqual(parse('--hammer-refresh 2 --raw').command, { name: 'hammer-refresh', count: 2, raw: true })
  })

  for (const text of ['--hammer-refresh 1', '--hammer-refresh 101', '--hammer-refresh 1e1', '--hammer-refresh x', '--refresh --raw']) {
    it(`rejects ${text}`, () => assert.throws(() => parse(text), { name: 'ClientError', exitCode: 2 }))
  }

  it('reads the rule to explain', () => {
    assert.deepEqual(parse('--explain a-rule').command, { name: 'explain', rule: 'a-rule' })
  })

  it('calls a tool with an empty object if --args is missing', () => {
    assert.deepEqual(parse('--call-tool echo').command, { name: 'call-tool', tool: 'echo', args: {} })
  })

  it('reads the server to remove', () => {
    assert.deepEqual(parse('--remove-client https://a.example').command, { name: 'remove-client', url: 'https://a.example' })
  })

  for (const [text, expected] of [
    ['https://a.example/mcp/', 'https://a.example/mcp/'], ['https://A.example/MCP?x=1', 'https://A.example/MCP?x=1'],
    ['https://a.example/', 'https://a.example'], ['https://a.example', 'https://a.example'], ['http://localhost:8000', 'http://localhost:8000'],
    ['http://[::1]:8000/mcp', 'http://[::1]:8000/mcp'],
  ] as const) {
    it(`reads the server URL ${text} as ${expected}, because servers compare it as a string`, () => {
      assert.equal(parse(`--demo --server-url ${text}`).serverUrl, expected)
    })
  }

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['no command', []],
    ['two commands', ['--demo', '--authorize']],
    ['--explain next to a command', ['--explain', 'a-rule', '--demo']],
    ['--list-tools next to --call-tool', ['--list-tools', '--call-tool', 'x']],
    ['an unknown option', ['--demo', '--colour']],
    ['a stray word', ['--demo', 'now']],
    ['an option without its value', ['--demo', '--storage']],
    ['a value for an option that takes none', ['--demo=yes']],
    ['--args without --call-tool', ['--list-tools', '--args', '{}']],
    ['--args that is not JSON', ['--call-tool', 'x', '--args', '{location: Lisbon}']],
    ['--args that is an array', ['--call-tool', 'x', '--args', '[1]']],
    ['--args that is null', ['--call-tool', 'x', '--args', 'null']],
    ['--args that is empty', ['--call-tool', 'x', '--args', '']],
    ['a server URL without a scheme', ['--demo', '--server-url', 'localhost:8000']],
    ['a file: URL as the server URL', ['--demo', '--server-url', 'file:///mcp']],
    ['a server URL with a fragment', ['--demo', '--server-url', 'https://a.example/mcp#x']],
    ['a server URL with an empty fragment', ['--demo', '--server-url', 'https://a.example/mcp#']],
    ['a server URL with a user', ['--demo', '--server-url', 'https://user@a.example/mcp']],
    ['a server URL with a password', ['--demo', '--server-url', 'https://:secret@a.example/mcp']],
    ['an http server URL on another machine', ['--demo', '--server-url', 'http://a.example/mcp']],
    ['a callback port of 0', ['--authorize', '--callback-port', '0']],
    ['a callback port that is too high', ['--authorize', '--callback-port', '65536']],
    ['a callback port that is not a decimal number', ['--authorize', '--callback-port', '0x50']],
    ['a callback host on another machine', ['--authorize', '--callback-host', '0.0.0.0']],
    ['an IPv6 callback host without brackets', ['--authorize', '--callback-host', '::1']],
    ['an empty client_id', ['--authorize', '--client-id', '']],
    ['an http metadata document on another machine', ['--authorize', '--client-metadata-url', 'http://app.example/client.json']],
    ['a metadata document without a path', ['--authorize', '--client-metadata-url', 'https://app.example/']],
    ['a metadata document that is not a URL', ['--authorize', '--client-metadata-url', 'client.json']],
    ['a metadata document URL that is not normalized', ['--authorize', '--client-metadata-url', 'https://app.example/a/../client.json']],
  ]
  for (const [what, argv] of wrong) {
    it(`rejects ${what} as wrong usage`, () => {
      assert.throws(() => parseArguments(argv), error => error instanceof ClientError && error.exitCode === 2 && error.remedy !== undefined)
    })
  }

  const document = '--client-metadata-url https://app.example/client.json'
  const provider = '--idp-token-endpoint https://idp.example/token --idp-client-id i'
  for (const [text, message] of [
    [`--client-id a ${document}`, /^--client-metadata-url already is the client_id$/],
    ['--client-secret s', /^a client secret needs --client-id$/],
    [`--client-secret s ${document}`, /^a client secret needs --client-id$/],
    ['--private-key k.pem', /^--private-key needs --client-id or --client-metadata-url$/],
    ['--client-id a --client-secret s --private-key k.pem', /^a client secret and --private-key exclude each other$/],
    ['--client-id a --grant password', /^--grant password is unknown$/],
    ['--client-id a --grant constructor', /^--grant constructor is unknown$/],
    ['--grant client-credentials', /^--grant client-credentials needs --client-id$/],
    [`--grant client-credentials ${document}`, /^--grant client-credentials needs --client-id$/],
    ['--client-id a --grant jwt-bearer', /^--grant jwt-bearer needs --assertion$/],
    ['--client-id a --grant client-credentials --assertion a.jwt', /^--assertion needs --grant jwt-bearer$/],
    ['--assertion a.jwt', /^--assertion needs --grant jwt-bearer$/],
    [`--client-id a --grant identity-assertion ${provider}`, /^--grant identity-assertion needs --id-token$/],
    ['--client-id a --grant identity-assertion --id-token i.jwt --idp-client-id i', /^--grant identity-assertion needs --idp-token-endpoint$/],
    [`--client-id a --grant jwt-bearer --assertion a.jwt ${provider}`, /^--idp-token-endpoint needs --grant identity-assertion$/],
  ] as const) {
    it(`rejects ${text}`, () => {
      assert.throws(() => parse(`--authorize ${text}`), error => error instanceof ClientError && error.exitCode === 2 && message.test(error.message))
    })
  }
})

describe('--help', () => {
  for (const name of Object.keys(options)) {
    it(`explains --${name}`, () => assert.ok(usage.includes(`--${name}`)))
  }

  it('lists every exit code, in the same words as docs/client.md', () => {
    const page = readFileSync(join(packageRoot, 'docs/client.md'), 'utf8')
    const inDocs = [...page.matchAll(/^\| (\d) \| (.+) \|$/gm)].map(([, code, meaning]) => `${code}  ${meaning!.replaceAll('`', '')}`)
    const inHelp = [...usage.matchAll(/^ {2}(\d {2}.+)$/gm)].map(([, line]) => line!)
    assert.deepEqual(inDocs, inHelp)
    assert.deepEqual(inHelp.map(line => Number(line[0])), Object.values(exitCodes))
  })
})
