/**
 * Signing in: the page, which is shown in place of a page that needs a user, and its form. Afterwards the browser repeats the
 * request that it came from, and every rule runs again. Nothing is kept in the meantime.
 */
import { comparableName, type User } from '../base/config/users.ts'
import { prefersHtml, redirect, type Reply, type Request } from '../base/http/message.ts'
import { networkOf } from '../base/http/network.ts'
import { Parameters } from '../base/http/parameters.ts'
import { sha256 } from '../base/protocol/crypto.ts'
import { OAuthError } from '../base/protocol/errors.ts'
import { parameterIsBounded } from '../base/rules/http.ts'
import { html, type Html } from '../base/ui/html.ts'
import { pageReply } from '../base/ui/page.ts'
import { notice } from '../base/ui/parts.ts'
import type { Context, SignInPrompt } from '../core/context/context.ts'
import { signInAttemptsAreBounded, userIsAuthenticated } from '../core/rules/user.ts'
import { endSession, findSession, startSession } from '../core/user/browser-session.ts'
import { csrfField, identifyBrowser, parseOwnForm } from '../core/user/browser.ts'
import { signInReason } from '../core/user/consent-page.ts'
import { readPageToReturnTo, readReturnTo } from '../core/user/return-to.ts'

/** Attempts within 15 minutes. A successful one resets the count of its user name. */
const maxAttempts = { name: 10, address: 100 } as const

/** In characters. No user name in the users file is longer. */
const maxUsernameLength = 256
const maxPasswordLength = 1024

/** Shows the page, unless the user is signed in. */
export async function signInPage(request: Request, context: Context): Promise<Reply> {
  const return_to = readPageToReturnTo(new Parameters(request.query, context), context)
  if (await findSession(request, context)) return redirect(302, context.config.basePath + return_to)
  return askToSignIn({ return_to }, request, context)
}

/** Handles the form: a user name and a password. Demo users need no password. */
export async function signIn(request: Request, context: Context): Promise<Reply> {
  const form = await parseOwnForm(request, await findSession(request, context), context)
  const return_to = readReturnTo(form, context)
  const [username, password] = [form.required('username'), form.get('password')]
  // Check the lengths first: an attacker can craft texts whose Unicode normalization takes quadratic time.
  context.check(parameterIsBounded, username.length <= maxUsernameLength, 'username', maxUsernameLength)
  context.check(parameterIsBounded, (password?.length ?? 0) <= maxPasswordLength, 'password', maxPasswordLength)
  try {
    const user = await authenticate(username, password, request, context)
    context.audit('signed in', { sub: user.sub })
    return redirect(303, context.config.basePath + return_to, await startSession(user, request, context))
  } catch (error) {
    const isWrong = error instanceof OAuthError && error.details.rule === userIsAuthenticated.id
    if (!isWrong || !prefersHtml(request)) throw error
    return askToSignIn({ return_to, reason: await reasonFor(return_to, context), username, failure: error }, request, context)
  }
}

/** Signs out. If `return_to` needs a user, it asks to sign in again. */
export async function signOut(request: Request, context: Context): Promise<Reply> {
  const signedIn = await findSession(request, context)
  const form = await parseOwnForm(request, signedIn, context)
  const location = context.config.basePath + readReturnTo(form, context)
  return redirect(303, location, signedIn && await endSession(signedIn, context))
}

/** The page, shown in place of one that needs a user. */
export async function askToSignIn(prompt: SignInPrompt, request: Request, context: Context): Promise<Reply> {
  const { config, users } = context
  const { browser, headers } = identifyBrowser(request, context)
  const signedIn = await findSession(request, context)
  const { failure } = prompt
  const fields = users.areForDemonstration ? demonstrationFields(users.list) : passwordFields(prompt)
  return pageReply(failure?.status ?? 200, 'Sign in', html`
${prompt.reason}
${failure && notice('bad', html`<p role="alert">The user name or the password is wrong. Check both and try again.</p>`)}
${users.list.length === 0 ? nobody : html`<form class="card" method="post" action="${config.basePath}/sign-in">
${csrfField(browser, signedIn, context)}
<input type="hidden" name="return_to" value="${prompt.return_to}">
${fields}
</form>`}`, { site: config, width: 'narrow', asksUser: true }, headers)
}

/** Why to sign in, if it is for a client. */
async function reasonFor(return_to: string, { store }: Context): Promise<Html | undefined> {
  const client_id = new URLSearchParams(return_to.split('?')[1]).get('client_id')
  const client = client_id === null ? undefined : await store.findClient(client_id)
  return client && signInReason(client)
}

async function authenticate(username: string, password: string | undefined, request: Request, context: Context): Promise<User> {
  const { store, users } = context
  if (users.areForDemonstration) {
    const user = users.list.find(user => user.username === username)
    context.check(userIsAuthenticated, user !== undefined)
    return user
  }
  const keys = { name: sha256(comparableName(username)), address: sha256(networkOf(request.remoteAddress)) }
  // Check the address first: a blocked address adds no more user names, so it cannot evict the counts of others.
  for (const kind of ['address', 'name'] as const) {
    const { count, ends_at } = await store.countAttempt(kind, keys[kind])
    context.check(signInAttemptsAreBounded, count <= maxAttempts[kind], kind, Math.ceil(ends_at - context.now()))
  }
  context.check(signInAttemptsAreBounded, !users.isBusy, 'at once', 5)
  const user = await users.authenticate(username, password ?? '')
  context.check(userIsAuthenticated, user !== undefined)
  await store.forgetAttempts('name', keys.name)
  return user
}

const focus = html` autofocus`

function passwordFields({ username, failure }: SignInPrompt): Html {
  const invalid = failure && html` aria-invalid="true"`
  return html`<label class="field"><span>User name</span>
<input name="username" value="${username ?? ''}" autocomplete="username" autocapitalize="none" spellcheck="false"
required${invalid}${username ? undefined : focus}></label>
<label class="field"><span>Password</span>
<input type="password" name="password" autocomplete="current-password" required${invalid}${username ? focus : undefined}></label>
<div class="actions"><button class="primary">Sign in</button></div>`
}

function demonstrationFields(users: readonly User[]): Html {
  return html`<p>This is a demo server. Its users need no password. Choose one:</p>
<div class="people">${users.map(({ username, name, email }) => html`
<button name="username" value="${username}">Sign in as ${name} <small class="muted">${email}</small></button>`)}
</div>`
}

const nobody = notice('warning', html`<p><strong>Nobody can sign in, because this server has no users.</strong></p>
<p>To add users, set <code>OAUTH_USERS_FILE</code> to a file of users, with passwords hashed by <code>bin/hash-password</code>. To
try the server with two demo users, set <code>DEBUG=true</code>. Then restart the server.</p>`)
