/** private_key_jwt: client authentication with a JWT that the client signs with its private key (RFC 7523 section 2.2). */
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import { isJsonType } from '../base/http/message.ts'
import type { Parameters } from '../base/http/parameters.ts'
import { sha256 } from '../base/protocol/crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import { decodeJws, isPrivateKey, thumbprint, verifiesJws, type DecodedJws } from '../base/protocol/jws.ts'
import { oneTimeUseCanBeRemembered } from '../base/rules/http.ts'
import type { Client, ClientMetadata } from '../base/store/records.ts'
import type { ClientAuthenticationMethod, Context, PresentedCredential } from '../core/context/context.ts'
import { readText } from '../core/oauth/client-metadata.ts'
import { clientMetadataIsTyped } from '../core/rules/registration.ts'
import { documentUrlProblem, readDocument } from './document.ts'
import {
  clientAssertionIsAJwt, clientAssertionIsForUs, clientAssertionIsFresh, clientAssertionIsUnused, clientAssertionNamesClient,
  clientAssertionSignatureVerifies, clientAssertionTypeIsJwt, clientKeysAreAvailable, clientKeysAreSent,
} from './rules/client-assertion.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const maxLifetime = 600
const clockSkew = 30
const maxKeys = 10
/** A fetched key set in bytes, a registered one in characters. */
const keySetSizeLimit = 16_384
const maxKeySetLength = 8192

/** The entry in `Extensions.clientAuthentication`. */
export const privateKeyJwt: ClientAuthenticationMethod = { method: 'private_key_jwt', read: readAssertion, readMetadata: readKeys }

/** Parses the assertion and the client_id in it. The keys of that client verify its signature later. */
function readAssertion(credential: string, form: Parameters, context: Context): PresentedCredential {
  const type = form.get('client_assertion_type')
  context.check(clientAssertionTypeIsJwt, type === assertionType, type, assertionType)
  const assertion = decodeJws(credential)
  context.check(clientAssertionIsAJwt, assertion !== undefined)
  const { iss, sub } = assertion.claims
  const client_id = form.get('client_id')
  const namesOneClient = typeof sub === 'string' && iss === sub && (client_id ?? sub) === sub
  context.check(clientAssertionNamesClient, namesOneClient, iss, client_id ?? sub)
  return { client_id: sub, verify: (client, context) => verifyAssertion(assertion, client, context) }
}

/** RFC 7523 section 3, in its order. The assertion is marked as used only after all other checks. */
async function verifyAssertion(assertion: DecodedJws, client: Client, context: Context): Promise<void> {
  const { config, store } = context
  const keys = await findKeys(client, assertion.header['kid'], context)
  context.check(clientAssertionSignatureVerifies, keys.some(key => verifiesJws(assertion, key)))
  const { aud, exp, nbf = 0, iat = 0, jti } = assertion.claims
  const audiences = [config.issuer, `${config.issuer}/oauth/token`]
  const [audience, ...more] = [aud].flat()
  context.check(clientAssertionIsForUs, more.length === 0 && audiences.includes(audience as string), aud, audiences)
  const now = context.now()
  const expiresSoon = typeof exp === 'number' && exp > now - clockSkew && exp <= now + maxLifetime + clockSkew
  const isFromThePast = [nbf, iat].every(time => typeof time === 'number' && time <= now + clockSkew)
  context.check(clientAssertionIsFresh, expiresSoon && isFromThePast, exp, now)
  context.check(clientAssertionIsUnused, typeof jti === 'string' && jti !== '', jti)
  const outcome = await store.useOnce('assertion', sha256(`${client.client_id} ${jti}`), client.client_id)
  context.check(oneTimeUseCanBeRemembered, outcome !== 'full')
  context.check(clientAssertionIsUnused, outcome === 'first', jti)
}

/** The keys that may verify the signature: those that match `kid`, or all if the assertion has none. */
async function findKeys({ metadata }: Client, kid: unknown, context: Context): Promise<readonly JsonObject[]> {
  const { jwks, jwks_uri } = metadata
  const matchesKid = (key: JsonObject): boolean => kid === undefined || key['kid'] === undefined || key['kid'] === kid
  const keys = jwks_uri === undefined ? jwks?.keys ?? [] : await readDocument(jwks_uri, {
    sizeLimit: keySetSizeLimit, rule: clientKeysAreAvailable, read: document => readKeySet(document, context),
    // OpenID Connect Core 1.0 section 10.1.1: an unknown kid means that the client has rotated its keys.
    isCurrent: cached => cached.some(matchesKid),
  }, context)
  return keys.filter(matchesKid).slice(0, maxKeys)
}

function readKeySet({ contentType, body }: FetchedDocument, context: Context): readonly JsonObject[] {
  context.check(clientKeysAreAvailable, isJsonType(contentType), `their Content-Type is ${contentType || 'missing'}`)
  const parsed = parseJson(body)
  const keys = 'value' in parsed && isJsonObject(parsed.value) ? parsed.value['keys'] : undefined
  context.check(clientKeysAreAvailable, Array.isArray(keys), 'the document is not a key set')
  return keys.filter(isJsonObject)
}

/** RFC 7591 section 2: the public keys, by value or by reference but not both. They are dropped unless they are `needed`. */
function readKeys(body: JsonObject, needed: boolean, context: Context): Partial<ClientMetadata> {
  if (!needed) return {}
  const { jwks } = body
  const jwks_uri = readText(body, 'jwks_uri', context)
  const sent = [jwks, jwks_uri].filter(keys => keys !== undefined).length
  context.check(clientKeysAreSent, sent === 1)
  if (jwks_uri !== undefined) {
    const problem = documentUrlProblem(jwks_uri, context)
    context.check(clientMetadataIsTyped, problem === undefined, 'jwks_uri', `an https URL, but ${problem}`)
    return { jwks_uri }
  }
  const keys = isJsonObject(jwks) && Array.isArray(jwks['keys']) ? jwks['keys'] as unknown[] : []
  const arePublic = keys.every(key => isJsonObject(key) && !isPrivateKey(key) && thumbprint(key) !== undefined)
  const isBounded = keys.length > 0 && JSON.stringify(keys).length <= maxKeySetLength
  context.check(clientMetadataIsTyped, isBounded && arePublic, 'jwks', 'a set of public keys')
  return { jwks: { keys: keys as JsonObject[] } }
}
