/** Every page for developers in Chromium: accessible, no wider than the window, and without requests to other hosts. */
import { it } from 'node:test'
import { assertSoundPage, openWindow, startChromium } from './chromium.mjs'
import { fail, runSdkClient } from './flows.mjs'
import { interop, startServer, until } from './harness.mjs'

interop('The pages for developers in Chromium', () => {
  async function start(t, view) {
    const [server, browser] = await Promise.all([startServer(t, { DEBUG: 'true' }), startChromium(t)])
    const window = await openWindow(browser, view)
    const { page } = window
    const visit = async (path, name, prepare = async () => {}, options = {}) => {
      await page.goto(new URL(path, server.url).href)
      await prepare()
      await assertSoundPage(window, name, options)
    }
    return { server, window, page, visit }
  }

  for (const view of [{ width: 360, colorScheme: 'light' }, { width: 1280, colorScheme: 'dark' }, { width: 1600, colorScheme: 'light' }]) {
    it(`shows sound flows at ${view.width} pixels, ${view.colorScheme}`, async t => {
      const { server, window, page, visit } = await start(t, view)
      const live = () => page.getByText('Live:').waitFor()
      await visit('/flow', 'an empty /flow', live)
      await runSdkClient(t, server)
      const error_uri = await fail(server)
      await visit('/flow', '/flow with everything open', async () => {
        await live()
        await page.locator('#flows a').last().click()
        await live()
        await until(() => page.locator('#diagram > li').count(), () => 'no messages')
        await page.evaluate(() => document.querySelectorAll('#diagram details').forEach(details => { details.open = true }))
      }, { grows: true })
      await visit('/flow', '/flow', live)
      await visit(error_uri, 'an explanation of a request')
      await page.getByRole('link', { name: 'See it in its flow' }).click()
      await assertSoundPage(window, 'a flow with an error')
    })

    it(`shows sound rules, endpoints and source at ${view.width} pixels, ${view.colorScheme}`, async t => {
      const { page, visit } = await start(t, view)
      const unfold = () => page.locator('summary').first().click()
      await visit('/docs', 'the endpoints', unfold)
      await visit('/explain', 'the rules', unfold)
      await visit('/explain?by=specification&q=token', 'a search')
      await visit('/explain/access-token-claims-are-typed', 'a rule')
      await visit('/source', 'the source', unfold)
      await visit('/source/base/protocol/redirect-uri.ts', 'a file of the source')
    })
  }

  it('unfolds what a link leads to', async t => {
    const { server, page } = await start(t)
    await page.goto(`${server.url}/docs#post-oauth-token`)
    await page.getByRole('cell', { name: 'authorization_code, refresh_token or client_credentials' }).waitFor()
    await page.goto(`${server.url}/explain/code-is-fresh`)
    await page.getByRole('link', { name: 'All rules' }).click()
    await page.getByRole('link', { name: 'code-is-fresh' }).waitFor()
  })

  it('unfolds a section with the keyboard alone', async t => {
    const { server, page } = await start(t)
    await page.goto(`${server.url}/explain`)
    await page.getByRole('link', { name: 'By specification' }).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'host-is-served' }).waitFor()
  })
})
