/**
 * Authorization without a browser on this machine. If redirects alone lead back to the client, it follows them. Otherwise it
 * prints the URL, and the user pastes back the address at which their browser ends.
 */
import { createInterface } from 'node:readline/promises'
import { authorizationIsGranted } from '../../core/rules/client.ts'
import type { PendingAuthorization } from '../../core/client/authorization-request.ts'
import { answers, responseParameters } from '../../core/client/authorization-response.ts'
import { checkEndpoint } from '../../core/client/endpoint.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { checkAnswer } from '../../core/client/oauth-error.ts'
import { looseJson, send } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { UserAgent, Visit } from '../../core/client/seams/user-agent.ts'

const maxHops = 10

/** Nothing listens here. The user copies the address from the browser, which shows a page that fails to load. */
const defaultRedirectUri = 'http://127.0.0.1:53682/callback'

interface HeadlessOptions {
  /** Where the user pastes the redirect URI. */
  readonly input: NodeJS.ReadableStream
  readonly write: (text: string) => void
  readonly redirect_uri?: string | undefined
}

export class HeadlessUserAgent implements UserAgent {
  private readonly options: HeadlessOptions

  constructor(options: HeadlessOptions) {
    this.options = options
  }

  async begin(preferred: string | undefined): Promise<Visit> {
    const { options } = this
    return {
      redirect_uri: options.redirect_uri ?? preferred ?? defaultRedirectUri,
      go: async (pending, trace) => await followRedirects(pending, trace) ?? await askForCallback(pending, options),
      end: async () => {},
    }
  }
}

/** Returns the parameters of the authorization response, or undefined if the server shows a page to the user. */
export async function followRedirects(pending: PendingAuthorization, trace: Trace): Promise<URLSearchParams | undefined> {
  let url = pending.url
  for (let hop = 0; hop < maxHops; hop++) {
    const response = await send({ method: 'GET', url, headers: { accept: 'application/json' }, followsRedirects: false }, trace)
    // An OAuth error from the authorization endpoint is its answer. An error from a later page only means that the page
    // needs a browser.
    const isRefused = hop === 0 && response.status >= 400 && looseJson(response)['error'] !== undefined
    checkAnswer(authorizationIsGranted, !isRefused, response, trace)
    const location = response.headers.get('location')
    if (response.status < 300 || location === null) return undefined
    const callback = responseParameters(location, pending.redirect_uri)
    if (callback) return callback
    url = resolveRedirect(location, url, trace)
  }
  throw new ClientError(`the authorization server redirected more than ${maxHops} times`, exitCodes.refused, {
    remedy: 'Run the command with --trace to see where it redirects in a loop.',
  })
}

function resolveRedirect(location: string, base: string, trace: Trace): string {
  // checkEndpoint() also reports a location that is not a URL.
  if (!URL.canParse(location, base)) checkEndpoint(location, base, trace)
  const next = new URL(location, base)
  next.hash = ''
  checkEndpoint(next.href, base, trace)
  return next.href
}

async function askForCallback(pending: PendingAuthorization, { input, write }: HeadlessOptions): Promise<URLSearchParams> {
  write('Open this URL in a browser and decide there:')
  write(`\n  ${pending.url}\n`)
  write('The browser will end at an address that does not load. Paste that whole address here:')
  const lines = createInterface({ input })
  try {
    for await (const line of lines) {
      const callback = responseParameters(pastedUrl(line), pending.redirect_uri)
      if (callback && answers(callback, pending)) return callback
      write(`This is not the response to the URL above: it must begin with ${pending.redirect_uri}? and contain the same state. `
        + 'Paste it here:')
    }
  } finally {
    lines.close()
  }
  throw new ClientError('no address was pasted', exitCodes.authorizationNeeded, {
    remedy: 'Run the command again in a terminal, or leave out --headless if this machine has a browser.',
  })
}

/** The URL in a pasted line, without what terminals, editors and chat programs put around it. */
function pastedUrl(line: string): string {
  // Bracketed paste, then characters that nobody sees.
  const visible = line.replace(/\x1b\[20[01]~/g, '').replace(/[\p{Cc}\p{Cf}\p{Z}]/gu, '')
  return visible.replace(/^["'`<(\[]+|["'`>)\]]+$/g, '')
}
