import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  isLoopbackRedirectUri, matchesRedirectUri, redirectHost, redirectUriProblem, withParameters,
} from '../../src/base/protocol/redirect-uri.ts'

describe('redirectUriProblem()', () => {
  const accepted = [
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com:8443/callback?tenant=1',
    'https://app.example.com:443/callback',
    'https://[2001:db8::1]/callback',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:49152/callback',
    'http://[::1]:49152/callback',
    'http://localhost:6274/oauth/callback',
    'http://localhost?flow=1',
    'cursor://anysphere.cursor-retrieval/oauth/user-mcp/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'com.example.app:/cb',
    'com.example.app:/oauth2redirect/example-provider',
  ]
  for (const uri of accepted) {
    it(`accepts ${uri} (RFC 8252 section 7)`, () => assert.equal(redirectUriProblem(uri), undefined))
  }

  const refused = {
    'nothing': '',
    'a path': '/callback',
    'a host without a scheme': 'app.example.com/callback',
    'a scheme without a colon': 'https',
    'http to another host (RFC 8252 section 8.3)': 'http://app.example.com/callback',
    'http to a host that begins with localhost': 'http://localhost.evil.com/callback',
    'http to a host that begins with 127.0.0.1': 'http://127.0.0.1.evil.com/callback',
    'http to a host that begins with [::1]': 'http://[::1].evil.com/callback',
    'http to a host that ends with localhost': 'http://evil-localhost/callback',
    'http to localhost with a trailing dot': 'http://localhost./callback',
    '127.0.0.1 as 127.1': 'http://127.1/callback',
    '127.0.0.1 in hexadecimal': 'http://0x7f000001/callback',
    '127.0.0.1 as one number': 'http://2130706433/callback',
    '127.0.0.1 in octal': 'http://0177.0.0.1/callback',
    'another address of the loopback network': 'http://127.0.0.2/callback',
    '127.0.0.1 in IPv6': 'http://[::ffff:127.0.0.1]/callback',
    '[::1] in full': 'http://[0:0:0:0:0:0:0:1]/callback',
    'localhost in upper case': 'http://LOCALHOST/callback',
    'http in upper case': 'HTTP://localhost/callback',
    'localhost with a percent-encoded letter': 'http://loc%61lhost/callback',
    'the unspecified address': 'http://0.0.0.0/callback',
    'a port above 65535': 'http://127.0.0.1:65536/callback',
    'an empty port': 'http://127.0.0.1:/callback',
    'a port that is not a number': 'http://127.0.0.1:80a/callback',
    'a user name before loopback': 'http://user@127.0.0.1/callback',
    'loopback as the user name': 'http://127.0.0.1@evil.com/callback',
    'loopback as user name and password': 'http://localhost:80@evil.com/callback',
    'a user name in https': 'https://user@app.example.com/callback',
    'a user name behind a private-use scheme': 'cursor://user@host/callback',
    'https without slashes': 'https:app.example.com/callback',
    'https with one slash': 'https:/app.example.com/callback',
    'https with three slashes': 'https:///app.example.com/callback',
    'https without a host': 'https://',
    'an https host that a parser decodes': 'https://app%2eexample.com/callback',
    'an https host that a parser reads as an address': 'https://0x7f000001/callback',
    'a fragment (RFC 6749 section 3.1.2)': 'https://app.example.com/callback#token',
    'an empty fragment (RFC 6749 section 3.1.2)': 'https://app.example.com/callback#',
    'a tab, which a parser strips': 'https://app.example.com/call\tback',
    'a tab inside the scheme': 'java\tscript:alert(1)',
    'a line break, which a parser strips': 'https://app.example.com/callback\n',
    'a carriage return': 'https://app.example.com/callback\r\nset-cookie: a=b',
    'a leading space, which a parser trims': ' https://app.example.com/callback',
    'a trailing space, which a parser trims': 'https://app.example.com/callback ',
    'a space inside': 'https://app.example.com/call back',
    'a NUL': 'https://app.example.com/callback\0',
    'a letter outside ASCII': 'https://äpp.example.com/callback',
    'a backslash, which a parser reads as a slash': 'https://app.example.com\\callback',
    'an angle bracket': 'https://app.example.com/<callback>',
    'a quotation mark': 'https://app.example.com/"callback"',
    'javascript:': 'javascript:alert(1)',
    'javascript: in mixed case': 'JavaScript:alert(1)',
    'javascript: with slashes': 'javascript://app.example.com/%0aalert(1)',
    'data:': 'data:text/html,hello',
    'file:': 'file:///etc/passwd',
    'vbscript:': 'vbscript:msgbox(1)',
    'blob:': 'blob:https://app.example.com/1',
    'about:': 'about:blank',
    'view-source:': 'view-source:https://app.example.com/',
    'ftp:': 'ftp://app.example.com/callback',
    'only a scheme': 'cursor:',
    'a scheme and a slash': 'cursor:/',
    'a scheme and two slashes': 'cursor://',
    'a scheme that begins with a digit (RFC 3986 section 3.1)': '1app:/callback',
    'more than 2048 characters': `https://app.example.com/${'a'.repeat(2048)}`,
  }
  for (const [what, uri] of Object.entries(refused)) {
    it(`rejects ${what}`, () => assert.notEqual(redirectUriProblem(uri), undefined))
  }
})

describe('matchesRedirectUri()', () => {
  const matches = {
    'the same text': ['https://app.example.com/cb', 'https://app.example.com/cb'],
    'the same private-use URI': ['com.example.app:/cb', 'com.example.app:/cb'],
    'another port of 127.0.0.1': ['http://127.0.0.1:49152/cb', 'http://127.0.0.1:3000/cb'],
    'a port, with none registered': ['http://127.0.0.1:49152/cb', 'http://127.0.0.1/cb'],
    'no port, with one registered': ['http://127.0.0.1/cb', 'http://127.0.0.1:3000/cb'],
    'another port of [::1]': ['http://[::1]:49152/cb', 'http://[::1]:3000/cb'],
    'another port of localhost': ['http://localhost:49152/cb', 'http://localhost:3000/cb'],
  }
  for (const [what, [uri, registered]] of Object.entries(matches)) {
    it(`accepts ${what} (RFC 8252 section 7.3)`, () => assert.equal(matchesRedirectUri(uri!, registered!), true))
  }

  const differs = {
    '127.0.0.1 for localhost': ['http://127.0.0.1:3000/cb', 'http://localhost:3000/cb'],
    'localhost for 127.0.0.1': ['http://localhost:3000/cb', 'http://127.0.0.1:3000/cb'],
    '[::1] for 127.0.0.1': ['http://[::1]:3000/cb', 'http://127.0.0.1:3000/cb'],
    'https loopback for http loopback': ['https://127.0.0.1:3000/cb', 'http://127.0.0.1:3000/cb'],
    'another port of an https host': ['https://app.example.com:8443/cb', 'https://app.example.com/cb'],
    'another port of an https loopback host': ['https://127.0.0.1:8443/cb', 'https://127.0.0.1:3000/cb'],
    'another port of a private-use scheme': ['cursor://host:1/cb', 'cursor://host:2/cb'],
    'another path': ['http://127.0.0.1:3000/cb2', 'http://127.0.0.1:3000/cb'],
    'a longer path': ['http://127.0.0.1:3000/cb/x', 'http://127.0.0.1:3000/cb'],
    'a trailing slash': ['http://127.0.0.1:3000/cb/', 'http://127.0.0.1:3000/cb'],
    'a path in another case': ['http://127.0.0.1:3000/CB', 'http://127.0.0.1:3000/cb'],
    'the same path with dot segments': ['http://127.0.0.1:3000/x/../cb', 'http://127.0.0.1:3000/cb'],
    'the same path percent-encoded': ['http://127.0.0.1:3000/%63b', 'http://127.0.0.1:3000/cb'],
    'another query': ['http://127.0.0.1:3000/cb?a=2', 'http://127.0.0.1:3000/cb?a=1'],
    'a query, with none registered': ['http://127.0.0.1:3000/cb?a=1', 'http://127.0.0.1:3000/cb'],
    'a user name': ['http://127.0.0.1:3000@evil.com/cb', 'http://127.0.0.1:3000/cb'],
    'a longer host': ['http://127.0.0.1.evil.com:3000/cb', 'http://127.0.0.1:3000/cb'],
    'a port above 65535': ['http://127.0.0.1:65536/cb', 'http://127.0.0.1:3000/cb'],
    'another notation of the host': ['http://127.1:3000/cb', 'http://127.0.0.1:3000/cb'],
    'https in upper case': ['HTTPS://app.example.com/cb', 'https://app.example.com/cb'],
    'a slash after a bare host': ['https://app.example.com/', 'https://app.example.com'],
  }
  for (const [what, [uri, registered]] of Object.entries(differs)) {
    it(`rejects ${what} (OAuth 2.1 section 2.3.1)`, () => assert.equal(matchesRedirectUri(uri!, registered!), false))
  }
})

describe('isLoopbackRedirectUri()', () => {
  it('is true for http to this machine', () => assert.equal(isLoopbackRedirectUri('http://localhost:1/cb'), true))
  it('is false for https to this machine', () => assert.equal(isLoopbackRedirectUri('https://localhost:1/cb'), false))
  it('is false for a private-use scheme', () => assert.equal(isLoopbackRedirectUri('cursor://localhost/cb'), false))
  it('is false for a look-alike', () => assert.equal(isLoopbackRedirectUri('http://localhost.evil.com/cb'), false))
})

describe('redirectHost()', () => {
  it('is the host with its port', () => assert.equal(redirectHost('https://app.example.com:8443/cb?x'), 'app.example.com:8443'))
  it('is the scheme if there is no host', () => {
    assert.equal(redirectHost('com.example.app:/cb'), 'com.example.app: (an app on your device)')
  })
})

describe('withParameters()', () => {
  it('reproduces the authorization response of RFC 9207 section 2.1', () => {
    const uri = withParameters('https://client.example/cb', {
      code: 'x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58', state: 'ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI',
      iss: 'https://honest.as.example',
    })
    assert.equal(uri, 'https://client.example/cb?code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58'
      + '&state=ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI&iss=https%3A%2F%2Fhonest.as.example')
  })

  it('reproduces the error response of RFC 9207 section 2.2', () => {
    const uri = withParameters('https://client.example/cb', {
      error: 'access_denied', state: 'N2JjNGJhY2JiZjRhYzA3MGJkMzNmMDE5OWJhZmJhZjA', iss: 'https://honest.as.example',
    })
    assert.equal(uri, 'https://client.example/cb?error=access_denied'
      + '&state=N2JjNGJhY2JiZjRhYzA3MGJkMzNmMDE5OWJhZmJhZjA&iss=https%3A%2F%2Fhonest.as.example')
  })

  const cases = {
    'starts a query': ['https://a.example/cb', 'https://a.example/cb?code=1'],
    'appends to a query (RFC 6749 section 3.1.2)': ['https://a.example/cb?x=a%20b', 'https://a.example/cb?x=a%20b&code=1'],
    'adds no second ampersand': ['https://a.example/cb?x=1&', 'https://a.example/cb?x=1&code=1'],
    'adds no second question mark': ['https://a.example/cb?', 'https://a.example/cb?code=1'],
    'adds no slash to a bare host': ['https://a.example', 'https://a.example?code=1'],
    'works for a private-use scheme': ['com.example.app:/cb', 'com.example.app:/cb?code=1'],
  }
  for (const [what, [uri, expected]] of Object.entries(cases)) {
    it(what, () => assert.equal(withParameters(uri!, { code: '1', state: undefined }), expected))
  }

  it('encodes query delimiters', () => {
    const uri = withParameters('https://a.example/cb', { state: 'a&b=c d+e#f%' })
    assert.equal(new URL(uri).searchParams.get('state'), 'a&b=c d+e#f%')
  })
})
