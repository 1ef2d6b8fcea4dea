/** Prints steps, traces and errors for the user. Colors and the spinner appear only on a real terminal. */
import { fingerprint } from '../../base/protocol/crypto.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import type { Verdict } from '../../base/rules/rule.ts'
import { showVerdict, verdictLabels } from '../../base/rules/shown-verdict.ts'
import { comparisonLines } from './comparison.ts'
import type { ClientError } from '../../base/client/errors.ts'
import type { RecordedExchange, Step, TraceListener } from '../../base/client/trace.ts'

export interface Output {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

const styleCodes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

type Style = keyof typeof styleCodes

/** The headers that matter for authorization or MCP. The trace lists all others by name only. */
const relevantHeaders = new RegExp(`^(?:${[
  'www-authenticate', 'authorization', 'dpop(?:-nonce)?', 'location', 'accept', 'content-type', 'content-encoding', 'mcp-.+', 'last-event-id',
  'allow', 'cache-control', 'retry-after', 'access-control-allow-origin', 'set-cookie',
].join('|')})$`)

/** Anything shorter also occurs in text by chance, and is too weak to be a secret. */
const minSecretLength = 8

/** A longer note, error or body is cut off. */
const maxTextLength = 2000

const spinnerFrames = ['|', '/', '-', '\\']

export class Terminal implements TraceListener {
  private readonly output: Output
  private readonly hasColors: boolean
  private readonly showsTrace: boolean
  private readonly secrets = new Set<string>()
  private stepCount = 0
  /** The width of the spinner line on the screen, or 0 if there is none. */
  private spinnerWidth = 0

  constructor(output: Output, options: { trace: boolean; environment: Readonly<Record<string, string | undefined>> }) {
    const { trace, environment } = options
    this.output = output
    this.showsTrace = trace
    this.hasColors = Boolean(output.isTTY) && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  }

  /** Prints one line. If a spinner is running, the line replaces it and the spinner continues below. */
  writeLine(text = '', style?: Style): void {
    this.clearSpinner()
    const safe = this.sanitize(text)
    this.output.write(`${style ? this.paint(safe, style) : safe}\n`)
  }

  /** Prints a question. The cursor stays on the same line for the answer. */
  prompt(text: string): void {
    this.output.write(this.sanitize(text))
  }

  /** Escapes control characters, and masks every secret that was sent: a server may echo it. */
  sanitize(text: string): string {
    let masked = text
    for (const secret of this.secrets) masked = masked.replaceAll(secret, () => fingerprint(secret))
    return plainText(masked)
  }

  secret(secret: string): void {
    if (secret.length >= minSecretLength) this.secrets.add(secret)
  }

  step({ title, clause }: Step): void {
    this.stepCount++
    const heading = this.paint(`${this.stepCount}. ${this.sanitize(title)}`, 'bold')
    this.output.write(`${heading}  ${this.paint(`[${plainText(clause)}]`, 'dim')}\n`)
  }

  note(text: string): void {
    this.writeLine(`   ${truncate(text).replaceAll('\n', '\n   ')}`)
  }

  exchange({ method, url, requestHeaders, requestBody, status, responseHeaders, responseBody }: RecordedExchange): void {
    if (!this.showsTrace) return
    this.writeLine(`   > ${method} ${url}`, 'cyan')
    this.writeHeaders('   > ', requestHeaders)
    if (requestBody) this.writeLine(`   > ${requestBody}`, 'dim')
    this.writeLine(`   < ${status}`, status < 400 ? 'green' : 'yellow')
    this.writeHeaders('   < ', responseHeaders)
    if (responseBody) this.writeLine(`   < ${truncate(responseBody)}`, 'dim')
  }

  verdict(verdict: Verdict): void {
    if (!this.showsTrace) return
    const { rule, passed } = verdict
    const style = passed ? 'green' : 'red'
    const word = passed ? verdictLabels.passed : verdictLabels.failed
    this.writeLine(`   ${passed ? '✓' : '✗'} ${rule.id}  [${rule.clause}]  ${word}`, style)
    for (const line of comparisonLines(showVerdict(verdict))) this.writeLine(`       ${line}`, style)
  }

  error({ message, rule, remedy }: ClientError): void {
    // The message may quote a server. On one line it cannot forge lines that look like ours.
    this.writeLine(`Error: ${truncate(message).replace(/\s+/g, ' ')}`, 'red')
    if (rule) this.writeLine(`  rule ${rule.id}, ${rule.clause}`)
    if (remedy) this.writeLine(`  ${remedy}`)
    if (rule) this.writeLine(`  More about the rule: --explain ${rule.id}`)
  }

  /** Shows that the client is waiting for the user. Call the returned function to stop. */
  showSpinner(text: string): () => void {
    if (!this.output.isTTY) {
      this.writeLine(text)
      return () => {}
    }
    let frame = 0
    const timer = setInterval(() => {
      this.spinnerWidth = text.length + 2
      this.output.write(`\r${spinnerFrames[frame++ % spinnerFrames.length]} ${plainText(text)}`)
    }, 200)
    return () => {
      clearInterval(timer)
      this.clearSpinner()
    }
  }

  private clearSpinner(): void {
    if (this.spinnerWidth > 0) this.output.write(`\r${' '.repeat(this.spinnerWidth)}\r`)
    this.spinnerWidth = 0
  }

  private writeHeaders(prefix: string, headers: Readonly<Record<string, string>>): void {
    const names = Object.keys(headers)
    const shown = names.filter(name => relevantHeaders.test(name))
    for (const name of shown) this.writeLine(`${prefix}${name}: ${headers[name]}`, 'dim')
    const others = names.filter(name => !shown.includes(name))
    if (others.length > 0) this.writeLine(`${prefix}and: ${truncate(others.join(', '))}`, 'dim')
  }

  private paint(text: string, style: Style): string {
    return this.hasColors ? `\u001b[${styleCodes[style]}m${text}\u001b[0m` : text
  }
}

function truncate(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}… (${text.length} characters)` : text
}
