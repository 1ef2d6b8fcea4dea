/** The floors of docs/architecture.md: imports go down or stay, and never go round. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A file by its name, or all files of a folder. What is not here has no floor, and fails. */
const floors: Readonly<Record<string, number>> = {
  'server.ts': 6, 'client.ts': 6,
  'app.ts': 5, 'error-reply.ts': 5, 'routes.ts': 5, 'serve.ts': 5, 'pages/': 5, 'client/': 5,
  'mcp/': 4,
  'oauth/': 3,
  'context.ts': 2, 'store/': 2, 'flow/': 2,
  'http/rate-limits.ts': 2, 'http/limited-handler.ts': 2,
  'rules/': 1, 'oauth/jwt.ts': 1, 'oauth/jws.ts': 1, 'oauth/pkce.ts': 1, 'oauth/scope.ts': 1, 'oauth/redirect-uri.ts': 1,
  'http/body.ts': 1, 'http/router.ts': 1, 'http/cors.ts': 1, 'http/parameters.ts': 1,
  'mcp/tool.ts': 1, 'mcp/json-schema.ts': 1, 'mcp/header-value.ts': 1, 'mcp/protocol.ts': 1,
  'mcp/mirrored-parameters.ts': 1,
  'nearest-miss.ts': 0, 'plain-text.ts': 0, 'source-files.ts': 0, 'http/style-diagram.ts': 0, 'http/specification.ts': 0, 'http/multipart.ts': 0,
  'errors.ts': 0, 'crypto.ts': 0, 'logger.ts': 0, 'config.ts': 0, 'password.ts': 0, 'users.ts': 0, 'version.ts': 0, 'mcp/json-rpc.ts': 0,
  'http/message.ts': 0, 'http/html.ts': 0, 'http/page.ts': 0, 'http/style.ts': 0, 'http/parts.ts': 0, 'http/json.ts': 0,
  'http/redact.ts': 0, 'http/fetch-document.ts': 0, 'http/freshness.ts': 0, 'http/special-address.ts': 0, 'http/network.ts': 0,
  'http/security-headers.ts': 0, 'http/write-reply.ts': 0, 'http/connections.ts': 0, 'http/tls.ts': 0, 'clock.ts': 0, 'environment.ts': 0,
}

/** The client learns what it needs over the wire, so it may import no more than this from outside its column. */
const highestForClient = 1

const entries = ['server.ts', 'client.ts']

const source = join(packageRoot(), 'src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/')).filter(name => name.endsWith('.ts'))
const imports = new Map(files.map(file => [file, importsOf(file)]))

describe('Every import of src', () => {
  it('is found, where this test looks', () => {
    assert.ok(imports.get('app.ts')!.includes('./routes.ts'))
    assert.ok(files.length > 50)
  })

  it('is a file of src or a module of Node', () => {
    assert.deepEqual(edges().filter(([, to]) => !to.startsWith('node:') && !files.includes(to)), [])
  })

  it('comes from a file that has a floor', () => {
    assert.deepEqual(files.filter(file => floorOf(file) === undefined), [])
  })

  it('comes from the floor that docs/architecture.md shows', () => {
    const [, table] = readFileSync(join(source, '../docs/architecture.md'), 'utf8').split('\n```\n').filter((_, i) => i < 2)
    const shown: [string, number][] = []
    let floor = NaN
    for (const line of table!.split('\n')) {
      if (/^\d/.test(line)) floor = Number(line[0])
      else for (const [name] of line.matchAll(/\S+/g)) shown.push(...namesOf(name).map(name => [name, floor] as [string, number]))
    }
    assert.deepEqual(Object.fromEntries(shown), floors)
  })

  it('goes down, or stays on its floor', () => {
    assert.deepEqual(internal().filter(([from, to]) => !entries.includes(from) && floorOf(to)! > floorOf(from)!), [])
  })

  it('leaves the column of the client for the lowest floors alone', () => {
    const outward = internal().filter(([from, to]) => isClient(from) && !isClient(to))
    assert.deepEqual(outward.filter(([, to]) => floorOf(to)! > highestForClient), [])
  })

  it('leaves the client to its entry', () => {
    assert.deepEqual(internal().filter(([from, to]) => isClient(to) && !isClient(from) && from !== 'client.ts'), [])
  })

  it('never leads to an entry', () => {
    assert.deepEqual(internal().filter(([, to]) => entries.includes(to)), [])
  })

  it('never goes round, not even for a type', () => {
    assert.deepEqual(files.map(file => cycleFrom(file)).filter(cycle => cycle !== undefined), [])
  })
})

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const statements = /^(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
  return [...text.matchAll(statements)].map(([, from, called]) => (from ?? called)!)
}

/** What imports what, both as names below src. */
function edges(): readonly (readonly [string, string])[] {
  return files.flatMap(from => imports.get(from)!.map(to => [from, resolve(from, to)] as const))
}

function internal(): readonly (readonly [string, string])[] {
  return edges().filter(([, to]) => files.includes(to))
}

function resolve(from: string, to: string): string {
  return to.startsWith('.') ? posix.join(posix.dirname(from), to) : to
}

/** The names that the page shortens: `http/{body,cors}` is two files, and `pages/*` a folder. */
function namesOf(shown: string): readonly string[] {
  const [, folder, names] = /^(.*\/)\{(.*)\}$/.exec(shown) ?? []
  if (names !== undefined) return names.split(',').map(name => `${folder}${name}.ts`)
  return [shown.endsWith('/*') ? shown.slice(0, -1) : `${shown}.ts`]
}

function floorOf(file: string): number | undefined {
  return floors[file] ?? floors[`${file.split('/', 1)[0]}/`]
}

function isClient(file: string): boolean {
  return file.startsWith('client/')
}

/** A way from `file` back to it, or undefined where there is none. */
function cycleFrom(file: string): string | undefined {
  const seen = new Set<string>()
  const walk = (path: readonly string[]): readonly string[] | undefined => {
    for (const next of imports.get(path.at(-1)!) ?? []) {
      const to = resolve(path.at(-1)!, next)
      if (to === file) return [...path, to]
      if (seen.has(to)) continue
      seen.add(to)
      const found = walk([...path, to])
      if (found) return found
    }
    return undefined
  }
  return walk([file])?.join(' -> ')
}
