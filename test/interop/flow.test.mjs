/** A developer in a real Chromium: watches the live flow, follows an error to its explanation, saves and opens a flow. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { assertSoundPage, createRequest, openWindow, startChromium } from './chromium.mjs'
import { fail, runSdkClient } from './flows.mjs'
import { interop, redirect_uri, startServer, temporaryFolder } from './harness.mjs'

/** The messages of the diagram. */
const messages = page => page.locator('#diagram > li')

interop('The live flow in Chromium', () => {
  const start = t => startServer(t, { DEBUG: 'true' })

  it('draws a run of the official SDK client, message by message, while the page is open', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const window = await openWindow(browser)
    const { page } = window
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live: new messages appear as they arrive.').waitFor()
    await page.getByText('No client has connected yet').waitFor()
    await runSdkClient(t, server)
    await page.getByText('tools/call get_user_profile').waitFor()
    const drawn = await messages(page).locator('summary').allInnerTexts()
    for (const [party, text] of [
      ['client to resource server', 'POST /mcp'], ['client to resource server', 'GET /.well-known/oauth-protected-resource/mcp'],
      ['client to authorization server', 'POST /oauth/register'], ['user agent to authorization server', 'GET /oauth/authorize'],
      ['client to authorization server', 'POST /oauth/token'], ['client to resource server', 'tools/call get_weather'],
    ]) assert.ok(drawn.some(line => line.replace(/\s+/g, ' ').includes(`${party}:`) && line.includes(text)), `${party}: ${text}\n${drawn.join('\n')}`)
    assert.equal(await page.locator('#flows li').count(), 1)
    await page.locator('#flow-head').getByText('tool called').waitFor()
    await assertSoundPage(window, 'the live flow', { grows: true })
  })

  it('keeps a message open while others arrive', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const request = await createRequest(server, { redirect_uri })
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await messages(page).first().locator('summary').first().click()
    await page.getByRole('heading', { name: 'Request from the client' }).waitFor()
    await fetch(request.url, { redirect: 'manual' })
    await page.getByText('redirected to').waitFor()
    assert.ok(await page.getByRole('heading', { name: 'Request from the client' }).isVisible())
  })

  it('keeps the flow that is being read when another client starts, and lists the new one', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    await createRequest(server, { redirect_uri, client_name: 'First client' })
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await messages(page).first().locator('summary').first().press('Enter')
    await page.getByText('Live: only this flow, while you read it.').waitFor()
    await createRequest(server, { redirect_uri, client_name: 'Another' })
    await page.locator('#flows').getByText('Another').waitFor()
    assert.ok(await page.getByRole('heading', { name: 'Request from the client' }).isVisible())
    assert.equal(await page.evaluate(() => document.activeElement.localName), 'summary')
    await page.getByRole('link', { name: 'Follow the newest' }).click()
    await page.locator('#flow-head').getByText('Another').waitFor()
  })

  it('keeps the focus when the list is redrawn', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    await createRequest(server, { redirect_uri, client_name: 'First' })
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await page.locator('#flows').getByRole('link', { name: 'First' }).focus()
    await createRequest(server, { redirect_uri, client_name: 'Second' })
    await page.locator('#flow-head').getByText('Second').waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'First')
  })

  it('opens a message by the keyboard alone', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    await fail(server)
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await messages(page).last().locator('summary').first().focus()
    await page.keyboard.press('Enter')
    await page.getByText('failed', { exact: true }).waitFor()
  })

  it('leads from the error_uri of a failure to the explanation of that request, and from there to its flow', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(await fail(server))
    await page.getByRole('heading', { name: 'Your request' }).waitFor()
    assert.deepEqual(await page.locator('.comparison mark').allInnerTexts(), ['localhost', '127.0.0.1'])
    await page.getByText('they are the same machine but different hosts').waitFor()
    await page.getByRole('link', { name: 'See it in its flow' }).click()
    await page.locator('li.bad > details[open]').getByText('redirect-uri-is-registered').first().waitFor()
  })

  it('saves a flow, opens it again, and saves it as a page that works anywhere', async t => {
    const [server, browser, folder] = await Promise.all([start(t), startChromium(t), temporaryFolder(t)])
    await runSdkClient(t, server)
    const window = await openWindow(browser)
    const { page } = window
    await page.goto(`${server.url}/flow`)
    const count = await messages(page).count()
    const download = async (name, file) => {
      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
      await saved.saveAs(join(folder, file))
      return join(folder, file)
    }
    const file = await download('Save as a file', 'flow.json')
    const shared = await download('Save as a page to share', 'flow.html')

    await page.getByLabel('Open a saved flow').setInputFiles(file)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('This file says that it was saved').waitFor()
    assert.equal(await messages(page).count(), count)
    await assertSoundPage(window, 'a flow that was opened')

    const elsewhere = await openWindow(browser)
    await elsewhere.page.goto(pathToFileURL(shared).href)
    assert.equal(await messages(elsewhere.page).count(), count)
    assert.deepEqual(elsewhere.requests.filter(url => !/^(?:file|data):/.test(url)), [])
    assert.deepEqual(await elsewhere.page.locator('a').count(), 0)
  })

  it('says what is wrong with a file that is not a flow', async t => {
    const [server, browser, folder] = await Promise.all([start(t), startChromium(t), temporaryFolder(t)])
    const { page } = await openWindow(browser)
    await writeFile(join(folder, 'other.json'), '{"name":"package"}')
    await page.goto(`${server.url}/flow`)
    await page.getByLabel('Open a saved flow').setInputFiles(join(folder, 'other.json'))
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('This file was not saved from /flow.').waitFor()
  })

  it('works without JavaScript, by reloading the page', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/flow`)
    await page.getByText('No client has connected yet').waitFor()
    await runSdkClient(t, server)
    await page.reload()
    await page.getByText('Reload the page to see what is new.').waitFor()
    await messages(page).last().locator('summary').first().click()
    await page.getByRole('heading', { name: 'Response from the resource server' }).waitFor()
    await page.goto(`${server.url}/explain`)
    await page.getByRole('searchbox').fill('verifier does not match')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('link', { name: 'code-verifier-matches' }).click()
    await page.getByRole('link', { name: 'src/core/oauth/grants/authorization-code.ts' }).click()
    await page.getByRole('heading', { name: 'src/core/oauth/grants/authorization-code.ts' }).waitFor()
  })

  it('says when the server is gone, and continues when it is back', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await server.stop()
    await page.getByText('the server does not answer').waitFor()
    const again = await startServer(t, { DEBUG: 'true', SERVER_PORT: server.port })
    await page.getByText('Live:').waitFor()
    await createRequest(again, { redirect_uri, client_name: 'A new client' })
    await page.locator('#diagram em').getByText('A new client').waitFor()
  })

  it('says that a flow is gone after the server restarts', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    await createRequest(server, { redirect_uri })
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.locator('#flows a').click()
    await page.getByText('Live:').waitFor()
    await server.stop()
    await startServer(t, { DEBUG: 'true', SERVER_PORT: server.port })
    await page.getByText('no longer keeps this flow').waitFor()
  })

  it('leaves the browser connections for other pages', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const { context, page } = await openWindow(browser)
    for (let i = 0; i < 7; i++) await (await context.newPage()).goto(`${server.url}/flow`)
    await page.goto(`${server.url}/explain`)
    await page.getByRole('heading', { name: 'Rules', exact: true }).waitFor()
  })
})
