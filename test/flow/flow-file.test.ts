import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readFlowFile, writeFlowFile } from '../../src/flow/flow-file.ts'
import type { Flow } from '../../src/flow/kept-flows.ts'
import { escapeHtml, get, register, type Members } from '../harness.ts'
import { has, readHtml, select, selectAll, textOf } from '../html-reader.ts'
import { arrowsOf, arrowsOfFlow, asBrowser, listFlows, onlyFlow, openFile, runFlow, saveFlow, start } from './flow-server.ts'

describe('A flow saved as a file', () => {
  it('opens again and shows the same messages', async t => {
    const server = await start(t)
    await runFlow(server)
    const { id } = await onlyFlow(server)
    const response = await get(`${server.url}/flow/${id}?as=file`, asBrowser)
    assert.match(response.headers.get('content-disposition')!, /^attachment; filename="flow-[\w-]+\.json"$/)
    const text = await response.text()
    const opened = await openFile(server, text)
    assert.equal(opened.status, 200)
    const page = readHtml(await opened.text())
    assert.match(textOf(page), /This file says that it was saved/)
    assert.deepEqual(arrowsOf(page), await arrowsOfFlow(server, id))
  })

  it('is not recorded when it is opened', async t => {
    const server = await start(t)
    await register(server)
    const text = await saveFlow(server, (await onlyFlow(server)).id)
    const other = await start(t)
    assert.equal((await openFile(other, text)).status, 200)
    assert.deepEqual(await listFlows(other), [])
  })

  for (const [what, text, problem] of [
    ['is not JSON', 'x', /it does not parse/],
    ['is empty', '', /No file was chosen/],
    ['is something else', '{}', /was not saved from \/flow/],
    ['is of another version', '{"format":"mcp-authorization flow","version":2}', /has version 2\. This server opens version 1\./],
    ['lacks its flow', '{"format":"mcp-authorization flow","version":1}', /flow is not an object/],
    ['names a member twice', '{"format":"mcp-authorization flow","format":"x"}', /repeats a member name/],
    ['has a __proto__', '{"__proto__":{}}', /__proto__/],
  ] as const) {
    it(`is refused if it ${what}`, async t => {
      const response = await openFile(await start(t), text)
      assert.equal(response.status, 400)
      assert.match(await response.text(), problem)
    })
  }

  it('is refused if the form has no field with the file', async t => {
    assert.equal((await openFile(await start(t), '{}', {}, 'other')).status, 400)
  })

  it('is refused above 4 MiB', async t => {
    assert.equal((await openFile(await start(t), 'x'.repeat(4_200_000))).status, 413)
  })

  it('is refused from a page of another origin', async t => {
    const server = await start(t)
    assert.equal((await openFile(server, '{}', { origin: 'https://evil.example' })).status, 403)
    assert.equal((await openFile(server, '{}', { origin: 'null', 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  it('is accepted from the page itself, whose origin a browser calls null (Fetch section 3.2)', async t => {
    const response = await openFile(await start(t), '{}', { origin: 'null', 'sec-fetch-site': 'same-origin' })
    assert.equal(response.status, 400)
  })

  it('cannot inject HTML or hidden characters into the page', async t => {
    const server = await start(t)
    await runFlow(server)
    const evil = '"><script>alert(1)</script>\u202e\u0000'
    const saved = JSON.parse(await saveFlow(server, (await onlyFlow(server)).id)) as Members
    const poison = (value: unknown, name = ''): unknown => {
      if (typeof value === 'string') return ['from', 'to', 'format', 'id', 'method'].includes(name) ? value : evil
      if (Array.isArray(value)) return value.map(item => poison(item))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [name === 'headers' ? evil : key, poison(item, key)]))
    }
    const response = await openFile(server, JSON.stringify(poison(saved)))
    const html = await response.text()
    assert.equal(response.status, 200)
    assert.doesNotMatch(html, /<script|\u202e|\u0000/)
    assert.ok(html.includes(escapeHtml('"><script>')))
  })

  const valid: Flow = { id: 'a', client_id: 'c', client_name: 'Editor', dropped: 0, exchanges: [] }
  const one = { flow: valid, saved_at: 1, issuer: 'http://localhost' }
  it('reads back as it was written', () => assert.deepEqual(readFlowFile(writeFlowFile(one)), one))

  const base = {
    id: 'x', time: 1, duration: 1, from: 'client', to: 'resource server', method: 'GET', target: '/mcp', title: '', status: 200,
    request: { headers: {}, body: '' }, response: { headers: {}, body: '' }, verdicts: [],
  }
  for (const [what, change] of [
    ['an unknown party', { from: 'nobody' }], ['a time that is not a number', { time: 'now' }], ['a negative time', { time: -1 }],
    ['a time that no Date can hold', { time: 1e300 }], ['a body that is not text', { request: { headers: {}, body: 1 } }], ['headers as a list', { request: { headers: [], body: '' } }],
    ['a header that is not text', { response: { headers: { a: 1 }, body: '' } }], ['verdicts that are not a list', { verdicts: {} }],
    ['a verdict without an outcome', { verdicts: [{ rule: 'x' }] }], ['expected values that are numbers', { verdicts: [{ rule: 'x', passed: true, expected: [1] }] }],
    ['an id that is not a word', { id: '"x' }], ['a method that is not a word', { method: 'GET /' }],
    ['a text that is too long', { title: 'x'.repeat(20_001) }], ['claims that are not text', { claims: {} }],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const text = writeFlowFile({ ...one, flow: { ...valid, exchanges: [{ ...base, ...change } as never] } })
      assert.ok('problem' in readFlowFile(text))
    })
  }
})

describe('A flow saved as a page', () => {
  it('has no script and no link to anything outside it', async t => {
    const server = await start(t)
    await runFlow(server)
    const { id } = await onlyFlow(server)
    const response = await get(`${server.url}/flow/${id}?as=page`, asBrowser)
    assert.match(response.headers.get('content-disposition')!, /^attachment; filename="flow-[\w-]+\.html"$/)
    const page = readHtml(await response.text())
    for (const selector of ['script', 'form', 'iframe', 'img', '[src]']) assert.ok(!has(page, selector), selector)
    assert.doesNotMatch(textOf(select(page, 'style').children[0]!), /url\(|@import/)
    const links = selectAll(page, '[href]').map(({ attributes }) => attributes['href']!)
    assert.deepEqual(links.filter(href => !/^(?:#|data:)/.test(href)), [])
    assert.equal(arrowsOf(page).length, 7)
  })
})
