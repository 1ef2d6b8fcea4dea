import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Router } from '../../src/base/http/router.ts'

const list = { method: 'GET', path: '/items' }
const add = { method: 'POST', path: '/items' }
const item = { method: 'GET', path: '/items/:id' }
const any = { method: '*', path: '/any' }
const file = { method: 'GET', path: '/files/:path*' }
const router = new Router([list, add, item, any, file])

describe('Router', () => {
  it('finds a route by method and path', () => assert.equal(router.find('POST', '/items').route, add))
  it('treats HEAD as GET (RFC 9110 section 9.3.2)', () => assert.equal(router.find('HEAD', '/items').route, list))
  it('matches any method if the route says so', () => assert.equal(router.find('PATCH', '/any').route, any))
  it('finds the parameter at the end of a path', () => {
    assert.deepEqual(router.find('GET', '/items/a%20b'), { route: item, parameter: 'a b', siblings: [item] })
  })
  it('finds the rest of the path if the parameter has a star', () => {
    assert.deepEqual(router.find('GET', '/files/a/b%20c.txt'), { route: file, parameter: 'a/b c.txt', siblings: [file] })
  })
  it('finds the routes of a path even if no method matches (RFC 9110 section 15.5.6)', () => {
    assert.deepEqual(router.find('DELETE', '/items'), { route: undefined, parameter: '', siblings: [list, add] })
  })

  const unknown = {
    'an unknown path': '/other', 'a path with a slash at the end': '/any/', 'a path in another case': '/ITEMS',
    'an empty parameter': '/items/', 'a deeper path': '/items/a/b', 'a parameter that cannot be decoded': '/items/%zz',
    'an open parameter that is empty': '/files/', 'an open parameter that cannot be decoded': '/files/a/%zz',
    'a path with an empty segment': '//items', 'a name of Object.prototype': '/constructor',
  }
  for (const [what, path] of Object.entries(unknown)) {
    it(`finds nothing at ${what}`, () => assert.deepEqual(router.find('GET', path), { route: undefined, parameter: '', siblings: [] }))
  }
})
