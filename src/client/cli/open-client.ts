/** The parts that a command works with, put together as the command line says: storage, trace, user agent and client. */
import type { Arguments } from './arguments.ts'
import { BrowserUserAgent } from '../user-agent/browser.ts'
import { Budget } from '../../core/client/wire/budget.ts'
import { readCredentials } from './credentials.ts'
import { elicitation } from '../mcp/elicitation.ts'
import { findEndpoint } from './find-endpoint.ts'
import { fillFormOnTerminal } from '../terminal/form.ts'
import { HeadlessUserAgent } from '../user-agent/headless.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { FileStorage } from '../storage/file-storage.ts'
import type { ClientStorage } from '../../core/client/storage.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { Trace, type TraceListener } from '../../core/client/wire/trace.ts'
import type { UserAgent } from '../../core/client/user-agent.ts'

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What goes on, for people. */
  readonly terminal: Terminal
  /** Where the user pastes a callback, and on a terminal fills in what a server asks. */
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** What was asked for, for programs. */
  readonly print: (text: string) => void
  /** Starts a server inside this process, for a demo without one. */
  readonly startServer: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

export const defaultServer = 'http://localhost:8000'

/** What all answers to one command may take together. */
const allowance = { milliseconds: 40_000, bytes: 64 * 1024 * 1024 }

/** The client for the server that is named. Where it may not ask, nobody is sent to a browser, and nothing is narrated. */
export async function openClient(
  args: Arguments, surroundings: Surroundings, mayAsk: boolean,
): Promise<{ client: McpClient; serverUrl: string }> {
  const { terminal, stdin } = surroundings
  const listener = mayAsk || args.trace ? terminal : { secret: (secret: string) => terminal.secret(secret) }
  const trace = openTrace(listener)
  const storage = fileStorage(args, terminal)
  const serverUrl = await findEndpoint(args.serverUrl ?? defaultServer, storage, trace)
  const client = new McpClient(serverUrl, {
    trace,
    storage,
    ...await readCredentials(args, surroundings.environment),
    ...(mayAsk ? { userAgent: openUserAgent(args, surroundings, false) } : {}),
    ...(stdin.isTTY ? elicitation(fillFormOnTerminal(serverUrl, stdin, terminal)) : {}),
  })
  return { client, serverUrl }
}

/** The trace of one command, with what its answers may take. */
export function openTrace(listener: TraceListener): Trace {
  return new Trace(listener, new Budget(allowance))
}

export function fileStorage({ storage }: Arguments, terminal: Terminal): ClientStorage {
  return new FileStorage(storage, text => terminal.writeLine(text, 'yellow'))
}

/** How the user decides; with `tryWithout` no browser is opened where the server redirects at once. */
export function openUserAgent(args: Arguments, { terminal, environment, stdin }: Surroundings, tryWithout: boolean): UserAgent {
  const { headless, callbackHost, callbackPort } = args
  if (headless) {
    return new HeadlessUserAgent({ input: stdin, write: text => terminal.writeLine(text), ...headlessRedirectUri(args) })
  }
  return new BrowserUserAgent({
    tryWithout,
    environment,
    ...(callbackHost === undefined ? {} : { host: callbackHost }),
    ...(callbackPort === undefined ? {} : { port: callbackPort }),
    waiting: url => {
      terminal.writeLine(`   If no browser opens, go to ${url}`)
      return terminal.showSpinner('waiting for your decision in the browser')
    },
    notOpened: problem => {
      terminal.writeLine(`   No browser could be started: ${problem}.`, 'yellow')
      terminal.writeLine('   Open the URL above in a browser on this machine. Where there is none, use --headless.', 'yellow')
    },
  })
}

function headlessRedirectUri({ callbackHost = '127.0.0.1', callbackPort }: Arguments): { redirect_uri?: string } {
  return callbackPort === undefined ? {} : { redirect_uri: `http://${callbackHost}:${callbackPort}/callback` }
}
