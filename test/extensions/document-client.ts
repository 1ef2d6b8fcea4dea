import assert from 'node:assert/strict'
import { DocumentError } from '../../src/base/http/document-error.ts'
import type { FetchDocument, FetchedDocument } from '../../src/base/http/fetch-document.ts'
import { startDocumentServer, type DocumentServer } from '../document-server.ts'
import {
  assertRefused, redirect_uri, requestToken, startServer, type Members, type TestContext, type TestServer,
} from '../harness.ts'

export const day = 86_400

export const client_id = 'https://app.example.com/oauth/client.json'

export const client = { client_id }

/** A document of that URL that is valid but for `changes`; an undefined member is left out. */
export function documentOf(url: string, changes: Members = {}): Members {
  return { client_id: url, client_name: 'Example', redirect_uris: [redirect_uri], ...changes }
}

/** What stands behind every URL, and who asked for it. */
export interface Fetcher {
  document: Members | string
  changes: Partial<FetchedDocument>
  error: DocumentError | undefined
  readonly urls: string[]
  readonly fetchDocument: FetchDocument
}

export function fetcher(document: Members | string = documentOf(client_id), changes: Partial<FetchedDocument> = {}): Fetcher {
  const state: Fetcher = {
    document, changes, error: undefined, urls: [],
    async fetchDocument(url) {
      state.urls.push(url)
      if (state.error) throw state.error
      const body = typeof state.document === 'string' ? state.document : JSON.stringify(state.document)
      return { contentType: 'application/json', lifetime: undefined, body, ...state.changes }
    },
  }
  return state
}

export async function startWith(t: TestContext, state: Fetcher, env: Record<string, string> = {}): Promise<TestServer> {
  return startServer(t, env, { fetchDocument: state.fetchDocument })
}

/** An authorization server and the web server of a client, both on loopback, with the development switch. */
export async function startBoth(t: TestContext, env: Record<string, string> = {}): Promise<{ server: TestServer; documents: DocumentServer }> {
  const documents = await startDocumentServer(t)
  return { server: await startServer(t, { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true', ...env }), documents }
}

/** Asserts that the authorization request ends on a page of this server, by the rule, and goes nowhere. */
export async function assertRefusedOnPage(response: Response, rule: string, error = 'invalid_client', status = 400): Promise<Members> {
  assert.equal(response.headers.get('location'), null)
  return assertRefused(response, rule, error, status)
}

/** Asserts that the token endpoint takes the client_id for that of no client, by the rule. */
export async function assertUnknown(server: TestServer, client_id: string, rule: string): Promise<void> {
  const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id })
  await assertRefused(response, rule, 'invalid_client', 400)
}
