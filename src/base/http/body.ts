/** Reads the body of a request, once, as text. */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { bodyIsBounded, bodyIsNotEncoded, bodyIsUtf8 } from '../rules/http.ts'
import type { Checker } from '../rules/rule.ts'

/** The peer disconnected before its request was complete, so there is nobody to answer. */
export class AbortedRequest extends Error {}

/**
 * Reads at most `limit` bytes. Refuses a body that is larger, or that Content-Length says is larger. `proceed` tells a client
 * that sent `Expect: 100-continue` to send the body (RFC 9110 section 10.1.1).
 */
export async function readBody(
  incoming: IncomingMessage, headers: IncomingHttpHeaders, limit: number, checker: Checker, proceed: (() => void) | undefined,
): Promise<string> {
  const { 'content-encoding': coding, 'content-type': type = '' } = headers
  checker.check(bodyIsNotEncoded, coding === undefined || coding.toLowerCase() === 'identity', coding)
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1]
  checker.check(bodyIsUtf8, charset === undefined || /^utf-?8$/i.test(charset))
  const declared = Number(headers['content-length'] ?? 0)
  checker.check(bodyIsBounded, declared <= limit, declared, limit)
  proceed?.()
  const bytes = await collect(incoming, limit)
  checker.check(bodyIsBounded, bytes !== undefined, `more than ${limit}`, limit)
  checker.check(bodyIsUtf8, isUtf8(bytes))
  return bytes.toString()
}

/** Returns the bytes of the body, or undefined as soon as there are more than `limit`. */
function collect(incoming: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else resolve(undefined)
    })
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.on('error', () => reject(new AbortedRequest()))
  })
}
