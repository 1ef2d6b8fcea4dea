/** Reads an uploaded file from `multipart/form-data`, as an HTML form sends it (RFC 7578). */
import { mediaType, type Request } from './message.ts'

/** The text of the file in the field `name`, or undefined if the body has no such field. */
export async function readUploadedFile(request: Request, name: string): Promise<string | undefined> {
  if (mediaType(request.headers) !== 'multipart/form-data') return undefined
  const boundary = /;\s*boundary="?([^";]{1,70})"?/i.exec(request.headers['content-type']!)?.[1]
  if (boundary === undefined) return undefined
  const [, ...parts] = `\r\n${await request.text()}`.split(`\r\n--${boundary}`)
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n')
    if (end < 0) continue
    const field = /^content-disposition:[^\r\n]*;\s*name="([^"]*)"/im.exec(part.slice(0, end))?.[1]
    if (field === name) return part.slice(end + 4)
  }
  return undefined
}
