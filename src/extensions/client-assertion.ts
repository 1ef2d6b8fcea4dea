/** Client authentication by a JWT that the client signs with its private key: private_key_jwt (RFC 7523 section 2.2). */
import type { Context } from '../core/context/context.ts'
import { sha256 } from '../base/protocol/crypto.ts'
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import { isJsonType } from '../base/http/message.ts'
import {
  clientAssertionIsAJwt, clientAssertionIsForUs, clientAssertionIsFresh, clientAssertionIsUnused, clientAssertionNamesClient,
  clientAssertionSignatureVerifies, clientAssertionTypeIsJwt, clientKeysAreAvailable,
} from './rules/client-assertion.ts'
import { oneTimeUseCanBeRemembered } from '../base/rules/http.ts'
import type { Client } from '../base/store/records.ts'
import { readDocument } from './document.ts'
import { decodeJws, verifiesJws, type DecodedJws } from '../base/protocol/jws.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const maxLifetime = 600
const clockSkew = 30
const maxKeys = 10
const keySetSizeLimit = 16_384

/** An assertion whose client is named, but not yet verified. */
export interface ClientAssertion extends DecodedJws {
  readonly client_id: string
}

/** Reads the assertion and whom it speaks for, so that the client and its keys can be found. */
export function readClientAssertion(
  assertion: string, type: string | undefined, client_id: string | undefined, context: Context,
): ClientAssertion {
  context.check(clientAssertionTypeIsJwt, type === assertionType, type, assertionType)
  const decoded = decodeJws(assertion)
  context.check(clientAssertionIsAJwt, decoded !== undefined)
  const { iss, sub } = decoded.claims
  const same = typeof sub === 'string' && iss === sub && (client_id ?? sub) === sub
  context.check(clientAssertionNamesClient, same, iss, client_id ?? sub)
  return { ...decoded, client_id: sub }
}

/** RFC 7523 section 3, in its order; the assertion counts as used only when all of it holds. */
export async function verifyClientAssertion(assertion: ClientAssertion, client: Client, context: Context): Promise<void> {
  const { config, store } = context
  const keys = await findKeys(client, assertion.header['kid'], context)
  context.check(clientAssertionSignatureVerifies, keys.some(key => verifiesJws(assertion, key)))
  const { aud, exp, nbf = 0, iat = 0, jti } = assertion.claims
  const audiences = [config.issuer, `${config.issuer}/oauth/token`]
  const [audience, ...more] = [aud].flat()
  context.check(clientAssertionIsForUs, more.length === 0 && audiences.includes(audience as string), aud, audiences)
  const now = context.now()
  const ahead = typeof exp === 'number' && exp > now - clockSkew && exp <= now + maxLifetime + clockSkew
  const past = [nbf, iat].every(time => typeof time === 'number' && time <= now + clockSkew)
  context.check(clientAssertionIsFresh, ahead && past, exp, now)
  context.check(clientAssertionIsUnused, typeof jti === 'string' && jti !== '', jti)
  const outcome = await store.useOnce('assertion', sha256(`${client.client_id} ${jti}`), client.client_id)
  context.check(oneTimeUseCanBeRemembered, outcome !== 'full')
  context.check(clientAssertionIsUnused, outcome === 'first', jti)
}

/** The keys of the client that may have made a signature: the one that `kid` names, else all. */
async function findKeys({ metadata }: Client, kid: unknown, context: Context): Promise<readonly JsonObject[]> {
  const { jwks, jwks_uri } = metadata
  const mayBe = (key: JsonObject): boolean => kid === undefined || key['kid'] === undefined || key['kid'] === kid
  const keys = jwks_uri === undefined ? jwks?.keys ?? [] : await readDocument(jwks_uri, {
    sizeLimit: keySetSizeLimit, rule: clientKeysAreAvailable, read: document => readKeySet(document, context),
    // OpenID Connect Core 1.0 section 10.1.1: a kid that is new means that the client has changed its keys.
    serves: known => known.some(mayBe),
  }, context)
  return keys.filter(mayBe).slice(0, maxKeys)
}

function readKeySet({ contentType, body }: FetchedDocument, context: Context): readonly JsonObject[] {
  context.check(clientKeysAreAvailable, isJsonType(contentType), `their type is ${contentType || 'not given'}`)
  const parsed = parseJson(body)
  const keys = 'value' in parsed && isJsonObject(parsed.value) ? parsed.value['keys'] : undefined
  context.check(clientKeysAreAvailable, Array.isArray(keys), 'it is not a key set')
  return keys.filter(isJsonObject)
}
