import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { specificationOf, specificationUrl } from '../../src/catalogue/specification.ts'
import { readingOrder } from '../../src/pages/explain/reading-order.ts'
import { blocksOf } from '../../src/pages/explain/source-blocks.ts'
import { readSources } from '../../src/catalogue/source-files.ts'
import { get, sendRaw, startServer } from '../harness.ts'
import { packageRoot } from '../package-root.ts'

const asBrowser = { accept: 'text/html' }

const list = (folder: string): readonly string[] => readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/')).filter(name => name.endsWith('.ts')).sort()

describe('readSources()', () => {
  it('returns the source of the running program, line by line', async () => {
    const { src } = await readSources()
    assert.deepEqual(src.map(({ path }) => path), list('src'))
    for (const { path, lines } of src) assert.equal(`${lines.join('\n')}\n`, readFileSync(join(packageRoot, 'src', path), 'utf8'), path)
  })

  it('returns the test files as well', async () => {
    const { tests } = await readSources()
    const files = list('test').filter(path => path.endsWith('.test.ts') && !path.startsWith('interop/'))
    assert.deepEqual(tests.map(({ path }) => path).sort(), files.sort())
  })
})

describe('GET /source', () => {
  it('links to every file', async t => {
    const server = await startServer(t)
    const html = await (await get(`${server.url}/source`, asBrowser)).text()
    for (const path of list('src')) assert.ok(html.includes(`/source/${path}">${path}</a>`), path)
  })

  it('links each endpoint to its file', async t => {
    const html = await (await get(`${(await startServer(t)).url}/source`, asBrowser)).text()
    assert.match(html, /<code>POST \/oauth\/token<\/code><\/th><td><a href="[^"]*\/source\/core\/oauth\/token\.ts">/)
    assert.match(html, /<code>POST \/mcp\/tools\/list<\/code><\/th><td><a href="[^"]*\/source\/core\/mcp\/endpoint\.ts">/)
  })
})

describe('GET /source/<path>', () => {
  it('shows every file completely', async t => {
    const server = await startServer(t)
    const { src } = await readSources()
    for (const { path, lines } of src) {
      const response = await get(`${server.url}/source/${path}`, asBrowser)
      assert.equal(response.status, 200, path)
      const html = await response.text()
      const shown = new Set([...html.matchAll(/ id="L(\d+)"/g)].map(([, number]) => Number(number)))
      const missing = lines.findIndex((line, i) => !shown.has(i + 1) && line.trim() !== '' && !/^\s*(?:\/\/|\/?\*)/.test(line))
      assert.equal(missing, -1, `${path}:${missing + 1}`)
    }
  })

  it('accepts the path in the repository as well', async t => {
    const { url } = await startServer(t)
    assert.equal(await (await get(`${url}/source/src/routes.ts`, asBrowser)).text(), await (await get(`${url}/source/routes.ts`, asBrowser)).text())
  })

  it('puts a comment beside the code that follows it', async t => {
    const html = await (await get(`${(await startServer(t)).url}/source/core/oauth/grants/authorization-code.ts`, asBrowser)).text()
    assert.match(html, /<div class="prose" id="L\d+"><p>.+?<\/p><\/div>\n<div class="code"><span class="code-line" id="L\d+">/)
  })

  it('links citations, rules and imports', async t => {
    const server = await startServer(t)
    const html = await (await get(`${server.url}/source/core/oauth/grants/authorization-code.ts`, asBrowser)).text()
    for (const link of [
      '<a href="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2">RFC 6749 section 4.1.2</a>',
      `<a href="${server.config.issuer}/explain/code-is-unused">codeIsUnused</a>`,
      `<a href="${server.config.issuer}/source/base/store/records.ts">&#39;../../../base/store/records.ts&#39;</a>`,
    ]) assert.ok(html.includes(link), link)
  })

  it('has no broken links to files and rules', async t => {
    const server = await startServer(t)
    const links = new Set<string>()
    for (const path of list('src')) {
      const html = await (await get(`${server.url}/source/${path}`, asBrowser)).text()
      for (const [, link] of html.matchAll(/href="([^"]*\/(?:source|explain)(?:\/[^"#?]*)?)"/g)) links.add(link!)
    }
    assert.ok(links.size > 150)
    for (const link of links) assert.equal((await get(link, asBrowser)).status, 200, link)
  })

  it('cites existing pages of the MCP specification', async t => {
    const server = await startServer(t)
    const pages = new Set<string>()
    for (const path of list('src')) {
      const html = await (await get(`${server.url}/source/${path}`, asBrowser)).text()
      for (const [, page] of html.matchAll(/href="https:\/\/modelcontextprotocol\.io\/specification\/[\d-]+\/([^"#/]+)/g)) pages.add(page!)
    }
    assert.deepEqual([...pages].sort(), ['basic', 'client', 'server'])
  })

  it('shows what a file imports and what imports it', async t => {
    const html = await (await get(`${(await startServer(t)).url}/source/base/protocol/pkce.ts`, asBrowser)).text()
    assert.match(html, /Imports:<\/span> <a href="[^"]*">base\/protocol\/crypto\.ts<\/a>/)
    assert.match(html, /Imported by:<\/span> .*grants\/authorization-code\.ts/)
  })

  for (const path of [
    '../package.json', '%2e%2e/package.json', '..%2Fpackage.json', '%2e%2e%2fpackage.json', '....//package.json', '/etc/passwd', '%2Fetc%2Fpasswd',
    'core/oauth/../../../package.json', 'core/oauth/token.ts%00', 'core/oauth/token', 'core/oauth', 'constructor', '%E0%A4%A', '', 'core\\oauth\\token.ts', './core/oauth/token.ts',
  ]) {
    it(`answers 404 outside of src/: ${path}`, async t => {
      const { status } = await sendRaw(await startServer(t), [`GET /source/${path} HTTP/1.1`, 'Host: localhost'])
      assert.equal(status, 404)
    })
  }
})

describe('The reading order', () => {
  it('begins with the routes and has every file once', async () => {
    const { src } = await readSources()
    const order = readingOrder(src)
    assert.equal(order[0], 'routes.ts')
    assert.deepEqual([...order].sort(), src.map(({ path }) => path).sort())
  })
})

describe('blocksOf()', () => {
  it('pairs each comment with the code after it', () => {
    assert.deepEqual(blocksOf(['/** A. */', 'a()', '', '  // B', '  // goes on.', '  b()']), [
      { prose: ['A.'], code: ['a()', ''], start: 0, codeStart: 1 },
      { prose: ['B', 'goes on.'], code: ['  b()'], start: 3, codeStart: 5 },
    ])
  })

  it('removes the comment marks of a multi-line comment', () => {
    assert.deepEqual(blocksOf(['/**', ' * One.', ' *', ' *     two', ' */', 'x'])[0]!.prose, ['One.', '', '    two'])
  })

  it('begins with code if there is no comment', () => {
    assert.deepEqual(blocksOf(['x', '// y'])[0], { prose: [], code: ['x'], start: 0, codeStart: 0 })
  })

  it('ends with an unclosed comment', () => assert.equal(blocksOf(['/** x', 'y']).length, 1))
})

describe('specificationUrl()', () => {
  for (const [clause, url] of [
    ['RFC 6749 section 4.1.3', 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3'],
    ['RFC 7636 appendix B', 'https://www.rfc-editor.org/rfc/rfc7636#appendix-B'],
    ['RFC 9728', 'https://www.rfc-editor.org/rfc/rfc9728'],
    ['MCP 2026-07-28 basic/authorization, Canonical Server URI', 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#canonical-server-uri'],
    ['JSON-RPC 2.0 section 4', 'https://www.jsonrpc.org/specification'],
    ['nothing', undefined], ['toString', undefined], ['constructor', undefined],
  ] as const) {
    it(`knows ${clause}`, () => assert.equal(specificationUrl(clause), url))
  }

  it('knows the specification of a clause', () => {
    assert.deepEqual(['RFC 6749 section 4.1.3', 'MCP 2026-07-28 basic, _meta', 'OAuth 2.1 section 4'].map(specificationOf), ['RFC 6749', 'MCP 2026-07-28', 'OAuth 2.1'])
  })
})
