import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseArguments, type Arguments } from '../src/client/arguments.ts'
import { ClientError } from '../src/client/errors.ts'

function parse(text: string): Arguments {
  return parseArguments(text.split(' ').filter(Boolean))
}

const withoutCredentials = {
  dpop: false, clientId: undefined, clientSecret: undefined, clientSecretFile: undefined, privateKey: undefined, clientMetadataUrl: undefined, grant: undefined,
}

describe('parseArguments()', () => {
  for (const name of ['demo', 'register', 'authorize', 'list-tools', 'refresh', 'list-clients', 'help', 'version'] as const) {
    it(`reads --${name}`, () => assert.deepEqual(parse(`--${name}`).command, { name }))
  }

  it('has defaults', () => {
    assert.deepEqual(parse('--demo'), {
      command: { name: 'demo' }, serverUrl: undefined, storage: '.mcp_clients.json', headless: false, trace: false,
      callbackHost: undefined, callbackPort: undefined, sendResource: true, ...withoutCredentials,
    })
  })

  it('reads every option', () => {
    const options = '--server-url https://a.example/mcp --storage f.json --headless --trace --callback-port 7777 --callback-host localhost --no-resource'
    const { command: _, ...rest } = parse(`--authorize ${options}`)
    assert.deepEqual(rest, {
      serverUrl: 'https://a.example/mcp', storage: 'f.json', headless: true, trace: true, callbackHost: 'localhost', callbackPort: 7777,
      sendResource: false, ...withoutCredentials,
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
  ]
  for (const [what, argv] of wrong) {
    it(`refuses ${what} as wrong usage`, () => {
      assert.throws(() => parseArguments(argv), error => error instanceof ClientError && error.exitCode === 2 && error.remedy === 'See --help.')
    })
  }
})
