import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkEndpoint } from '../../src/core/client/endpoint.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { assertUntrusted } from '../peer.ts'

describe('checkEndpoint()', () => {
  const check = (url: unknown, namedBy: string) => async (): Promise<void> => checkEndpoint(url, namedBy, new Trace())
  const internet = 'https://mcp.example.com/mcp'

  for (const url of [
    'https://auth.example.com/token', 'https://auth.example.com:8443/token?tenant=1', 'https://8.8.8.8/token',
    'https://172.32.0.1/token', 'https://100.128.0.1/token', 'https://11.0.0.1/', 'https://[2606:4700::1111]/token',
  ]) {
    it(`lets a server on the internet name ${url}`, check(url, internet))
  }

  const hidden: readonly string[] = [
    'http://localhost:8000/token', 'http://127.0.0.1/token', 'https://localhost/token', 'https://auth.localhost/token',
    'https://127.0.0.2/token', 'https://127.1/token', 'https://2130706433/token', 'https://0x7f.0.0.1/token', 'https://0.0.0.0/token',
    'https://10.0.0.1/token', 'https://172.16.0.1/token', 'https://172.31.255.255/token', 'https://192.168.1.1/token',
    'https://169.254.169.254/latest/meta-data', 'https://100.64.0.1/token', 'https://[::1]/token', 'https://[::]/token',
    'https://[::ffff:10.0.0.1]/token', 'https://[fd00::1]/token', 'https://[fe80::1]/token', 'https://localhost./token',
  ]
  for (const url of hidden) {
    it(`does not let a server on the internet name ${url} (RFC 9728 section 7.7)`, async () => {
      await assertUntrusted(check(url, internet), 'endpoint-is-secure')
    })
  }

  for (const url of ['http://localhost:9000/token', 'http://127.0.0.1:9000/token', 'http://[::1]:9000/token', 'https://8.8.8.8/token']) {
    it(`lets a server on this machine name ${url}`, check(url, 'http://localhost:8000/mcp'))
  }

  it('lets a server in a private network name another one there', check('https://10.0.0.2/token', 'https://10.0.0.1/mcp'))

  for (const url of [
    'https://10.0.0.1/token', 'https://192.168.0.1/token', 'https://[fd00::1]/token', 'https://169.254.169.254/latest/meta-data',
    'https://0.0.0.0/token', 'https://[::]/token', 'https://[::ffff:10.0.0.1]/token', 'https://[fe80::1]/token', 'https://255.255.255.255/',
  ]) {
    it(`does not let a server on this machine name ${url}, which is another machine`, async () => {
      await assertUntrusted(check(url, 'http://localhost:8000/mcp'), 'endpoint-is-secure')
    })
  }

  for (const url of ['https://169.254.169.254/latest/meta-data', 'http://127.0.0.1:9000/token', 'https://127.0.0.1/token', 'https://0.0.0.0/token']) {
    it(`does not let a server in a private network name ${url}`, async () => {
      await assertUntrusted(check(url, 'https://10.0.0.1/mcp'), 'endpoint-is-secure')
    })
  }

  const never: readonly string[] = [
    'http://auth.example.com/token', 'http://10.0.0.1/token', 'http://localhost.example.com/token', 'HTTP://auth.example.com/token',
    'javascript:alert(1)', 'file:///etc/passwd', 'ftp://auth.example.com/', 'https:auth.example.com', 'https:///token', '//a.example/token', '',
    'https://user:secret@auth.example.com/', 'https://:secret@auth.example.com/', 'https://auth.example.com/#', 'https://auth.example.com/a b',
    'https://auth.example.com/\ntoken', ' https://auth.example.com/', 'https://exämple.com/', 'https://auth.example.com:99999/',
    'https://good.example\\@evil.example/', 'https:\\\\auth.example.com/', '--foo', '-oProxyCommand=x', 'data:text/html,x', 'http://127.1:9000/token',
    'http://2130706433/token', 'http://0x7f000001/token', 'http://127.0.0.1./token', 'http://localhost%2f/', 'https://@auth.example.com/',
    'http://[::ffff:127.0.0.1]/token', 'http://[0:0:0:0:0:0:0:1]/token', 'http://①②⑦.0.0.1/token', `https://auth.example.com/${'x'.repeat(8000)}`,
  ]
  for (const url of never) {
    it(`lets no server name ${JSON.stringify(url).slice(0, 80)} (OAuth 2.1 section 1.5)`, async () => {
      await assertUntrusted(check(url, 'http://localhost:8000/mcp'), 'endpoint-is-secure')
    })
  }

  it('says what is wrong', async () => {
    const { message } = await assertUntrusted(check('https://10.0.0.1/token', internet), 'endpoint-is-secure')
    assert.match(message, /^https:\/\/10\.0\.0\.1\/token cannot be trusted: it is in a network that https:\/\/mcp\.example\.com\/mcp is not in/)
  })
})
