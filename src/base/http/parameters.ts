/** The parameters of a query or a form (RFC 6749 appendix B). */
import type { Checker } from '../rules/rule.ts'
import { bodyIsAForm, parameterIsSent, parametersAreNotRepeated, parametersAreUtf8 } from '../rules/http.ts'
import { mediaType, type Request } from './message.ts'

export class Parameters {
  private readonly values = new Map<string, string>()
  private readonly checker: Checker
  /** The names of all parameters that were sent more than once, including unknown ones, except for `resource`. */
  readonly repeated: ReadonlySet<string>
  /** The values of `resource`, the only parameter that may be repeated (RFC 8707 section 2). */
  readonly resources: readonly string[]

  constructor(text: string, checker: Checker) {
    this.checker = checker
    checker.check(parametersAreUtf8, isPercentEncodedUtf8(text))
    const repeated = new Set<string>()
    const resources: string[] = []
    for (const [name, value] of new URLSearchParams(text)) {
      // RFC 6749 section 3.1: a parameter sent without a value is treated as if it were omitted.
      if (value === '') continue
      if (name === 'resource') resources.push(value)
      if (!this.values.has(name)) this.values.set(name, value)
      else if (name !== 'resource') repeated.add(name)
    }
    this.repeated = repeated
    this.resources = resources
  }

  /** The (first) value of the parameter, or undefined if it was omitted. */
  get(name: string): string | undefined {
    return this.values.get(name)
  }

  /** The names of all parameters that begin with `prefix`, without the prefix. */
  namesAfter(prefix: string): readonly string[] {
    return [...this.values.keys()].filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
  }

  required(name: string): string {
    const value = this.get(name)
    this.checker.check(parameterIsSent, value !== undefined, undefined, name)
    return value
  }

  /** Checks that none of `names` was sent more than once. Without names, checks all parameters. */
  checkNotRepeated(...names: readonly string[]): void {
    const repeated = [...this.repeated].find(name => names.length === 0 || names.includes(name))
    this.checker.check(parametersAreNotRepeated, repeated === undefined, repeated)
  }
}

/** Reads the body of a POST to an OAuth endpoint. */
export async function parseForm(request: Request, checker: Checker): Promise<Parameters> {
  const type = mediaType(request.headers)
  checker.check(bodyIsAForm, type === 'application/x-www-form-urlencoded', type || 'nothing')
  const form = new Parameters(await request.text(), checker)
  form.checkNotRepeated()
  return form
}

/** `URLSearchParams` would replace invalid UTF-8 with U+FFFD, and keep a stray percent sign. */
function isPercentEncodedUtf8(text: string): boolean {
  if (!text.includes('%')) return true
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
