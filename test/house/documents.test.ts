/** The README and the docs: what they say of the source is so, and every link leads somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { coreReadingOrder } from '../../src/catalogue/reading-order.ts'
import { escapeHtml, get, startServer } from '../harness.ts'
import { packageRoot } from '../package-root.ts'

const pages = ['README.md', ...readdirSync(join(packageRoot, 'docs')).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)]

describe('The reading order of the core', () => {
  it('names files that exist', () => {
    assert.deepEqual(coreReadingOrder.filter(({ file }) => !existsSync(join(packageRoot, 'src', file))), [])
  })

  for (const [page, root] of [['README.md', ''], ['docs/architecture.md', '../']] as const) {
    it(`is the one in ${page}`, () => {
      const shown = read(page).match(/^\d+\. \[.*\]\(.*\/.*\.ts\): .*$/gm)
      assert.deepEqual(shown, coreReadingOrder.map(({ file, says }, i) => `${i + 1}. [${file}](${root}src/${file}): ${says}`))
    })
  }

  it('is the one at /source', async t => {
    const { url } = await startServer(t)
    const html = await (await get(`${url}/source`, { accept: 'text/html' })).text()
    const [, list] = /<ol>(.*?)<\/ol>/s.exec(html)!
    const shown = [...list!.matchAll(/<li><a href="[^"]*">([^<]*)<\/a> <span[^>]*>([^<]*)<\/span>/g)].map(([, file, says]) => ({ file, says }))
    assert.deepEqual(shown, coreReadingOrder.map(({ file, says }) => ({ file, says: escapeHtml(says) })))
  })
})

describe('The core', () => {
  it('has at most 5,000 lines', () => {
    const files = readdirSync(join(packageRoot, 'src/core'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
    const lines = files.map(name => read(`src/core/${name}`).split('\n').length - 1).reduce((sum, count) => sum + count)
    assert.ok(lines <= 5_000, `${lines} lines`)
  })
})

describe('The seams in docs/architecture.md', () => {
  const [, section] = /^## Seams\n(.*?)^## /ms.exec(read('docs/architecture.md'))!
  const rows = [...section!.matchAll(/^\| \[?`([\w-]+)`/gm)].map(([, name]) => name!)

  it('are those of the servers and the client', () => {
    const [, members] = /^export interface Extensions \{\n(.*?)^}/ms.exec(read('src/core/context/context.ts'))!
    const ofServers = [...members!.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name!)
    const ofClient = readdirSync(join(packageRoot, 'src/core/client/seams')).map(name => name.replace('.ts', ''))
    assert.deepEqual([...rows].sort(), [...ofServers, ...ofClient].sort())
  })
})

describe('The README', () => {
  const readme = read('README.md')

  it('has fewer than 400 lines', () => assert.ok(readme.split('\n').length < 400))

  for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) {
    it(`says ${command}`, () => assert.match(readme, new RegExp(`^${command}$`, 'm')))
  }
})

for (const page of pages) {
  describe(page, () => {
    const text = read(page)

    it('links to files and headings that exist', () => {
      const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!)
      assert.deepEqual(links.filter(link => !leadsSomewhere(page, link)), [])
    })

    it('names files of the source that exist', () => {
      const named = [...text.matchAll(/`((?:src|test|bin|docs|\.ci)\/[\w./-]+)`/g)].map(([, path]) => path!)
      assert.deepEqual(named.filter(path => !existsSync(join(packageRoot, path))), [])
    })
  })
}

function read(page: string): string {
  return readFileSync(join(packageRoot, page), 'utf8')
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path, heading] = link.split('#')
  const target = path === '' ? page : posix.join(posix.dirname(page), path!)
  if (!existsSync(join(packageRoot, target))) return false
  return heading === undefined || headingsOf(target).includes(heading)
}

/** As the code host makes an anchor of a heading. */
function headingsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)]
    .map(([, title]) => title!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}
