/**
 * Finds the route of a request. A path is exact, or ends in one parameter: `/explain/:rule` for a segment,
 * `/source/:path*` for all that follows; the method `*` is any.
 */

interface Routable {
  readonly method: string
  readonly path: string
}

export interface Found<R> {
  readonly route: R | undefined
  readonly parameter: string
  /** The routes of the path, whatever their methods; empty where the path is unknown. */
  readonly siblings: readonly R[]
}

type Methods<R> = Map<string, R>

export class Router<R extends Routable> {
  private readonly exact = new Map<string, Methods<R>>()
  private readonly parametric = new Map<string, Methods<R>>()
  private readonly open = new Map<string, Methods<R>>()

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      const [, prefix, rest] = /^(.*\/):[^/*]+(\*?)$/.exec(route.path) ?? []
      const table = prefix === undefined ? this.exact : rest ? this.open : this.parametric
      const key = prefix ?? route.path
      const methods = table.get(key) ?? new Map<string, R>()
      table.set(key, methods.set(route.method, route))
    }
  }

  find(method: string, path: string): Found<R> {
    const exact = this.exact.get(path)
    if (exact) return this.found(exact, method, '')
    const cut = path.lastIndexOf('/') + 1
    const methods = this.parametric.get(path.slice(0, cut))
    const parameter = decode(path.slice(cut))
    if (methods && parameter) return this.found(methods, method, parameter)
    for (const [prefix, methods] of this.open) {
      const rest = path.startsWith(prefix) ? decode(path.slice(prefix.length)) : ''
      if (rest) return this.found(methods, method, rest)
    }
    return { route: undefined, parameter: '', siblings: [] }
  }

  private found(methods: Methods<R>, method: string, parameter: string): Found<R> {
    // RFC 9110 section 9.3.2: HEAD is GET without the content.
    const route = methods.get(method === 'HEAD' ? 'GET' : method) ?? methods.get('*')
    return { route, parameter, siblings: [...methods.values()] }
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
