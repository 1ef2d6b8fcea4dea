/** Validates client metadata (RFC 7591 section 2). */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { isLoopbackRedirectUri, redirectUriProblem } from '../../base/protocol/redirect-uri.ts'
import { formatScope } from '../../base/protocol/scope.ts'
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

/** RFC 7591 section 2 has authorization_code as the default. Clients that omit grant_types expect refresh tokens as well. */
const defaultGrantTypes = ['authorization_code', 'refresh_token']
const maxTextLength = 1024
const maxRedirectUris = 20
/** In characters, for all redirect URIs together. Anybody can register, so a registration must stay small. */
const maxRedirectUrisLength = 8192
/** RFC 5321 section 4.5.3.1: a local part of 64 characters, an @ and a domain of 255. */
const maxContactLength = 320

/** RFC 7591 section 2: unknown members are ignored. */
export function readClientMetadata(body: unknown, context: Context): ClientMetadata {
  context.check(clientMetadataIsAnObject, isJsonObject(body))
  const supported = [...context.grants.keys()]
  const grant_types = readList(body, 'grant_types', context) ?? defaultGrantTypes
  const unsupported = grant_types.find(type => !supported.includes(type))
  context.check(grantTypesAreSupported, unsupported === undefined, unsupported, supported)
  const usesCode = grant_types.includes('authorization_code')
  const response_types = readList(body, 'response_types', context) ?? (usesCode ? ['code'] : [])
  const notCode = response_types.find(type => type !== 'code')
  context.check(responseTypesAreSupported, notCode === undefined, notCode)
  context.check(grantTypesFitResponseTypes, usesCode === response_types.includes('code'), grant_types, response_types)

  const authentication = readAuthentication(body, context)
  const canAuthenticate = authentication.token_endpoint_auth_method !== 'none'
  context.check(clientCredentialsAreConfidential, canAuthenticate || !grant_types.includes('client_credentials'))
  const needsRedirect = usesCode || body['redirect_uris'] !== undefined
  return {
    redirect_uris: needsRedirect ? readRedirectUris(body, context) : [],
    ...authentication,
    grant_types,
    response_types,
    ...readScope(body, context),
    ...readDescription(body, context),
  }
}

/** Redirect URIs are validated as raw text (see `redirect-uri.ts`). */
function readRedirectUris(body: JsonObject, checker: Checker): readonly string[] {
  const redirect_uris = body['redirect_uris']
  const isList = isStringList(redirect_uris) && redirect_uris.length > 0 && redirect_uris.length <= maxRedirectUris
  checker.check(redirectUrisAreSent, isList && redirect_uris.join('').length <= maxRedirectUrisLength)
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

/** The authentication method of the client, with the metadata that belongs to it. */
function readAuthentication(body: JsonObject, context: Context): Partial<ClientMetadata> {
  const dpop = body['dpop_bound_access_tokens'] ?? undefined
  const isTyped = dpop === undefined || typeof dpop === 'boolean'
  context.check(clientMetadataIsTyped, isTyped, 'dpop_bound_access_tokens', 'true or false')
  const bound = dpop === undefined ? {} : { dpop_bound_access_tokens: dpop }
  const named = readText(body, 'token_endpoint_auth_method', context)
  const supported = authenticationMethods(context)
  const method = supported.find(method => method === named)
  context.check(authenticationMethodIsSupported, method !== undefined || named === undefined, named, supported)
  const extensions = [...context.clientAuthentication.values()]
  const added = extensions.map(extension => extension.readMetadata(body, extension.method === method, context))
  return Object.assign(method === undefined ? {} : { token_endpoint_auth_method: method }, ...added, bound)
}

/** The registered scope limits what can be granted. Scopes that this server does not have are dropped. */
function readScope(body: JsonObject, checker: Checker): { scope?: string } {
  const scope = readText(body, 'scope', checker)
  const { scopes } = selectScopes(scope)
  const supported = scopes.filter(scope => supportedScopes.includes(scope))
  checker.check(scopeCanBeRegistered, supported.length > 0 || scopes.length === 0, scope, supportedScopes)
  return supported.length > 0 ? { scope: formatScope(supported) } : {}
}

/** The metadata that describes the client to people. None of the URLs is ever fetched. */
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

/** RFC 7591 section 5: a javascript or data URL would run wherever the client is shown. */
function isWebUrl(text: string): boolean {
  return /^https?:\/\/[\x21-\x7e]+$/i.test(text) && URL.canParse(text)
}
