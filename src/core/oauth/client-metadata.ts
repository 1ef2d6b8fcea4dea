/** Validates client metadata (RFC 7591 section 2). */
import type { JsonObject } from '../../base/protocol/json.ts'
import { isLoopbackRedirectUri, redirectUriProblem } from '../../base/protocol/redirect-uri.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import type { Checker } from '../../base/rules/rule.ts'
import type { ClientMetadata } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import {
  authenticationMethodIsSupported, clientCredentialsAreConfidential, clientMetadataIsTyped, grantTypesAreSupported,
  grantTypesFitResponseTypes, redirectUriFitsApplicationType, redirectUriIsSafe, redirectUrisAreSent, responseTypesAreSupported,
} from '../rules/registration.ts'
import { authenticationMethods } from './client-authentication.ts'
import { selectScopes, supportedScopes } from './server-scope.ts'

/** RFC 7591 section 2 has authorization_code as the default. Clients that omit grant_types expect refresh tokens as well. */
const defaultGrantTypes = ['authorization_code', 'refresh_token']
const maxTextLength = 1024
/** Of any list. */
const maxItems = 20
/** In characters, for all redirect URIs together. Anybody can register, so a registration must stay small. */
const maxRedirectUrisLength = 8192
/** RFC 5321 section 4.5.3.1: a local part of 64 characters, an @ and a domain of 255. */
const maxContactLength = 320

/**
 * RFC 7591 section 3.2.1: the server may register less than the client sent. What would only trip the client is dropped: what
 * this server does not support beside what it does, and descriptions that it cannot use. What protects somebody is checked.
 */
export function readClientMetadata(body: JsonObject, context: Context): ClientMetadata {
  const authentication = readAuthentication(body, context)
  const grant_types = readGrantTypes(body, authentication.token_endpoint_auth_method === 'none', context)
  const usesCode = grant_types.includes('authorization_code')
  const response_types = readResponseTypes(body, usesCode, context)
  context.check(grantTypesFitResponseTypes, usesCode === response_types.includes('code'), grant_types, response_types)
  const needsRedirect = usesCode || readItems(body['redirect_uris']) !== undefined
  return {
    redirect_uris: needsRedirect ? readRedirectUris(body, context) : [],
    ...authentication,
    grant_types,
    response_types,
    ...readScope(body, context),
    ...readDescription(body, context),
  }
}

function readGrantTypes(body: JsonObject, isPublic: boolean, context: Context): readonly string[] {
  const named = readList(body, 'grant_types', context) ?? defaultGrantTypes
  const supported = named.filter(type => context.grants.has(type))
  context.check(grantTypesAreSupported, supported.length > 0, named, [...context.grants.keys()])
  const usable = supported.filter(type => !isPublic || type !== 'client_credentials')
  context.check(clientCredentialsAreConfidential, usable.length > 0)
  return usable
}

function readResponseTypes(body: JsonObject, usesCode: boolean, checker: Checker): readonly string[] {
  const named = readList(body, 'response_types', checker)
  if (named === undefined) return usesCode ? ['code'] : []
  const supported = named.filter(type => type === 'code')
  checker.check(responseTypesAreSupported, supported.length > 0 || !usesCode, named)
  return supported
}

/** Redirect URIs are validated as raw text (see `redirect-uri.ts`). */
function readRedirectUris(body: JsonObject, checker: Checker): readonly string[] {
  const redirect_uris = readItems(body['redirect_uris'])
  const isList = isStringList(redirect_uris) && redirect_uris.length <= maxItems
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
  const dpop = body['dpop_bound_access_tokens']
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

/** The registered scope limits what can be granted. A client that names only foreign scopes gets all (RFC 7591 section 2). */
function readScope(body: JsonObject, checker: Checker): { scope?: string } {
  const scope = readText(body, 'scope', checker)
  if (scope === undefined) return {}
  const { scopes } = selectScopes(scope)
  return { scope: formatScope(scopes.length > 0 ? scopes : supportedScopes) }
}

/** The metadata that describes the client to people. None of the URLs is ever fetched. */
function readDescription(body: JsonObject, checker: Checker): Partial<ClientMetadata> {
  const description: Record<string, unknown> = {}
  for (const name of ['client_name', 'software_id', 'software_version']) {
    if (isText(body[name])) description[name] = body[name]
  }
  for (const name of ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri']) {
    const uri = body[name]
    if (!isText(uri)) continue
    // RFC 7591 section 5: such a URL would run wherever the client is shown.
    checker.check(clientMetadataIsTyped, !/^(?:javascript|data|vbscript|blob|file):/i.test(uri), name, 'an http or https URL')
    if (/^https?:\/\/[\x21-\x7e]+$/i.test(uri) && URL.canParse(uri)) description[name] = uri
  }
  const contacts = readItems(body['contacts'])
  const usable = Array.isArray(contacts) ? contacts.filter(item => isText(item) && item.length <= maxContactLength) : []
  if (usable.length > 0) description['contacts'] = usable.slice(0, maxItems)
  const { application_type } = body
  if (application_type === 'native' || application_type === 'web') description['application_type'] = application_type
  return description
}

export function readText(body: JsonObject, name: string, checker: Checker): string | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  checker.check(clientMetadataIsTyped, isText(value), name, `a string of at most ${maxTextLength} characters`)
  return value
}

function readList(body: JsonObject, name: string, checker: Checker): readonly string[] | undefined {
  const value = readItems(body[name])
  if (value === undefined) return undefined
  const fits = isStringList(value) && value.length <= maxItems && value.every(isText)
  checker.check(clientMetadataIsTyped, fits, name, `an array of at most ${maxItems} short strings`)
  return [...new Set(value)]
}

/** The items of a list that say something. A list without any counts as absent. */
function readItems(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  const items = value.filter(item => item !== null && item !== '') as unknown[]
  return items.length > 0 ? items : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTextLength
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
