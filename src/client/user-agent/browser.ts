/** Opens the user's browser without a shell, and waits on loopback for the authorization response. */
import { spawn } from 'node:child_process'
import type { PendingAuthorization } from '../../core/client/authorization-request.ts'
import { CallbackListener } from './callback-listener.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { followRedirects } from './headless.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { UserAgent, Visit } from '../../core/client/seams/user-agent.ts'

interface BrowserOptions {
  /** The host of the redirect URI: 127.0.0.1, localhost or [::1]. */
  readonly host?: string | undefined
  /** A fixed port for the redirect URI, for clients that are registered with one. */
  readonly port?: number | undefined
  /** Whether to follow redirects first and open the browser only if the server shows a page. */
  readonly tryRedirectsFirst?: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Called when the wait for the user begins. The returned function is called when it ends. */
  readonly onWaiting: (url: string) => () => void
  /** Called if the browser does not open. The user can still open the URL by hand, so the wait continues. */
  readonly onBrowserError?: (problem: string) => void
}

/** How often the browser opens within ten minutes. A server that rejects every token must not open tab after tab. */
const maxVisits = 3
const visitWindow = 600_000

/** If the opener fails later than this (in milliseconds), the browser was open already. */
const launchTimeout = 10_000

export class BrowserUserAgent implements UserAgent {
  private readonly options: BrowserOptions
  /** When the browser was opened, on the monotonic clock. */
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
    const direct = this.options.tryRedirectsFirst ? await followRedirects(pending, trace) : undefined
    if (direct) return direct
    this.countVisit()
    const response = listener.receive(pending)
    const stopWaiting = this.options.onWaiting(pending.url)
    let isWaiting = true
    openBrowser(pending.url, this.options.environment, problem => {
      if (isWaiting) this.options.onBrowserError?.(problem)
    })
    try {
      return await response
    } finally {
      isWaiting = false
      stopWaiting()
    }
  }

  private countVisit(): void {
    const now = performance.now()
    this.visits = [...this.visits.filter(visit => now - visit < visitWindow), now]
    if (this.visits.length <= maxVisits) return
    throw new ClientError(`the server asked for more than ${maxVisits} logins within ten minutes`, exitCodes.refused, {
      remedy: 'Run the command with --trace to see why it rejects the tokens it issues.',
    })
  }

  /** Reuses the port of an earlier registration if it is free, because some servers compare the port too. */
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
 * Runs the platform's opener with the URL as a single argument. It cannot be mistaken for an option: `checkEndpoint` has
 * made sure that it begins with http.
 */
function openBrowser(url: string, environment: BrowserOptions['environment'], onError: (problem: string) => void): void {
  const [command, ...args] = opener(environment)
  const { MCP_CLIENT_SECRET: _, ...env } = environment
  const onSpawnError = (error: unknown): void => {
    onError(`${command} cannot be started (${(error as NodeJS.ErrnoException).code})`)
  }
  const startedAt = performance.now()
  try {
    const child = spawn(command!, [...args, url], { stdio: 'ignore', detached: true, shell: false, env })
    child.on('error', onSpawnError)
    child.on('exit', code => {
      if (code && performance.now() - startedAt < launchTimeout) onError(`${command} ended with exit code ${code}`)
    })
    child.unref()
  } catch (error) {
    // spawn() throws if the URL is too long for an argument. The user can still open the printed one.
    onSpawnError(error)
  }
}

function opener(environment: BrowserOptions['environment']): readonly string[] {
  if (environment['BROWSER']) return [environment['BROWSER']]
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return ['xdg-open']
}
