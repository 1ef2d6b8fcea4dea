import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseArguments, type Arguments } from '../../src/client/cli/arguments.ts'
import { ClientError } from '../../src/core/client/wire/errors.ts'

function parse(text: string): Arguments {
  return parseArguments(text.split(' ').filter(Boolean))
}

describe('parseArguments()', () => {
  for (const name of ['demo', 'register', 'authorize', 'list-tools', 'refresh', 'list-clients', 'help', 'version'] as const) {
    it(`reads --${name}`, () => assert.deepEqual(parse(`--${name}`).command, { name }))
  }

  it('has defaults', () => {
    assert.deepEqual(parse('--demo'), {
      command: { name: 'demo' }, serverUrl: undefined, storage: '.mcp_clients.json', headless: false, trace: false,
      callbackHost: undefined, callbackPort: undefined, sendResource: true, dpop: false, clientId: undefined, clientSecret: undefined, clientSecretFile: undefined,
      privateKey: undefined, clientMetadataUrl: undefined, grant: undefined,
    })
  })

  it('reads every option', () => {
    const options = '--server-url https://a.example/mcp --storage f.json --headless --trace --callback-port 7777 --callback-host localhost --no-resource'
      + ' --dpop --client-id the-client --private-key key.pem --grant client-credentials'
    const { command: _, ...rest } = parse(`--authorize ${options}`)
    assert.deepEqual(rest, {
      serverUrl: 'https://a.example/mcp', storage: 'f.json', headless: true, trace: true, callbackHost: 'localhost', callbackPort: 7777,
      sendResource: false, dpop: true, clientId: 'the-client', clientSecret: undefined, clientSecretFile: undefined, privateKey: 'key.pem', clientMetadataUrl: undefined,
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

  it('takes a metadata document on this machine, for tests', () => {
    const url = 'http://localhost:9000/client.json'
    assert.equal(parse(`--authorize --client-metadata-url ${url}`).clientMetadataUrl, url)
  })

  it('takes a private key for a metadata document', () => {
    assert.equal(parse('--authorize --client-metadata-url https://app.example/c --private-key k.pem').privateKey, 'k.pem')
  })

  it('reads the JWT bearer grant with its assertion', () => {
    assert.deepEqual(parse('--list-tools --client-id a --grant jwt-bearer --assertion a.jwt').grant, { name: 'jwt-bearer', assertion: 'a.jwt' })
  })

  it('reads the grant of an enterprise with its identity provider', () => {
    const options = '--idp-token-endpoint https://idp.example/token --idp-client-id at-the-idp --id-token id.jwt'
    assert.deepEqual(parse(`--list-tools --client-id a --grant identity-assertion ${options}`).grant, {
      name: 'identity-assertion', tokenEndpoint: 'https://idp.example/token', clientId: 'at-the-idp', idToken: 'id.jwt',
    })
  })

  it('reads a tool and its arguments', () => {
    assert.deepEqual(parseArguments(['--call-tool', 'get_weather', '--args', '{"location": "São Paulo"}']).command, {
      name: 'call-tool', tool: 'get_weather', args: { location: 'São Paulo' },
    })
  })

  it('reads how many processes shall race, and how', () => {
    assert.deepEqual(parse('--hammer-refresh 20').command, { name: 'hammer-refresh', count: 20, raw: false })
    assert.deepEqual(parse('--hammer-refresh 2 --raw').command, { name: 'hammer-refresh', count: 2, raw: true })
  })

  for (const text of ['--hammer-refresh 1', '--hammer-refresh 101', '--hammer-refresh 1e1', '--hammer-refresh x', '--refresh --raw']) {
    it(`refuses ${text}`, () => assert.throws(() => parse(text), { name: 'ClientError', exitCode: 2 }))
  }

  it('reads the rule to explain', () => {
    assert.deepEqual(parse('--explain a-rule').command, { name: 'explain', rule: 'a-rule' })
  })

  it('calls a tool without arguments with none', () => {
    assert.deepEqual(parse('--call-tool echo').command, { name: 'call-tool', tool: 'echo', args: {} })
  })

  it('reads the server to forget', () => {
    assert.deepEqual(parse('--remove-client https://a.example').command, { name: 'remove-client', url: 'https://a.example' })
  })

  for (const [text, expected] of [
    ['https://a.example/mcp/', 'https://a.example/mcp/'], ['https://A.example/MCP?x=1', 'https://A.example/MCP?x=1'],
    ['https://a.example/', 'https://a.example'], ['https://a.example', 'https://a.example'], ['http://localhost:8000', 'http://localhost:8000'],
    ['http://[::1]:8000/mcp', 'http://[::1]:8000/mcp'],
  ] as const) {
    it(`keeps the server URL ${text} as ${expected}, since it is compared as a string`, () => {
      assert.equal(parse(`--demo --server-url ${text}`).serverUrl, expected)
    })
  }

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['no command', []],
    ['two commands', ['--demo', '--authorize']],
    ['an explanation beside a command', ['--explain', 'a-rule', '--demo']],
    ['a command beside a tool', ['--list-tools', '--call-tool', 'x']],
    ['an unknown option', ['--demo', '--colour']],
    ['a word that belongs to nothing', ['--demo', 'now']],
    ['an option without its value', ['--demo', '--storage']],
    ['a value for an option that has none', ['--demo=yes']],
    ['--args without --call-tool', ['--list-tools', '--args', '{}']],
    ['--args that are no JSON', ['--call-tool', 'x', '--args', '{location: Lisbon}']],
    ['--args that are a list', ['--call-tool', 'x', '--args', '[1]']],
    ['--args that are null', ['--call-tool', 'x', '--args', 'null']],
    ['--args that are empty', ['--call-tool', 'x', '--args', '']],
    ['a server URL without a scheme', ['--demo', '--server-url', 'localhost:8000']],
    ['a server URL that is a file', ['--demo', '--server-url', 'file:///mcp']],
    ['a server URL with a fragment', ['--demo', '--server-url', 'https://a.example/mcp#x']],
    ['a server URL with an empty fragment', ['--demo', '--server-url', 'https://a.example/mcp#']],
    ['a server URL with a user', ['--demo', '--server-url', 'https://user@a.example/mcp']],
    ['a server URL with a password', ['--demo', '--server-url', 'https://:secret@a.example/mcp']],
    ['a server URL that is http beyond this machine', ['--demo', '--server-url', 'http://a.example/mcp']],
    ['a callback port of 0', ['--authorize', '--callback-port', '0']],
    ['a callback port that is too high', ['--authorize', '--callback-port', '65536']],
    ['a callback port that is no number', ['--authorize', '--callback-port', '0x50']],
    ['a callback host beyond this machine', ['--authorize', '--callback-host', '0.0.0.0']],
    ['an IPv6 callback host without brackets', ['--authorize', '--callback-host', '::1']],
    ['an empty client_id', ['--authorize', '--client-id', '']],
    ['a metadata document that is http beyond this machine', ['--authorize', '--client-metadata-url', 'http://app.example/client.json']],
    ['a metadata document without a path', ['--authorize', '--client-metadata-url', 'https://app.example/']],
    ['a metadata document that is no URL', ['--authorize', '--client-metadata-url', 'client.json']],
    ['a metadata document whose URL a parser writes otherwise', ['--authorize', '--client-metadata-url', 'https://app.example/a/../client.json']],
  ]
  for (const [what, argv] of wrong) {
    it(`refuses ${what} as wrong usage`, () => {
      assert.throws(() => parseArguments(argv), error => error instanceof ClientError && error.exitCode === 2 && error.remedy === 'See --help.')
    })
  }

  const document = '--client-metadata-url https://app.example/client.json'
  const provider = '--idp-token-endpoint https://idp.example/token --idp-client-id i'
  for (const [text, message] of [
    [`--client-id a ${document}`, /^--client-metadata-url is itself the client_id/],
    ['--client-secret s', /^--client-secret belongs to --client-id$/],
    [`--client-secret s ${document}`, /^--client-secret belongs to --client-id$/],
    ['--private-key k.pem', /^--private-key belongs to --client-id or --client-metadata-url$/],
    ['--client-id a --client-secret s --private-key k.pem', /by --client-secret or by --private-key, not by both$/],
    ['--client-id a --grant password', /^--grant is one of client-credentials, jwt-bearer, identity-assertion$/],
    ['--client-id a --grant constructor', /^--grant is one of /],
    ['--grant client-credentials', /^--grant client-credentials needs --client-id$/],
    [`--grant client-credentials ${document}`, /^--grant client-credentials needs --client-id$/],
    ['--client-id a --grant jwt-bearer', /^--grant jwt-bearer needs --assertion$/],
    ['--client-id a --grant client-credentials --assertion a.jwt', /^--assertion belongs to another --grant$/],
    ['--assertion a.jwt', /^--assertion belongs to another --grant$/],
    [`--client-id a --grant identity-assertion ${provider}`, /^--grant identity-assertion needs --id-token$/],
    ['--client-id a --grant identity-assertion --id-token i.jwt --idp-client-id i', /^--grant identity-assertion needs --idp-token-endpoint$/],
    [`--client-id a --grant jwt-bearer --assertion a.jwt ${provider}`, /^--idp-token-endpoint belongs to another --grant$/],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parse(`--authorize ${text}`), error => error instanceof ClientError && error.exitCode === 2 && message.test(error.message))
    })
  }
})
