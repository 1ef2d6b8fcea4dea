/** A user with a real Chromium: signs in, decides, revokes, and sees every page. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { assertSoundPage, createRequest, exchange, listTools, openWindow, startChromium } from './chromium.mjs'
import { createOpener, dist, interop, listen, startClient, startServer, temporaryFolder, until } from './harness.mjs'

/** A name that would do harm if it were taken for markup. */
const hostileName = '<script>alert(1)</script>"\u202e\u200b<img src=x onerror=alert(2)>'

interop('Chromium', () => {
  const env = { OAUTH_AUTO_APPROVE: 'false', DEBUG: 'true' }

  /** A client that waits on loopback, and the server that the browser visits. */
  async function start(t, changes = {}) {
    const server = await startServer(t, { ...env, ...changes })
    const origin = await listen(t, (_request, response) => response.end('<!doctype html><html lang="en"><title>client</title><h1>The client</h1>'))
    const redirect_uri = `${origin.replace('localhost', '127.0.0.1')}/callback`
    return { server, redirect_uri, request: await createRequest(server, { redirect_uri }), browser: await startChromium(t) }
  }

  const signInAs = (page, name) => page.getByRole('button', { name: `Sign in as ${name}` }).click()
  const press = (page, name) => page.getByRole('button', { name, exact: true }).click()

  /** Opens the request and signs in, up to the consent page. */
  async function openConsent(browser, request, options) {
    const window = await openWindow(browser, options)
    await window.page.goto(request.url)
    await signInAs(window.page, 'Demo User')
    await window.page.getByRole('heading', { name: /^Allow / }).waitFor()
    return window
  }

  it('signs in by a click and approves: the client gets its code, state and iss', async t => {
    const { server, request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    const { searchParams } = new URL(page.url())
    assert.deepEqual([searchParams.get('state'), searchParams.get('iss')], ['the state', server.url])
    const tokens = await exchange(server, request, page.url())
    assert.equal(tokens.scope, 'mcp:tools:read mcp:tools:execute')
    assert.equal(await listTools(server, tokens), 200)
  })

  it('signs in by a password, after a wrong one', async t => {
    const folder = await temporaryFolder(t)
    const users = join(folder, 'users.json')
    const hash = spawn(process.execPath, [dist('../bin/hash-password')], { stdio: ['pipe', 'pipe', 'inherit'] })
    hash.stdin.end('correct horse battery\n')
    const [text] = await once(hash.stdout, 'data')
    const user = { sub: 'user-1', username: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', password_hash: String(text).trim() }
    await writeFile(users, JSON.stringify([user]))
    const { request, browser } = await start(t, { OAUTH_USERS_FILE: users })
    const window = await openWindow(browser)
    const { page } = window
    await page.goto(request.url)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password').fill('wrong')
    await press(page, 'Sign in')
    await page.getByRole('alert').waitFor()
    await assertSoundPage(window, 'the sign-in page after a wrong password')
    await page.getByLabel('Password').fill('correct horse battery')
    await press(page, 'Sign in')
    await page.getByText('Ada Lovelace').waitFor()
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
  })

  it('denies', async t => {
    const { request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await press(page, 'Deny')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied')
  })

  it('unchecks a scope: the token has only the other', async t => {
    const { server, request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await page.getByLabel(/Run the tools/).uncheck()
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    assert.equal((await exchange(server, request, page.url())).scope, 'mcp:tools:read')
  })

  it('decides with the keyboard alone, and sees the focus', async t => {
    const { request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)
    const focused = () => page.evaluate(() => document.activeElement.value)
    for (let i = 0; i < 20 && await focused() !== 'approve'; i++) await page.keyboard.press('Tab')
    assert.deepEqual([await focused(), await outline()], ['approve', 'solid'])
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
  })

  it('allows nothing by the Enter key in a checkbox', async t => {
    const { request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    const sent = []
    page.on('request', request => { if (request.method() === 'POST') sent.push(request.url()) })
    await page.getByRole('checkbox').first().press('Enter')
    await page.waitForTimeout(300)
    assert.deepEqual(sent, [])
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    assert.equal(sent.length, 1)
  })

  it('revokes access: the token is invalid at once', async t => {
    const { server, request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    const tokens = await exchange(server, request, page.url())
    assert.equal(await listTools(server, tokens), 200)
    await page.goto(`${server.url}/account`)
    await press(page, 'Revoke all access of Weather assistant')
    await page.getByText('No app can act on your behalf').waitFor()
    assert.equal(await listTools(server, tokens), 401)
    await press(page, 'Sign out')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  it('lets another user answer: not you?', async t => {
    const { server, request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await press(page, 'Not you?')
    await signInAs(page, 'Guest User')
    await page.getByText('guest@example.com').waitFor()
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    const { access_token } = await exchange(server, request, page.url())
    assert.equal(JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url')).sub, 'guest-user')
  })

  it('leaves the page for a private-use scheme after the approval', async t => {
    const { server, browser } = await start(t)
    const request = await createRequest(server, { redirect_uri: 'cursor://anysphere.cursor-mcp/callback' })
    const { page, context, complaints } = await openConsent(browser, request)
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    const left = []
    session.on('Network.requestWillBeSent', ({ request }) => left.push(request.url))
    const answer = page.waitForResponse(response => response.url().endsWith('/oauth/consent'))
    await press(page, 'Allow')
    assert.match((await answer).headers()['location'], /^cursor:\/\/anysphere\.cursor-mcp\/callback\?code=/)
    await until(() => left.some(url => url.startsWith('cursor://anysphere.cursor-mcp/callback?code=')), () => `it went to ${left}`)
    assert.deepEqual(complaints.filter(text => /Content Security Policy|form-action/.test(text)), [])
  })

  it('is refused a form that another site sends (RFC 6749 section 10.12)', async t => {
    const { server, request, browser } = await start(t)
    const { page, context } = await openConsent(browser, request)
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    const tokens = await exchange(server, request, page.url())
    const evil = await listen(t, (_request, response) => response.setHeader('content-type', 'text/html').end(
      `<form method="post" action="${server.url}/account"><input name="client_id" value="${request.client_id}"><button>Win</button></form>`))
    const other = await context.newPage()
    // 127.0.0.1 is another site than localhost, so the browser sends no cookies.
    await other.goto(evil.replace('localhost', '127.0.0.1'))
    const answer = other.waitForResponse(response => response.url().endsWith('/account'))
    await other.getByRole('button', { name: 'Win' }).click()
    assert.equal((await answer).status(), 403)
    assert.equal(await listTools(server, tokens), 200)
  })

  it('cannot be framed by another site', async t => {
    const { request, browser } = await start(t)
    const evil = await listen(t, (_request, response) => response.setHeader('content-type', 'text/html').end(
      `<iframe src="${request.url.replaceAll('&', '&amp;')}"></iframe>`))
    const { page, complaints } = await openWindow(browser)
    await page.goto(evil)
    await until(() => complaints.some(text => /frame-ancestors|X-Frame-Options/.test(text)), () => complaints.join('\n'))
  })

  it('is asked again by a loopback client that they allowed before, and told so (RFC 8252 section 8.6)', async t => {
    const { request, browser } = await start(t)
    const { page } = await openConsent(browser, request)
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'The client' }).waitFor()
    await page.goto(request.again().url)
    await page.getByText('You granted it').waitFor()
  })

  it('is not asked again by an https client, unless another site sent them', async t => {
    const { server, browser } = await start(t)
    const redirect_uri = 'https://app.example.com/callback'
    const request = await createRequest(server, { redirect_uri })
    const { page, context } = await openConsent(browser, request)
    /** Where the server redirects a tab. That host does not exist, so the tab cannot be used afterwards. */
    const locationAfter = async (tab, path, navigate) => {
      const answer = tab.waitForResponse(response => new URL(response.url()).pathname === path)
      await Promise.all([answer, navigate().catch(() => {})])
      return (await answer).headers()['location']
    }
    assert.match(await locationAfter(page, '/oauth/consent', () => press(page, 'Allow')), /^https:\/\/app\.example\.com\/callback\?code=/)
    const again = await context.newPage()
    const location = await locationAfter(again, '/oauth/authorize', () => again.goto(request.again().url))
    assert.match(location, /^https:\/\/app\.example\.com\/callback\?code=/)
    const site = await listen(t, (_request, response) => response.setHeader('content-type', 'text/html').end(
      `<a href="${request.again().url.replaceAll('&', '&amp;')}">Go</a>`))
    const sent = await context.newPage()
    await sent.goto(site.replace('localhost', '127.0.0.1'))
    await sent.getByRole('link', { name: 'Go' }).click()
    await sent.getByText('You granted it').waitFor()
  })

  it('sees a hostile client name as text', async t => {
    const { server, redirect_uri, browser } = await start(t)
    const request = await createRequest(server, { redirect_uri, client_name: hostileName })
    const window = await openConsent(browser, request)
    await window.page.getByText('<script>alert(1)</script>"<img src=x onerror=alert(2)>', { exact: true }).first().waitFor()
    await assertSoundPage(window, 'the consent page of a hostile client')
  })

  const views = [360, 1600].flatMap(width => ['light', 'dark'].map(colorScheme => ({ width, colorScheme })))

  for (const view of views) {
    it(`sees every page of the server whole at ${view.width} pixels, ${view.colorScheme}, without a serious finding of axe-core`, async t => {
      const { server, request, browser } = await start(t)
      const window = await openWindow(browser, view)
      const { page, requests, complaints } = window
      const visit = async (path, name) => {
        await page.goto(new URL(path, server.url).href)
        await assertSoundPage(window, name)
      }
      const paths = ['/', '/docs', '/explain/code-is-fresh', '/sign-in', '/nowhere', '/oauth/authorize?client_id=unknown']
      for (const path of paths) await visit(path, path)
      await page.goto(server.url)
      for (const summary of await page.locator('summary').all()) {
        await summary.click()
        await assertSoundPage(window, 'the first page with a command shown')
      }
      await visit(request.url, 'the sign-in page of a client')
      await signInAs(page, 'Demo User')
      await page.getByRole('heading', { name: /^Allow / }).waitFor()
      await assertSoundPage(window, 'the consent page')
      await press(page, 'Allow')
      await page.getByRole('heading', { name: 'The client' }).waitFor()
      await exchange(server, request, page.url())
      requests.length = complaints.length = 0
      await visit('/account', 'the account')
      await page.goto(request.again().url)
      await assertSoundPage(window, 'the consent page of a client that was allowed before')
      const { height } = await page.getByRole('button', { name: 'Allow', exact: true }).boundingBox()
      assert.ok(height >= 44, `a finger finds a button of ${height} pixels`)
    })

    it(`sees every page of the client whole at ${view.width} pixels, ${view.colorScheme}, without a serious finding of axe-core`, async t => {
      const server = await startServer(t, env)
      const browser = await startChromium(t)
      const folder = await temporaryFolder(t)
      const opener = await createOpener(folder)
      const client = startClient(t, folder, ['--server-url', server.mcpUrl, '--authorize'], opener)
      const url = await until(async () => (await opener.visits())[0], () => `no browser was opened: ${client.errors}`)
      const window = await openWindow(browser, view)
      const { page } = window
      const callback = new URL(url).searchParams.get('redirect_uri')
      await page.goto(`${callback}?code=forged&state=other`)
      await page.getByRole('heading', { name: 'Unexpected answer' }).waitFor()
      await assertSoundPage(window, 'the page for a stray answer')
      await page.goto(new URL('/nothing', callback).href)
      await assertSoundPage(window, 'the page for another path')
      await page.goto(url)
      await signInAs(page, 'Demo User')
      const allows = view.colorScheme === 'light'
      await press(page, allows ? 'Allow' : 'Deny')
      await page.getByRole('heading', { name: allows ? 'You can close this page' : 'Access was not granted' }).waitFor()
      window.requests.length = 0
      await assertSoundPage(window, 'the page for the answer')
      assert.equal(await client.exited, allows ? 0 : 4)
    })
  }

  it('sees on the page of the client that an answer came from another authorization server', async t => {
    const server = await startServer(t, env)
    const browser = await startChromium(t)
    const folder = await temporaryFolder(t)
    const opener = await createOpener(folder)
    const client = startClient(t, folder, ['--server-url', server.mcpUrl, '--authorize'], opener)
    const url = await until(async () => (await opener.visits())[0], () => `no browser was opened: ${client.errors}`)
    const { searchParams } = new URL(url)
    const window = await openWindow(browser, { width: 360 })
    await window.page.goto(`${searchParams.get('redirect_uri')}?code=x&state=${searchParams.get('state')}&iss=https://evil.example`)
    await window.page.getByRole('heading', { name: 'Answer from another authorization server' }).waitFor()
    await assertSoundPage(window, 'the page for an answer of another issuer')
    assert.equal(await client.exited, 5)
  })
})
