/** Opens the browser of the user, without a shell, and waits for the answer on loopback. */
import { spawn } from 'node:child_process'
import type { PendingAuthorization } from '../../core/client/authorization-request.ts'
import { CallbackListener } from './callback-listener.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { followRedirects } from './headless.ts'
import type { Trace } from '../../core/client/wire/trace.ts'
import type { UserAgent, Visit } from '../../core/client/user-agent.ts'

interface BrowserOptions {
  /** The host of the redirect URI: 127.0.0.1, localhost or [::1]. */
  readonly host?: string
  /** A fixed port, where a registration made by hand needs one. */
  readonly port?: number
  /** Whether to follow redirects first and open the browser only when the server shows a page. */
  readonly tryWithout?: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Tells the user what is waited for; returns what ends the telling. */
  readonly waiting: (url: string) => () => void
  /** Tells the user why no browser opens; the answer is waited for all the same. */
  readonly notOpened?: (problem: string) => void
}

/** How many pages are opened within ten minutes: more than one for a server that asks for more scopes, and no storm. */
const maxVisits = 3
const visitWindow = 600_000

/** In milliseconds: an opener that fails later than this had opened something. */
const openingTime = 10_000

export class BrowserUserAgent implements UserAgent {
  private readonly options: BrowserOptions
  /** When the browser was opened last, by the clock that nobody sets. */
  private visits: readonly number[] = []

  constructor(options: BrowserOptions) {
    this.options = options
  }

  async begin(preferred: string | undefined): Promise<Visit> {
    const listener = await this.listen(preferred)
    return {
      redirect_uri: listener.redirect_uri,
      go: (pending, trace) => this.go(listener, pending, trace),
      end: () => listener.close(),
    }
  }

  private async go(listener: CallbackListener, pending: PendingAuthorization, trace: Trace): Promise<URLSearchParams> {
    const direct = this.options.tryWithout ? await followRedirects(pending, trace) : undefined
    if (direct) return direct
    this.countVisit()
    const response = listener.receive(pending)
    const told = this.options.waiting(pending.url)
    let isWaiting = true
    openBrowser(pending.url, this.options.environment, problem => isWaiting && this.options.notOpened?.(problem))
    try {
      return await response
    } finally {
      isWaiting = false
      told()
    }
  }

  private countVisit(): void {
    const now = performance.now()
    this.visits = [...this.visits.filter(visit => now - visit < visitWindow), now]
    if (this.visits.length <= maxVisits) return
    throw new ClientError('the server asks for a new login again and again', exitCodes.refused, {
      remedy: 'Look with --trace at why it refuses the tokens that it gets.',
    })
  }

  /** The port of an earlier registration is taken up again when it is free, since not every server lets it vary. */
  private async listen(preferred: string | undefined): Promise<CallbackListener> {
    const { host = '127.0.0.1', port } = this.options
    if (port !== undefined) return CallbackListener.open(host, port)
    const earlier = preferred !== undefined && URL.canParse(preferred) ? new URL(preferred) : undefined
    if (earlier?.hostname === host) {
      const listener = await CallbackListener.open(host, Number(earlier.port)).catch(() => undefined)
      if (listener) return listener
    }
    return CallbackListener.open(host, 0)
  }
}

/**
 * Starts the opener of the platform with the URL as one argument. The URL begins with http, which
 * `createAuthorizationRequest` and `checkEndpoint` have seen to, so it cannot be taken for an option.
 */
function openBrowser(url: string, environment: BrowserOptions['environment'], failed: (problem: string) => void): void {
  const [command, ...args] = opener(environment)
  const { MCP_CLIENT_SECRET: _, ...env } = environment
  const notStarted = (error: unknown): void => failed(`${command} cannot be started (${(error as NodeJS.ErrnoException).code})`)
  const started = performance.now()
  try {
    const child = spawn(command!, [...args, url], { stdio: 'ignore', detached: true, shell: false, env })
    child.on('error', notStarted)
    child.on('exit', code => {
      if (code && performance.now() - started < openingTime) failed(`${command} ended with exit code ${code}`)
    })
    child.unref()
  } catch (error) {
    // So it ends where the URL is too long for an argument: the user follows the printed one.
    notStarted(error)
  }
}

function opener(environment: BrowserOptions['environment']): readonly string[] {
  if (environment['BROWSER']) return [environment['BROWSER']]
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return ['xdg-open']
}
