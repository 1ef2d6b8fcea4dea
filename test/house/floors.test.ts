/** The rooms and floors of docs/architecture.md: what lies where, and that imports only go down. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from '../package-root.ts'

interface Room {
  readonly floor: number
  readonly part: string
  readonly purpose: string
}

/** The rows of the tables of docs/architecture.md: | floor | `room` | part | what it is for |. */
const rooms: Readonly<Record<string, Room>> = Object.fromEntries(
  [...readFileSync(join(packageRoot, 'docs/architecture.md'), 'utf8').matchAll(/^\| (\d) \| `(.+)` \| (\w+) \| (.+) \|$/gm)]
    .map(([, floor, room, part, purpose]) => [room!, { floor: Number(floor), part: part!, purpose: purpose! }]),
)

/** What the client may import from outside its column: nothing by which a server decides. */
const openToClient = ['base/protocol', 'base/rules', 'base/http', 'base/config', 'base/ui', 'core/rules', 'extensions/rules', 'catalogue']

const mostFilesOfARoom = 15
const top = ['client.ts', 'routes.ts', 'server.ts']

const source = join(packageRoot, 'src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/')).filter(name => name.endsWith('.ts'))
const imports = new Map(files.map(file => [file, importsOf(file)]))

describe('Every room of src', () => {
  it('is a row of docs/architecture.md', () => {
    assert.deepEqual([...new Set(files.map(roomOf))].filter(room => room !== '.').sort(), Object.keys(rooms).sort())
  })

  it('is core, base or beside, by where it lies', () => {
    const misplaced = Object.entries(rooms).filter(([room, { part }]) => part !== (/^(?:core|base)(?=\/)/.exec(room)?.[0] ?? 'beside'))
    assert.deepEqual(misplaced, [])
  })

  it('has no more than 15 files', () => {
    const crowded = Object.keys(rooms).filter(room => files.filter(file => roomOf(file) === room).length > mostFilesOfARoom)
    assert.deepEqual(crowded, [])
  })

  it('is a folder: only the two entries and the table of routes lie at the top', () => {
    assert.deepEqual(files.filter(file => roomOf(file) === '.').sort(), top)
  })
})

describe('Every import of src', () => {
  it('is found by this test', () => {
    assert.ok(imports.get('app/application.ts')!.includes('../routes.ts'))
    assert.ok(files.length > 50)
  })

  it('is a file of src or a module of Node', () => {
    assert.deepEqual(edges().filter(([, to]) => !to.startsWith('node:') && !files.includes(to)), [])
  })

  it('goes down, or stays on its floor', () => {
    assert.deepEqual(internal().filter(([from, to]) => floorOf(to) > floorOf(from)), [])
  })

  it('of the core and of its base stays there, so that every room beside them can be deleted', () => {
    const inner = /^(?:core|base)\//
    assert.deepEqual(internal().filter(([from, to]) => inner.test(from) && !inner.test(to)), [])
  })

  it('leaves the column of the client for the rooms that are open to it', () => {
    const outward = internal().filter(([from, to]) => isClient(from) && !isClient(to))
    assert.deepEqual(outward.filter(([, to]) => !openToClient.includes(roomOf(to))), [])
  })

  it('leads into the column of the client only from its entry, and from the catalogue to its rules', () => {
    const inward = internal().filter(([from, to]) => isClient(to) && !isClient(from) && from !== 'client.ts')
    assert.deepEqual(inward.filter(([from, to]) => from !== 'catalogue/catalogue.ts' || roomOf(to) !== 'client/rules'), [])
  })

  it('never leads to an entry', () => {
    assert.deepEqual(internal().filter(([, to]) => to === 'server.ts' || to === 'client.ts'), [])
  })

  it('never forms a cycle, not even for a type', () => {
    assert.deepEqual(files.map(file => cycleFrom(file)).filter(cycle => cycle !== undefined), [])
  })
})

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

function roomOf(file: string): string {
  return posix.dirname(file)
}

/** The table of routes stands with the application; the entries stand above everything. */
function floorOf(file: string): number {
  return file === 'routes.ts' ? 7 : rooms[roomOf(file)]?.floor ?? 8
}

function isClient(file: string): boolean {
  return /^(?:(?:core|base)\/)?client\//.test(file)
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
