/**
 * Finds the route of a request. The path of a route is exact or ends in a parameter: `/explain/:rule` matches one segment,
 * `/source/:path*` matches the rest of the path. The method `*` matches any method.
 */

interface Routable {
  readonly method: string
  readonly path: string
}

export interface Found<R> {
  readonly route: R | undefined
  readonly parameter: string
  /** All routes of this path, with any method. Empty if the path is unknown. */
  readonly siblings: readonly R[]
}

type Methods<R> = Map<string, R>

export class Router<R extends Routable> {
  private readonly exact = new Map<string, Methods<R>>()
  /** By the prefix before the parameter. */
  private readonly oneSegment = new Map<string, Methods<R>>()
  private readonly restOfPath = new Map<string, Methods<R>>()

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      const [, prefix = route.path, star] = /^(.*\/):[^/*]+(\*?)$/.exec(route.path) ?? []
      const table = this.tableFor(star)
      const methods = table.get(prefix) ?? new Map<string, R>()
      table.set(prefix, methods.set(route.method, route))
    }
  }

  find(method: string, path: string): Found<R> {
    const exact = this.exact.get(path)
    if (exact) return this.found(exact, method, '')
    const cut = path.lastIndexOf('/') + 1
    const methods = this.oneSegment.get(path.slice(0, cut))
    const parameter = decode(path.slice(cut))
    if (methods && parameter) return this.found(methods, method, parameter)
    for (const [prefix, methods] of this.restOfPath) {
      const rest = path.startsWith(prefix) ? decode(path.slice(prefix.length)) : ''
      if (rest) return this.found(methods, method, rest)
    }
    return { route: undefined, parameter: '', siblings: [] }
  }

  private tableFor(star: string | undefined): Map<string, Methods<R>> {
    if (star === undefined) return this.exact
    return star === '*' ? this.restOfPath : this.oneSegment
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
