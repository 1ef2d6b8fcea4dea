/** What the client shows: steps, traces and errors. Colours and a moving line on a terminal only. */
import { fingerprint } from '../../base/protocol/crypto.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import type { Verdict } from '../../base/rules/rule.ts'
import { showVerdict, verdictWords } from '../../base/rules/shown-verdict.ts'
import { comparisonLines } from './comparison.ts'
import type { ClientError } from '../../core/client/wire/errors.ts'
import type { RecordedExchange, Step, TraceListener } from '../../core/client/wire/trace.ts'

export interface Output {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

type Style = keyof typeof codes

/** The headers that mean something for authorization or MCP. Of the others, such as those for pages, the trace has the names. */
const shownHeaders = new RegExp(`^(?:${[
  'www-authenticate', 'authorization', 'dpop(?:-nonce)?', 'location', 'accept', 'content-type', 'mcp-.+', 'last-event-id',
  'allow', 'cache-control', 'retry-after', 'access-control-allow-origin', 'set-cookie',
].join('|')})$`)

/** What is shorter occurs by chance as well, and is no secret worth the name. */
const shortestSecret = 8

export class Terminal implements TraceListener {
  private readonly output: Output
  private readonly colours: boolean
  private readonly traces: boolean
  private readonly secrets = new Set<string>()
  private steps = 0
  /** How wide the moving line is that stands at the cursor. */
  private moving = 0

  constructor(output: Output, options: { trace: boolean; environment: Readonly<Record<string, string | undefined>> }) {
    this.output = output
    this.traces = options.trace
    this.colours = Boolean(output.isTTY) && !options.environment['NO_COLOR'] && options.environment['TERM'] !== 'dumb'
  }

  /** A line of our own text, in the place of a moving one, which goes on below it. */
  line(text = '', style?: Style): void {
    this.wipe()
    this.output.write(`${style ? this.paint(this.safe(text), style) : this.safe(text)}\n`)
  }

  secret(secret: string): void {
    if (secret.length >= shortestSecret) this.secrets.add(secret)
  }

  /** Text of somebody else, without what steers a terminal and without the secrets that were sent to him. */
  safe(text: string): string {
    let shown = text
    for (const secret of this.secrets) shown = shown.replaceAll(secret, () => fingerprint(secret))
    return plainText(shown)
  }

  /** A question, which the answer of the user follows on the same line. */
  prompt(text: string): void {
    this.output.write(this.safe(text))
  }

  step({ title, clause }: Step): void {
    this.steps++
    const heading = this.paint(`${this.steps}. ${this.safe(title)}`, 'bold')
    this.output.write(`${heading}  ${this.paint(`[${plainText(clause)}]`, 'dim')}\n`)
  }

  note(text: string): void {
    this.line(`   ${shorten(text).replaceAll('\n', '\n   ')}`)
  }

  exchange({ method, url, requestHeaders, requestBody, status, responseHeaders, responseBody }: RecordedExchange): void {
    if (!this.traces) return
    this.line(`   > ${method} ${url}`, 'cyan')
    this.headers('   > ', requestHeaders)
    if (requestBody) this.line(`   > ${requestBody}`, 'dim')
    this.line(`   < ${status}`, status < 400 ? 'green' : 'yellow')
    this.headers('   < ', responseHeaders)
    if (responseBody) this.line(`   < ${shorten(responseBody)}`, 'dim')
  }

  verdict(verdict: Verdict): void {
    if (!this.traces) return
    const { rule, passed } = verdict
    const style = passed ? 'green' : 'red'
    this.line(`   ${passed ? '✓' : '✗'} ${rule.id}  [${rule.clause}]  ${verdictWords[passed ? 'passed' : 'failed']}`, style)
    for (const line of comparisonLines(showVerdict(verdict))) this.line(`       ${line}`, style)
  }

  error(error: ClientError): void {
    // On one line, so that no server can go on with lines of its own that look like ours.
    this.line(`Error: ${shorten(error.message).replace(/\s+/g, ' ')}`, 'red')
    if (error.rule) this.line(`  rule ${error.rule.id}, ${error.rule.clause}`)
    if (error.remedy) this.line(`  ${error.remedy}`)
    if (error.rule) this.line(`  More about the rule: --explain ${error.rule.id}`)
  }

  /** Shows that a person is waited for; returns what ends it. */
  waiting(text: string): () => void {
    if (!this.output.isTTY) {
      this.line(text)
      return () => {}
    }
    const frames = ['|', '/', '-', '\\']
    let frame = 0
    const timer = setInterval(() => {
      this.moving = text.length + 2
      this.output.write(`\r${frames[frame++ % frames.length]} ${plainText(text)}`)
    }, 200)
    return () => {
      clearInterval(timer)
      this.wipe()
    }
  }

  private wipe(): void {
    if (this.moving > 0) this.output.write(`\r${' '.repeat(this.moving)}\r`)
    this.moving = 0
  }

  private headers(prefix: string, headers: Readonly<Record<string, string>>): void {
    const names = Object.keys(headers)
    const shown = names.filter(name => shownHeaders.test(name))
    for (const name of shown) this.line(`${prefix}${name}: ${headers[name]}`, 'dim')
    const others = names.filter(name => !shown.includes(name))
    if (others.length > 0) this.line(`${prefix}and: ${shorten(others.join(', '))}`, 'dim')
  }

  private paint(text: string, style: Style): string {
    return this.colours ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
  }
}

function shorten(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters)` : text
}
