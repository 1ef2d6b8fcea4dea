/** Client metadata: what a client says of itself (RFC 7591 section 2), validated. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { isLoopbackRedirectUri, redirectUriProblem } from '../../base/protocol/redirect-uri.ts'
import { formatScope, parseScope } from '../../base/protocol/scope.ts'
import type { Checker } from '../../base/rules/rule.ts'
import type { ClientMetadata } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import {
  authenticationMethodIsSupported, clientCredentialsAreConfidential, clientMetadataIsAnObject,
  clientMetadataIsTyped, grantTypesAreSupported, grantTypesFitResponseTypes, redirectUriFitsApplicationType,
  redirectUriIsSafe, redirectUrisAreSent, responseTypesAreSupported, scopeCanBeRegistered,
} from '../rules/registration.ts'
import { authenticationMethods } from './client-authentication.ts'
import { selectScopes, supportedScopes } from './server-scope.ts'

/** What a client gets that names no grant types (it would have no use for a code alone, RFC 7591 section 2). */
const defaultGrantTypes = ['authorization_code', 'refresh_token']
const maxTextLength = 1024
const maxRedirectUris = 20
/** In characters, for all redirect URIs together: a registration is kept before anybody has approved it. */
const maxRedirectUrisLength = 8192
/** RFC 5321 section 4.5.3.1: a local part of 64, an @ and a domain of 255. */
const maxContactLength = 320

/** Reads client metadata. Members that this server does not know are ignored, as RFC 7591 section 2 asks. */
export function readClientMetadata(body: unknown, context: Context): ClientMetadata {
  const checker: Checker = context
  checker.check(clientMetadataIsAnObject, isJsonObject(body))
  const supported = [...context.grants.keys()]
  const grant_types = readList(body, 'grant_types', checker) ?? defaultGrantTypes
  const unsupported = grant_types.find(type => !supported.includes(type))
  checker.check(grantTypesAreSupported, unsupported === undefined, unsupported, supported)
  const response_types = readList(body, 'response_types', checker)
    ?? (grant_types.includes('authorization_code') ? ['code'] : [])
  const foreign = response_types.find(type => type !== 'code')
  checker.check(responseTypesAreSupported, foreign === undefined, foreign)
  const fit = grant_types.includes('authorization_code') === response_types.includes('code')
  checker.check(grantTypesFitResponseTypes, fit, grant_types, response_types)

  const authentication = readAuthentication(body, context)
  const canAuthenticate = authentication.token_endpoint_auth_method !== 'none'
  checker.check(clientCredentialsAreConfidential, canAuthenticate || !grant_types.includes('client_credentials'))
  const needsRedirect = grant_types.includes('authorization_code') || body['redirect_uris'] !== undefined
  return {
    redirect_uris: needsRedirect ? readRedirectUris(body, checker) : [],
    ...authentication,
    grant_types,
    response_types,
    ...readScope(body, checker),
    ...readDescription(body, checker),
  }
}

/** A redirect URI is judged on its raw text; see `redirect-uri.ts`. */
function readRedirectUris(body: JsonObject, checker: Checker): readonly string[] {
  const redirect_uris = body['redirect_uris']
  const sent = isStringList(redirect_uris) && redirect_uris.length > 0 && redirect_uris.length <= maxRedirectUris
    && redirect_uris.join('').length <= maxRedirectUrisLength
  checker.check(redirectUrisAreSent, sent)
  for (const uri of redirect_uris) {
    const problem = redirectUriProblem(uri)
    checker.check(redirectUriIsSafe, problem === undefined, uri, problem)
    const fits = body['application_type'] !== 'web' || (/^https:/i.test(uri) && !isLoopbackHttps(uri))
    checker.check(redirectUriFitsApplicationType, fits, uri)
  }
  return redirect_uris
}

function isLoopbackHttps(uri: string): boolean {
  return isLoopbackRedirectUri(uri.toLowerCase().replace(/^https/, 'http'))
}

/** How the client will authenticate, with what its method needs. */
function readAuthentication(body: JsonObject, context: Context): Partial<ClientMetadata> {
  const dpop = body['dpop_bound_access_tokens'] ?? undefined
  const isTyped = dpop === undefined || typeof dpop === 'boolean'
  context.check(clientMetadataIsTyped, isTyped, 'dpop_bound_access_tokens', 'true or false')
  const bound = dpop === undefined ? {} : { dpop_bound_access_tokens: dpop }
  const named = readText(body, 'token_endpoint_auth_method', context)
  const supported = authenticationMethods(context)
  const method = supported.find(method => method === named)
  context.check(authenticationMethodIsSupported, method !== undefined || named === undefined, named, supported)
  const needed = [...context.clientAuthentication.values()].map(entry => entry.readMetadata(body, entry.method === method, context))
  return Object.assign(method === undefined ? {} : { token_endpoint_auth_method: method }, ...needed, bound)
}

/** The registered scope bounds what can be granted; what this server does not have is left out of it. */
function readScope(body: JsonObject, checker: Checker): { scope?: string } {
  const text = readText(body, 'scope', checker)
  const requested = selectScopes(parseScope(text ?? '') ?? [text ?? '']).scopes
  const scopes = requested.filter(scope => supportedScopes.includes(scope))
  checker.check(scopeCanBeRegistered, scopes.length > 0 || requested.length === 0, text, supportedScopes)
  return scopes.length > 0 ? { scope: formatScope(scopes) } : {}
}

/** What describes the client to people. None of the URLs is ever fetched. */
function readDescription(body: JsonObject, checker: Checker): Partial<ClientMetadata> {
  const description: Record<string, unknown> = {}
  for (const name of ['client_name', 'software_id', 'software_version']) {
    description[name] = readText(body, name, checker)
  }
  for (const name of ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri']) {
    const uri = readText(body, name, checker)
    checker.check(clientMetadataIsTyped, uri === undefined || isWebUrl(uri), name, 'an http or https URL')
    description[name] = uri
  }
  description['contacts'] = readList(body, 'contacts', checker, maxContactLength)
  const application_type = readText(body, 'application_type', checker)
  const known = application_type === undefined || application_type === 'native' || application_type === 'web'
  checker.check(clientMetadataIsTyped, known, 'application_type', 'native or web')
  description['application_type'] = application_type
  return Object.fromEntries(Object.entries(description).filter(([, value]) => value !== undefined))
}

export function readText(body: JsonObject, name: string, checker: Checker): string | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  const fits = typeof value === 'string' && value.length <= maxTextLength
  checker.check(clientMetadataIsTyped, fits, name, `a string of at most ${maxTextLength} characters`)
  return value
}

function readList(body: JsonObject, name: string, checker: Checker, limit = maxTextLength): readonly string[] | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  const fits = isStringList(value) && value.length <= 20 && value.every(item => item.length <= limit)
  checker.check(clientMetadataIsTyped, fits, name, 'an array of at most 20 short strings')
  return [...new Set(value)]
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

/** RFC 7591 section 5: a script or data URL here would be run where the client is shown. */
function isWebUrl(text: string): boolean {
  return /^https?:\/\/[\x21-\x7e]+$/i.test(text) && URL.canParse(text)
}
