/** Builds the parts a command works with from the command line: storage, trace, user agent and client. */
import type { Arguments } from './arguments.ts'
import { BrowserUserAgent } from '../user-agent/browser.ts'
import { Budget } from '../../base/client/budget.ts'
import { readCredentials } from './credentials.ts'
import { elicitation } from '../mcp/elicitation.ts'
import { findEndpoint } from './find-endpoint.ts'
import { fillFormOnTerminal } from '../terminal/form.ts'
import { HeadlessUserAgent } from '../user-agent/headless.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { FileStorage } from '../storage/file-storage.ts'
import type { ClientStorage } from '../../core/client/seams/storage.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { Trace, type TraceListener } from '../../base/client/trace.ts'
import type { UserAgent } from '../../core/client/seams/user-agent.ts'

/** What a command needs from the process it runs in. */
export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Narrates what happens, for the user. */
  readonly terminal: Terminal
  /** Where the user pastes a redirect URI and, on a real terminal, answers what a server asks. */
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** Prints results, for programs to read. */
  readonly print: (text: string) => void
  /** Starts a server in this process, for `--demo`. */
  readonly startServer: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

export const defaultServer = 'http://localhost:8000'

/** How much time and data all responses to one command may take together. */
const commandBudget = { milliseconds: 40_000, bytes: 64 * 1024 * 1024 }

/** Opens the client for a command. Only an interactive command may send the user to a browser, and narrates its steps. */
export async function openClient(
  args: Arguments, context: CommandContext, { interactive }: { interactive: boolean },
): Promise<{ client: McpClient; serverUrl: string }> {
  const { terminal, stdin, environment } = context
  const isNarrated = interactive || args.trace
  const trace = createTrace(isNarrated ? terminal : { secret: secret => terminal.secret(secret) })
  const storage = openStorage(args, terminal)
  const credentials = await readCredentials(args, environment)
  const serverUrl = await findEndpoint(args.serverUrl ?? defaultServer, storage, trace)
  const client = new McpClient(serverUrl, {
    trace,
    storage,
    ...credentials,
    ...(interactive ? { userAgent: createUserAgent(args, context) } : {}),
    ...(stdin.isTTY ? elicitation(fillFormOnTerminal(serverUrl, stdin, terminal)) : {}),
  })
  return { client, serverUrl }
}

export function createTrace(listener: TraceListener): Trace {
  return new Trace(listener, new Budget(commandBudget))
}

export function openStorage({ storage }: Arguments, terminal: Terminal): ClientStorage {
  return new FileStorage(storage, text => terminal.writeLine(text, 'yellow'))
}

/** With `tryRedirectsFirst`, the browser opens only if the server does not redirect right away. */
export function createUserAgent(
  args: Arguments, { terminal, environment, stdin }: CommandContext, { tryRedirectsFirst = false } = {},
): UserAgent {
  const { headless, callbackHost: host = '127.0.0.1', callbackPort: port } = args
  if (headless) {
    const redirect_uri = port === undefined ? undefined : `http://${host}:${port}/callback`
    return new HeadlessUserAgent({ input: stdin, write: text => terminal.writeLine(text), redirect_uri })
  }
  return new BrowserUserAgent({
    host,
    port,
    tryRedirectsFirst,
    environment,
    onWaiting: url => {
      terminal.writeLine(`   If no browser opens, go to ${url}`)
      return terminal.showSpinner('waiting for your decision in the browser')
    },
    onBrowserError: problem => {
      terminal.writeLine(`   The browser did not open: ${problem}.`, 'yellow')
      terminal.writeLine('   Open the URL above in a browser on this machine, or start again with --headless.', 'yellow')
    },
  })
}
