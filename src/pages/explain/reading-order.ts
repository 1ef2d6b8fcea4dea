/** What the imports of the source say: which file answers an endpoint, and in which order to read the files. */
import { coreReadingOrder } from '../../catalogue/reading-order.ts'
import type { SourceFile } from '../../catalogue/source-files.ts'

/** The files of `coreReadingOrder`, then the rest of the core, then each endpoint with what it imports, then the rest. */
export function readingOrder(src: readonly SourceFile[]): readonly string[] {
  const files = new Map(src.map(file => [file.path, file]))
  const core = coreReadingOrder.map(({ file }) => file)
  const order = new Set<string>(core)
  const visit = (path: string, room = ''): void => {
    const file = files.get(path)
    if (file === undefined || order.has(path) || !path.startsWith(room)) return
    order.add(path)
    file.imports.forEach(imported => visit(imported, room))
  }
  for (const path of core) files.get(path)!.imports.forEach(imported => visit(imported, 'core/'))
  for (const { file } of endpointsOf(files)) visit(file)
  for (const { path } of src) visit(path)
  return [...order]
}

/** The rows of `routes.ts`, each with the file of its handler. */
export function endpointsOf(files: ReadonlyMap<string, SourceFile>): readonly { method: string; path: string; file: string }[] {
  const text = (files.get('routes.ts')?.lines ?? []).join('\n')
  const fileOf = new Map([...text.matchAll(/^import \{([^}]+)\} from '\.\/([^']+)'/gm)]
    .flatMap(([, names, file]) => names!.split(',').map(name => [name.trim(), file!] as const)))
  return [...text.matchAll(/^ {2}row\('(\S+)',\s*'(\S+)',\s*(\w+)/gm)]
    .map(([, method, path, handler]) => ({ method: method!, path: path!, file: fileOf.get(handler!) ?? 'routes.ts' }))
}
