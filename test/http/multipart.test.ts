import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Request } from '../../src/base/http/message.ts'
import { readUploadedFile } from '../../src/base/http/multipart.ts'

const boundary = '----a boundary'

function upload(body: string, contentType = `multipart/form-data; boundary="${boundary}"`): Promise<string | undefined> {
  const request: Request = {
    method: 'POST', path: '/', query: '', headers: { 'content-type': contentType }, parameter: '', remoteAddress: '',
    signal: AbortSignal.abort(), text: async () => body,
  }
  return readUploadedFile(request, 'file')
}

function part(name: string, content: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="a \\"file\\".json"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`
}

const end = `--${boundary}--\r\n`

describe('readUploadedFile()', () => {
  it('reads the file of the field (RFC 7578 section 4.2)', async () => assert.equal(await upload(part('file', 'hello') + end), 'hello'))
  it('finds it among other fields', async () => assert.equal(await upload(part('other', 'x') + part('file', 'hello') + part('last', 'y') + end), 'hello'))
  it('keeps line breaks, and lines that look like a boundary', async () => {
    const content = 'a\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno\r\n'
    assert.equal(await upload(part('file', content) + end), content)
  })
  it('accepts a boundary without quotation marks', async () => {
    assert.equal(await upload('--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nx\r\n--b--', 'multipart/form-data; boundary=b'), 'x')
  })
  it('reads an empty file', async () => assert.equal(await upload(part('file', '') + end), ''))

  for (const [what, body, type] of [
    ['no such field', part('other', 'x') + end],
    ['no part', end],
    ['an empty body', ''],
    ['a part without an end of its header', `--${boundary}\r\nContent-Disposition: form-data; name="file"`],
    ['another type', part('file', 'x') + end, 'application/json'],
    ['no boundary', part('file', 'x') + end, 'multipart/form-data'],
  ] as const) {
    it(`finds nothing if there is ${what}`, async () => assert.equal(await upload(body, type), undefined))
  }
})
