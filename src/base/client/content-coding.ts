/**
 * Undoes content codings (RFC 9110 section 8.4). The client asks for none, but some proxies compress every response. The
 * caller bounds what goes in and what comes out: a few kilobytes can inflate to gigabytes.
 */
import { pipeline, Readable, type Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

/** What was read so far is passed on at once, because a part of an event stream must not wait for the next one. */
const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }

/** By the name of the coding. `first` are the first bytes of the body. */
const decoders = new Map<string, (first: Buffer) => Transform>([
  ['gzip', () => createGunzip(flush)],
  ['x-gzip', () => createGunzip(flush)],
  // Some servers leave out the zlib wrapper, whose first byte names the method 8 (RFC 1950 section 2.2).
  ['deflate', first => (first[0]! & 0x0f) === 8 ? createInflate(flush) : createInflateRaw(flush)],
  ['br', () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH })],
])

/** More than a proxy behind a proxy would apply. */
const maxCodings = 2

/** The codings of a Content-Encoding header, in the order in which they were applied. */
export function contentCodings(header: string | null): readonly string[] {
  const names = (header ?? '').toLowerCase().split(',').map(name => name.trim())
  return names.filter(name => name !== '' && name !== 'identity')
}

export function canDecode(codings: readonly string[]): boolean {
  return codings.length <= maxCodings && codings.every(name => decoders.has(name))
}

export async function* decode(bytes: AsyncIterable<Buffer>, coding: string): AsyncGenerator<Buffer> {
  const chunks = bytes[Symbol.asyncIterator]()
  const first = await chunks.next()
  // A response such as 204 or 202 has no body to decode.
  if (first.done) return
  const decoder = decoders.get(coding)!(first.value)
  const source = Readable.from((async function* () {
    yield first.value
    yield* { [Symbol.asyncIterator]: () => chunks }
  })())
  pipeline(source, decoder, () => { /* The decoder passes the error on to its reader. */ })
  yield* decoder
}

/** Whether `error` says that the bytes are not what the coding promises. */
export function isDecodingError(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return /^(?:Z_|ERR__ERROR_)/.test(code)
}
