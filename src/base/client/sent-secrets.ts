/**
 * The secrets of a request. What the other side answers may quote them, in an error text or the result of a tool, where
 * no name of a member gives them away: whoever shows an answer has to know them.
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
