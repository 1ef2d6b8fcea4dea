/**
 * The source of the running program: from `src/` if that is what runs, otherwise from the source maps beside the built files.
 * So it is always the source of the code that answers. It is read once, on the first request for it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { extname, posix } from 'node:path'

export interface SourceFile {
  /** Below `src/` or `test/`, with slashes: `core/oauth/token.ts`. */
  readonly path: string
  readonly lines: readonly string[]
  /** The files that it imports, as paths of the same kind. */
  readonly imports: readonly string[]
}

interface Sources {
  readonly src: readonly SourceFile[]
  /** The test files. Empty if the tests were not built or not shipped. */
  readonly tests: readonly SourceFile[]
}

let read: Promise<Sources> | undefined

export function readSources(): Promise<Sources> {
  return read ??= readAll()
}

async function readAll(): Promise<Sources> {
  const here = new URL('../', import.meta.url)
  const src = await readFolder(here, path => !path.startsWith('.'))
  const isTest = (path: string): boolean => path.endsWith('.test.ts') && !path.startsWith('interop/')
  // Beside src/, or in dist/.test/, where `npm run build` puts them.
  const beside = await readFolder(new URL('../test/', here), isTest)
  const tests = beside.length > 0 ? beside : await readFolder(new URL('.test/test/', here), isTest)
  // List the ordinary tests of a rule before the attacks on it.
  const isAttack = ({ path }: SourceFile): boolean => /^(?:slow\/)?attacks/.test(path)
  return { src, tests: [...tests.filter(file => !isAttack(file)), ...tests.filter(isAttack)] }
}

async function readFolder(folder: URL, wanted: (path: string) => boolean): Promise<readonly SourceFile[]> {
  const isSource = extname(import.meta.url) === '.ts'
  const ending = isSource ? '.ts' : '.js.map'
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const paths = names.map(name => name.replaceAll('\\', '/')).filter(name => name.endsWith(ending) && !name.endsWith('.d.ts'))
    .map(name => ({ name, path: `${name.slice(0, -ending.length)}.ts` }))
    .filter(({ path }) => wanted(path)).sort((a, b) => a.path < b.path ? -1 : 1)
  return Promise.all(paths.map(async ({ name, path }) => {
    const read = await readFile(new URL(name, folder), 'utf8')
    const text = isSource ? read : sourceOf(read)
    return { path, lines: text.replace(/\n$/, '').split('\n'), imports: importsOf(text, posix.dirname(path)) }
  }))
}

function importsOf(text: string, folder: string): readonly string[] {
  const found = [...text.matchAll(/^(?:import|export)\b[^'"]*?\bfrom '(\.{1,2}\/[^']+)'/gm)]
  return found.map(([, to]) => posix.join(folder, to!))
}

function sourceOf(map: string): string {
  const { sourcesContent } = JSON.parse(map) as { sourcesContent?: readonly string[] }
  return sourcesContent?.[0] ?? ''
}
