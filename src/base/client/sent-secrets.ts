/**
 * The secrets of a request. The server may quote them in an error text or in the result of a tool, so whoever shows a
 * response must know them to redact them.
 */

const secretParameters: readonly string[] = [
  'client_secret', 'code', 'code_verifier', 'refresh_token', 'token', 'assertion', 'client_assertion', 'subject_token',
]

export function secretsIn(headers: Readonly<Record<string, string>>, body = ''): readonly string[] {
  const { authorization = '', 'content-type': type = '' } = headers
  const [, scheme, credentials = ''] = /^(\S+) (.+)$/.exec(authorization) ?? []
  const form = new URLSearchParams(type.startsWith('application/x-www-form-urlencoded') ? body : '')
  const password = scheme === 'Basic' ? passwordOf(credentials) : ''
  return [credentials, password, ...secretParameters.flatMap(name => form.getAll(name))].filter(secret => secret !== '')
}

function passwordOf(credentials: string): string {
  const pair = Buffer.from(credentials, 'base64').toString()
  return new URLSearchParams(`password=${pair.slice(pair.indexOf(':') + 1)}`).get('password')!
}
