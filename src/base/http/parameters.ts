/** The parameters of a query or a form (RFC 6749 appendix B). */
import type { Checker } from '../rules/rule.ts'
import { bodyIsAForm, parameterIsSent, parametersAreNotRepeated, parametersAreUtf8 } from '../rules/http.ts'
import { mediaType, type Request } from './message.ts'

export class Parameters {
  private readonly values = new Map<string, string>()
  private readonly checker: Checker
  /** The names of parameters that came more than once, whether they mean anything here or not. */
  readonly repeated: ReadonlySet<string>

  constructor(text: string, checker: Checker) {
    this.checker = checker
    checker.check(parametersAreUtf8, isPercentEncodedUtf8(text))
    const repeated = new Set<string>()
    for (const [name, value] of new URLSearchParams(text)) {
      // RFC 6749 section 3.1: a parameter sent without a value is treated as if it were omitted.
      if (value === '') continue
      if (this.values.has(name)) repeated.add(name)
      else this.values.set(name, value)
    }
    this.repeated = repeated
  }

  /** The (first) value of the parameter, or undefined where it is omitted. */
  get(name: string): string | undefined {
    return this.values.get(name)
  }

  /** What follows `prefix` in the names of the parameters that begin with it. */
  namesAfter(prefix: string): readonly string[] {
    return [...this.values.keys()].filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
  }

  required(name: string): string {
    const value = this.get(name)
    this.checker.check(parameterIsSent, value !== undefined, undefined, name)
    return value
  }

  /** Checks that none of `names` came more than once; of all parameters, where no name is given. */
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

/** `URLSearchParams` puts U+FFFD in the place of what is not UTF-8, and takes a stray percent sign as it is. */
function isPercentEncodedUtf8(text: string): boolean {
  if (!text.includes('%')) return true
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
