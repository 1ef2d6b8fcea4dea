/** Reads the body of a request, once, as text. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { bodyIsBounded, bodyIsUtf8 } from '../rules/http.ts'
import type { Checker } from '../rules/rule.ts'

/** The other side went away before its request was complete: there is nobody to answer. */
export class AbortedRequest extends Error {}

/** Reads at most `limit` bytes; a body that is announced to be larger, or turns out to be, is refused. */
export async function readBody(incoming: IncomingMessage, limit: number, checker: Checker): Promise<string> {
  const chunks: Buffer[] = []
  let size = Number(incoming.headers['content-length'] ?? 0)
  checker.check(bodyIsBounded, size <= limit, size, limit)
  size = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) break
      chunks.push(chunk)
    }
  } catch {
    throw new AbortedRequest()
  }
  checker.check(bodyIsBounded, size <= limit, size, limit)
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  checker.check(bodyIsUtf8, isUtf8(bytes))
  return bytes.toString()
}
