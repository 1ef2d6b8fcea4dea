/**
 * Authorization without a browser on this machine: by following redirects, where the server asks the user nothing,
 * else by printing the URL and reading the redirect URI with the answer that the user pastes.
 */
import { createInterface } from 'node:readline/promises'
import { redirectUriProblem } from '../../base/protocol/redirect-uri.ts'
import { authorizationIsGranted } from '../../core/rules/client.ts'
import { answers, type PendingAuthorization } from '../../core/client/authorization-request.ts'
import { checkEndpoint } from '../../core/client/endpoint.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { checkAnswer, looseJson, send } from '../../core/client/wire/http.ts'
import type { Trace } from '../../core/client/wire/trace.ts'
import type { UserAgent, Visit } from '../../core/client/user-agent.ts'

const maxHops = 10

/** Nothing listens there: the user copies the URL from the address bar of a page that does not load. */
const defaultRedirectUri = 'http://127.0.0.1:53682/callback'

interface HeadlessOptions {
  /** Where the user pastes the redirect URI. */
  readonly input: NodeJS.ReadableStream
  readonly write: (text: string) => void
  readonly redirect_uri?: string
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

/** The parameters of the answer when redirects alone lead to it; undefined when the server shows a page. */
export async function followRedirects(pending: PendingAuthorization, trace: Trace): Promise<URLSearchParams | undefined> {
  let url = pending.url
  for (let hop = 0; hop < maxHops; hop++) {
    const response = await send({ method: 'GET', url, headers: { accept: 'application/json' } }, trace)
    // Pages that refuse a visitor without cookies or a browser are for the user; an OAuth error is an answer.
    const refused = response.status >= 400 && hop === 0 && looseJson(response)['error'] !== undefined
    checkAnswer(authorizationIsGranted, !refused, response, trace)
    const location = response.headers.get('location')
    if (response.status < 300 || location === null) return undefined
    const callback = callbackParameters(location, pending.redirect_uri)
    if (callback) return callback
    if (!URL.canParse(location, url)) checkEndpoint(location, url, trace)
    const next = new URL(location, url)
    next.hash = ''
    checkEndpoint(next.href, url, trace)
    url = next.href
  }
  throw new ClientError(`the authorization server redirected more than ${maxHops} times`, exitCodes.refused)
}

/** The query of a URL that is the redirect URI, or undefined where it is another. */
export function callbackParameters(url: string, redirect_uri: string): URLSearchParams | undefined {
  const begins = url.startsWith(redirect_uri) && /^[?&]/.test(url.slice(redirect_uri.length))
  if (!begins || redirectUriProblem(url) !== undefined) return undefined
  return new URLSearchParams(url.slice(redirect_uri.length + 1))
}

async function askForCallback(pending: PendingAuthorization, { input, write }: HeadlessOptions): Promise<URLSearchParams> {
  write('Open this URL in a browser and decide there:')
  write(`\n  ${pending.url}\n`)
  write('The browser will end at an address that does not load. Paste that whole address here:')
  const lines = createInterface({ input })
  try {
    for await (const line of lines) {
      const callback = callbackParameters(line.trim(), pending.redirect_uri)
      if (callback && answers(callback, pending)) return callback
      write(`That is not the answer to this request. It begins with ${pending.redirect_uri}? and carries the state of `
        + 'this attempt. Paste it here:')
    }
  } finally {
    lines.close()
  }
  throw new ClientError('no redirect URI with an answer was pasted', exitCodes.authorizationNeeded, {
    remedy: 'Run the command again at a terminal, or without --headless where there is a browser.',
  })
}
