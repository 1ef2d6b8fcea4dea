/**
 * The authorization endpoint (RFC 6749 section 3.1 and section 4.1, OAuth 2.1 section 4.1).
 *
 * Errors are shown to the user until the redirect URI is known to belong to the client. From then on they are returned to
 * the client, in the redirect.
 */
import { redirect, type Reply, type Request } from '../../base/http/message.ts'
import { Parameters } from '../../base/http/parameters.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import { isThumbprint } from '../../base/protocol/jws.ts'
import { isCodeChallengeS256 } from '../../base/protocol/pkce.ts'
import { isLoopbackRedirectUri, redirectHost } from '../../base/protocol/redirect-uri.ts'
import { methodIsAllowed, parameterIsBounded } from '../../base/rules/http.ts'
import type { Client, RequestedGrant } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import {
  clientIsRegistered, clientMayUseCodeGrant, codeChallengeIsSent, codeChallengeIsWellFormed, codeChallengeMethodIsS256,
  consentIsGiven, dpopJktIsAThumbprint, promptNoneStandsAlone, redirectUriIsClear, requestObjectIsNotUsed, responseTypeIsCode,
  userIsSignedIn,
} from '../rules/authorization.ts'
import { findSession } from '../user/browser-session.ts'
import { signInReason } from '../user/consent-page.ts'
import { askForConsent } from '../user/consent.ts'
import { consentApplies } from '../user/remembered-consent.ts'
import { readPrompts, returnToRequest } from '../user/return-to.ts'
import { checkRedirectUri, errorLocation, issueCode } from './authorization-response.ts'
import { findClient } from './find-client.ts'
import { readResource } from './resource.ts'
import { grantableScope } from './server-scope.ts'

const maxStateLength = 4096

export async function authorize(request: Request, context: Context): Promise<Reply> {
  // HEAD must change nothing (RFC 9110 section 9.2.1), but issuing a code does.
  context.check(methodIsAllowed, request.method === 'GET', request.method, 'GET')
  const query = new Parameters(request.query, context)
  query.checkNotRepeated('client_id', 'redirect_uri')
  const client = await readClient(query, context)
  const redirect_uri = readRedirectUri(query, client, context)
  try {
    const requested = readRequest(query, client, redirect_uri, context)
    // OAUTH_AUTO_APPROVE: the first user approves every request, unless the code would leave this machine.
    const [approver] = context.users.list
    if (context.config.autoApprove && approver && isLoopbackRedirectUri(redirect_uri)) {
      return redirect(302, await issueCode(requested, approver.sub, context))
    }
    return await askUser(requested, client, query, request, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    // A repeated state is ambiguous, so it is not returned.
    const state = query.repeated.has('state') ? undefined : query.get('state')
    return redirect(302, errorLocation(redirect_uri, state, error, context))
  }
}

/** Asks the user to sign in and to consent where needed, if `prompt` allows it (OpenID Connect Core 1.0 section 3.1.2.1). */
async function askUser(
  requested: RequestedGrant, client: Client, query: Parameters, request: Request, context: Context,
): Promise<Reply> {
  const prompts = readPrompts(query.get('prompt'))
  const mayAsk = !prompts.includes('none')
  context.check(promptNoneStandsAlone, mayAsk || prompts.length === 1, prompts.find(prompt => prompt !== 'none'))
  const signedIn = await findSession(request, context)
  context.check(userIsSignedIn, signedIn !== undefined || mayAsk)
  if (!signedIn || prompts.includes('login') || prompts.includes('select_account')) {
    const prompt = { return_to: returnToRequest(request), reason: signInReason(client), username: query.get('login_hint') }
    return context.askToSignIn(prompt, request, context)
  }
  const earlier = await context.store.findConsent(signedIn.user.sub, client.client_id, redirectHost(requested.redirect_uri))
  const hasConsent = earlier !== undefined && !prompts.includes('consent') && consentApplies(earlier, requested, request)
  if (hasConsent) return redirect(302, await issueCode(requested, signedIn.user.sub, context))
  context.check(consentIsGiven, mayAsk)
  return askForConsent(requested, client, signedIn, earlier, request, context)
}

async function readClient(query: Parameters, context: Context): Promise<Client> {
  const client_id = query.required('client_id')
  const client = await findClient(client_id, context)
  context.check(clientIsRegistered, client !== undefined, client_id)
  return client
}

function readRedirectUri(query: Parameters, client: Client, context: Context): string {
  const registered = client.metadata.redirect_uris
  const sent = query.get('redirect_uri')
  if (sent === undefined) {
    context.check(redirectUriIsClear, registered.length === 1)
    return registered[0]!
  }
  checkRedirectUri(sent, registered, context)
  return sent
}

function readRequest(query: Parameters, client: Client, redirect_uri: string, context: Context): RequestedGrant {
  query.checkNotRepeated()
  const requestObject = query.get('request') ?? query.get('request_uri')
  context.check(requestObjectIsNotUsed, requestObject === undefined)
  const response_type = query.required('response_type')
  context.check(responseTypeIsCode, response_type === 'code', response_type)
  context.check(clientMayUseCodeGrant, client.metadata.grant_types.includes('authorization_code'))

  const code_challenge = query.get('code_challenge')
  context.check(codeChallengeIsSent, code_challenge !== undefined)
  const method = query.get('code_challenge_method')
  context.check(codeChallengeMethodIsS256, method === 'S256', method ?? 'absent, which means plain', 'S256')
  context.check(codeChallengeIsWellFormed, isCodeChallengeS256(code_challenge), code_challenge.length)

  const state = query.get('state')
  context.check(parameterIsBounded, (state?.length ?? 0) <= maxStateLength, 'state', maxStateLength)
  const dpop_jkt = query.get('dpop_jkt')
  context.check(dpopJktIsAThumbprint, dpop_jkt === undefined || isThumbprint(dpop_jkt), dpop_jkt?.length)
  return {
    client_id: client.client_id,
    redirect_uri,
    ...(state === undefined ? {} : { state }),
    code_challenge,
    scope: grantableScope(query.get('scope'), client.metadata.scope, context),
    resource: readResource(query, context.config, context),
    ...(dpop_jkt === undefined ? {} : { dpop_jkt }),
  }
}
