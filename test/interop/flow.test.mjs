/** What a developer sees in a real Chromium: the live flow, the explanation of an error, the source. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { assertSoundPage, createRequest, openWindow, startChromium } from './chromium.mjs'
import { assertToolsWork, Browser, defer, interop, MemoryProvider, redirect_uri, startServer, temporaryFolder, until } from './harness.mjs'

interop('The live flow in Chromium', async () => {
  const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await import('@modelcontextprotocol/client')

  const start = t => startServer(t, { DEBUG: 'true' })

  /** The client of the official SDK goes through everything: refused, registered, authorized, connected, three tools called. */
  async function runSdkClient(t, server, client_name = 'SDK client') {
    const authProvider = new MemoryProvider({ client_name })
    const open = () => new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider })
    const client = () => new Client({ name: 'interop', version: '1' })
    const transport = open()
    await assert.rejects(client().connect(transport), UnauthorizedError)
    await transport.finishAuth(await new Browser().visit(authProvider.visits.at(-1)))
    const connected = client()
    defer(t, () => connected.close())
    await connected.connect(open())
    await assertToolsWork(connected)
  }

  /** An authorization request with `localhost` in place of `127.0.0.1`, and where its error leads. */
  async function fail(server) {
    const request = await createRequest(server, { redirect_uri })
    const { url } = request.again({ redirect_uri: redirect_uri.replace('127.0.0.1', 'localhost') })
    const { error_uri } = await (await fetch(url)).json()
    return error_uri
  }

  const messages = page => page.locator('#diagram > li')

  it('draws a run of the official SDK client, message by message, while the page is open', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const window = await openWindow(browser)
    const { page } = window
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live: what happens is drawn as it happens.').waitFor()
    await page.getByText('Nothing has happened yet').waitFor()
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
    await assertSoundPage(window, 'the live flow')
  })

  it('keeps a message open while others arrive', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const request = await createRequest(server, { redirect_uri })
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await messages(page).first().locator('summary').first().click()
    await page.getByRole('heading', { name: 'Client asks' }).waitFor()
    await fetch(request.url, { redirect: 'manual' })
    await page.getByText('goes on to').waitFor()
    assert.ok(await page.getByRole('heading', { name: 'Client asks' }).isVisible())
  })

  it('opens a message by the keyboard alone', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    await fail(server)
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await messages(page).last().locator('summary').first().focus()
    await page.keyboard.press('Enter')
    await page.getByText('broken', { exact: true }).waitFor()
  })

  it('leads from the error_uri of a failure to the explanation of that very request, and on to its flow', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(await fail(server))
    await page.getByRole('heading', { name: 'Your request' }).waitFor()
    assert.deepEqual(await page.locator('.comparison mark').allInnerTexts(), ['localhost', '127.0.0.1'])
    await page.getByText('both are this machine, and they are two hosts all the same').waitFor()
    await page.getByRole('link', { name: 'See it in its flow' }).click()
    await page.locator('li.bad > details[open]').getByText('redirect-uri-is-registered').first().waitFor()
  })

  it('saves a flow, opens it again, and hands it on as a page that needs nobody', async t => {
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
    const handed = await download('Hand on as a page', 'flow.html')

    await page.getByLabel('Open a flow that was saved').setInputFiles(file)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('This is a file, saved').waitFor()
    assert.equal(await messages(page).count(), count)
    await assertSoundPage(window, 'a flow that was opened')

    const elsewhere = await openWindow(browser)
    await elsewhere.page.goto(pathToFileURL(handed).href)
    assert.equal(await messages(elsewhere.page).count(), count)
    assert.deepEqual(elsewhere.requests.filter(url => !/^(?:file|data):/.test(url)), [])
    assert.deepEqual(await elsewhere.page.locator('a:not(.skip)').count(), 0)
  })

  it('says what is wrong with a file that is none', async t => {
    const [server, browser, folder] = await Promise.all([start(t), startChromium(t), temporaryFolder(t)])
    const { page } = await openWindow(browser)
    await writeFile(join(folder, 'other.json'), '{"name":"package"}')
    await page.goto(`${server.url}/flow`)
    await page.getByLabel('Open a flow that was saved').setInputFiles(join(folder, 'other.json'))
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('This file was not saved from /flow.').waitFor()
  })

  it('works without JavaScript, as a page that is loaded again', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/flow`)
    await page.getByText('Nothing has happened yet').waitFor()
    await runSdkClient(t, server)
    await page.reload()
    await page.getByText('Reload to see what is new.').waitFor()
    await messages(page).last().locator('summary').first().click()
    await page.getByRole('heading', { name: 'Resource server answers' }).waitFor()
    await page.goto(`${server.url}/explain`)
    await page.getByRole('searchbox').fill('verifier does not match')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('link', { name: 'code-verifier-matches' }).click()
    await page.getByRole('link', { name: 'src/oauth/authorization-code-grant.ts' }).click()
    await page.getByRole('heading', { name: 'src/oauth/authorization-code-grant.ts' }).waitFor()
  })

  it('says so when the server is gone, and goes on when it is back', async t => {
    const [server, browser] = await Promise.all([start(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/flow`)
    await page.getByText('Live:').waitFor()
    await server.stop()
    await page.getByText('The server does not answer.').waitFor()
    const again = await startServer(t, { DEBUG: 'true', SERVER_PORT: server.port })
    await page.getByText('Live:').waitFor()
    await createRequest(again, { redirect_uri, client_name: 'A new client' })
    await page.locator('#diagram em').getByText('A new client').waitFor()
  })

  for (const [width, colorScheme] of [[360, 'light'], [1280, 'dark'], [1600, 'light']]) {
    it(`has sound pages at ${width} pixels, ${colorScheme}`, async t => {
      const [server, browser] = await Promise.all([start(t), startChromium(t)])
      const window = await openWindow(browser, { width, colorScheme })
      const { page } = window
      const visit = async (path, name, prepare = async () => {}) => {
        await page.goto(new URL(path, server.url).href)
        await prepare()
        await assertSoundPage(window, name)
      }
      await visit('/flow', 'an empty /flow', () => page.getByText('Live:').waitFor())
      await runSdkClient(t, server)
      const error_uri = await fail(server)
      await visit('/flow', '/flow with everything open', async () => {
        await page.getByText('Live:').waitFor()
        await page.locator('#flows a').last().click()
        await page.getByText('Live:').waitFor()
        await until(() => messages(page).count(), () => 'no messages')
        await page.evaluate(() => document.querySelectorAll('#diagram details').forEach(details => { details.open = true }))
      })
      await visit(error_uri, 'an explanation of a request')
      await page.getByRole('link', { name: 'See it in its flow' }).click()
      await assertSoundPage(window, 'a flow with an error')
      await visit('/explain', 'every rule')
      await visit('/explain?by=specification&q=token', 'a search')
      await visit('/explain/access-token-claims-are-typed', 'a rule')
      await visit('/source', 'the source')
      await visit('/source/oauth/redirect-uri.ts', 'a file of the source')
    })
  }
})
