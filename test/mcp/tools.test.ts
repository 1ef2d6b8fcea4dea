import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemaProblem } from '../../src/base/protocol/json-schema.ts'
import { ToolError, type Tool } from '../../src/tools/tool.ts'
import { tools, toolsByName } from '../../src/tools/tools.ts'
import { callMcp, claimsOf, craftToken, readJson, startServer, startWithTokens, type Members, type TestContext } from '../harness.ts'

async function call(t: TestContext, name: string, args: Members, custom?: readonly Tool[]): Promise<Members> {
  const server = await startServer(t, {}, custom ? { tools: custom } : {})
  const response = await callMcp(server, craftToken(server), 'tools/call', { name, arguments: args })
  assert.equal(response.status, 200)
  return (await readJson(response))['result']
}

const echo: Tool = {
  name: 'echo', title: 'Echo', description: 'Says it again',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
  outputSchema: { type: 'object' },
  run: ({ text }, caller) => ({ text: String(text), structuredContent: { ...caller } }),
}

describe('tools/list', () => {
  for (const tool of tools) {
    it(`describes ${tool.name} with its schemas (MCP 2026-07-28 server/tools, Tool)`, async t => {
      const server = await startServer(t)
      const { result } = await readJson(await callMcp(server, craftToken(server), 'tools/list'))
      const { name, title, description, inputSchema, outputSchema, annotations } = tool
      const listed = result.tools.find((item: Members) => item['name'] === name)
      assert.deepEqual(listed, JSON.parse(JSON.stringify({ name, title, description, inputSchema, outputSchema, annotations })))
    })
  }

  it('always has the same order (MCP 2026-07-28 server/tools, Capabilities)', async t => {
    const server = await startServer(t)
    const list = () => callMcp(server, craftToken(server), 'tools/list').then(response => response.text())
    assert.equal(await list(), await list())
  })

  it('lists tools that the embedding program adds', async t => {
    const server = await startServer(t, {}, { tools: [...tools, echo] })
    const { result } = await readJson(await callMcp(server, craftToken(server), 'tools/list'))
    assert.deepEqual(result.tools.map(({ name }: Members) => name), ['get_weather', 'list_files', 'get_user_profile', 'echo'])
  })
})

describe('A tool', () => {
  const examples = { get_weather: { location: 'Lisbon', units: 'fahrenheit' }, list_files: {}, get_user_profile: {} }
  for (const { name, outputSchema } of tools) {
    it(`returns structured content that matches its schema: ${name} (MCP 2026-07-28 server/tools, Output Schema)`, async t => {
      const { structuredContent } = await call(t, name, examples[name as keyof typeof examples])
      assert.equal(schemaProblem(structuredContent, outputSchema!, 'structuredContent'), undefined)
    })
  }

  it('gets the caller', async t => {
    const { structuredContent } = await call(t, 'echo', { text: 'hi' }, [echo])
    assert.deepEqual(structuredContent, {
      sub: 'demo-user', client_id: 'crafted', user: { sub: 'demo-user', username: 'demo', name: 'Demo User', email: 'demo@example.com' },
    })
  })

  it('does not run with invalid arguments, and says why (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    assert.deepEqual(await call(t, 'echo', { text: 1 }, [echo]), {
      content: [{ type: 'text', text: 'Invalid arguments for echo: arguments.text must be of type string' }], isError: true,
    })
  })

  it('may fail with a message for the model (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    const failing: Tool = { ...echo, run: () => { throw new ToolError('come back tomorrow') } }
    assert.deepEqual(await call(t, 'echo', { text: 'hi' }, [failing]), {
      content: [{ type: 'text', text: 'come back tomorrow' }], isError: true,
    })
  })

  it('may return content besides text (MCP 2026-07-28 server/tools, Tool Result)', async t => {
    const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' }
    const drawing: Tool = { ...echo, run: () => ({ text: 'a picture', content: [image] }) }
    assert.deepEqual(await call(t, 'echo', { text: 'hi' }, [drawing]), { content: [{ type: 'text', text: 'a picture' }, image], isError: false })
  })

  it('is listed without absent members', async t => {
    const plain: Tool = { name: 'plain', description: 'Plain', inputSchema: { type: 'object' }, run: () => ({ text: 'plain' }) }
    const server = await startServer(t, {}, { tools: [plain] })
    const { result } = await readJson(await callMcp(server, craftToken(server), 'tools/list'))
    assert.deepEqual(result.tools, [{ name: 'plain', description: 'Plain', inputSchema: { type: 'object' } }])
  })

  it('with an unsupported schema is rejected at startup', () => {
    assert.throws(() => toolsByName([{ ...echo, inputSchema: { type: 'object', patternProperties: {} } }]), /patternProperties/)
  })
})

describe('get_weather', () => {
  it('returns the same weather for the same place', async t => {
    assert.deepEqual(await call(t, 'get_weather', { location: 'Lisbon' }), await call(t, 'get_weather', { location: 'Lisbon' }))
  })

  it('converts to Fahrenheit', async t => {
    const { structuredContent: { temperature: celsius } } = await call(t, 'get_weather', { location: 'Lisbon', units: 'celsius' })
    const { structuredContent: { temperature: fahrenheit } } = await call(t, 'get_weather', { location: 'Lisbon', units: 'fahrenheit' })
    assert.equal(fahrenheit, Math.round(celsius * 1.8 + 32))
  })

  it('uses Celsius by default', async t => {
    assert.equal((await call(t, 'get_weather', { location: 'Lisbon' }))['structuredContent'].units, 'celsius')
  })

  const invalid: Record<string, Members> = {
    'no location': {}, 'an empty location': { location: '' }, 'a location of 101 characters': { location: 'x'.repeat(101) },
    'a numeric location': { location: 1 }, 'another unit': { location: 'Lisbon', units: 'kelvin' },
    'an unknown argument': { location: 'Lisbon', days: 3 },
  }
  for (const [what, args] of Object.entries(invalid)) {
    it(`returns an error that the model can correct for ${what}`, async t => {
      assert.equal((await call(t, 'get_weather', args))['isError'], true)
    })
  }
})

describe('get_user_profile', () => {
  it('returns the user of the token', async t => {
    const { server, access_token } = await startWithTokens(t)
    const { result } = await readJson(await callMcp(server, access_token, 'tools/call', { name: 'get_user_profile' }))
    assert.deepEqual(result.structuredContent, { sub: claimsOf(access_token)['sub'], name: 'Demo User', email: 'demo@example.com' })
  })

  it('takes no argument that names another user', async t => {
    assert.equal((await call(t, 'get_user_profile', { sub: 'somebody-else' }))['isError'], true)
  })

  it('returns an error for an unknown user', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, craftToken(server, { sub: 'nobody' }), 'tools/call', { name: 'get_user_profile' })
    assert.deepEqual((await readJson(response))['result'], {
      content: [{ type: 'text', text: 'There is no profile for nobody' }], isError: true,
    })
  })
})

describe('list_files', () => {
  const all = ['README.md', 'package.json', 'src/index.ts', 'src/server.ts', 'src/util/time.ts', 'test/server.test.ts', 'docs/guide.md']
  const globs: Record<string, readonly string[]> = {
    '**': all,
    '*': ['README.md', 'package.json'],
    '*.md': ['README.md'],
    '**/*.md': ['README.md', 'docs/guide.md'],
    'src/*': ['src/index.ts', 'src/server.ts'],
    'src/**': ['src/index.ts', 'src/server.ts', 'src/util/time.ts'],
    'src/**/*.ts': ['src/index.ts', 'src/server.ts', 'src/util/time.ts'],
    '**/server*': ['src/server.ts', 'test/server.test.ts'],
    '**/util/**': ['src/util/time.ts'],
    '*/*/*': ['src/util/time.ts'],
    'src/?????.ts': ['src/index.ts'],
    'src/index.ts': ['src/index.ts'],
    'SRC/*': [],
    'src': [],
    'src/': [],
    '../**': [],
    '/etc/passwd': [],
    '[a-z]*': [],
    '.*': [],
    '**/**/**/time.ts': ['src/util/time.ts'],
  }
  for (const [pattern, found] of Object.entries(globs)) {
    it(`finds ${found.length} files by ${pattern}`, async t => {
      const { structuredContent } = await call(t, 'list_files', { pattern })
      assert.deepEqual(structuredContent.files.map(({ path }: Members) => path), found)
    })
  }

  it('lists all files without a pattern', async t => {
    assert.equal((await call(t, 'list_files', {}))['structuredContent'].files.length, all.length)
  })

  it('says that no file matches', async t => {
    assert.equal((await call(t, 'list_files', { pattern: '*.exe' }))['content'][0].text, 'No file matches *.exe')
  })

  for (const pattern of ['*a'.repeat(100), '**/'.repeat(66), `${'*'.repeat(199)}x`, '*?'.repeat(100)]) {
    it(`is fast with ${pattern.slice(0, 12)}..., which hangs naive matchers`, async t => {
      assert.deepEqual((await call(t, 'list_files', { pattern }))['structuredContent'], { files: [] })
    })
  }

  it('rejects a pattern of 201 characters', async t => {
    assert.equal((await call(t, 'list_files', { pattern: '*'.repeat(201) }))['isError'], true)
  })
})
