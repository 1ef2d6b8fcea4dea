/** The file of an upload: `multipart/form-data` as a browser without scripts sends it (RFC 7578). */
import { mediaType, type Request } from './message.ts'

/** The text of the file in the field `name`, or undefined where the body has none. */
export async function readUploadedFile(request: Request, name: string): Promise<string | undefined> {
  if (mediaType(request.headers) !== 'multipart/form-data') return undefined
  const boundary = /;\s*boundary="?([^";]{1,70})"?/i.exec(request.headers['content-type']!)?.[1]
  if (boundary === undefined) return undefined
  const [, ...parts] = `\r\n${await request.text()}`.split(`\r\n--${boundary}`)
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n')
    const field = end < 0 ? undefined : /^content-disposition:[^\r\n]*;\s*name="([^"]*)"/im.exec(part.slice(0, end))?.[1]
    if (field === name) return part.slice(end + 4)
  }
  return undefined
}
