/** Every page for developers in Chromium: accessible, no wider than the window, and without requests to other hosts. */
import { it } from 'node:test'
import { assertSoundPage, openWindow, startChromium } from './chromium.mjs'
import { fail, runSdkClient } from './flows.mjs'
import { interop, startServer, until } from './harness.mjs'

interop('The pages for developers in Chromium', () => {
  for (const [width, colorScheme] of [[360, 'light'], [1280, 'dark'], [1600, 'light']]) {
    it(`has sound pages at ${width} pixels, ${colorScheme}`, async t => {
      const [server, browser] = await Promise.all([startServer(t, { DEBUG: 'true' }), startChromium(t)])
      const window = await openWindow(browser, { width, colorScheme })
      const { page } = window
      const visit = async (path, name, prepare = async () => {}, options = {}) => {
        await page.goto(new URL(path, server.url).href)
        await prepare()
        await assertSoundPage(window, name, options)
      }
      const visitUnfolded = (path, name) => visit(path, name, () => page.locator('summary').first().click())
      await visit('/flow', 'an empty /flow', () => page.getByText('Live:').waitFor())
      await runSdkClient(t, server)
      const error_uri = await fail(server)
      await visit('/flow', '/flow with everything open', async () => {
        await page.getByText('Live:').waitFor()
        await page.locator('#flows a').last().click()
        await page.getByText('Live:').waitFor()
        await until(() => page.locator('#diagram > li').count(), () => 'no messages')
        await page.evaluate(() => document.querySelectorAll('#diagram details').forEach(details => { details.open = true }))
      }, { grows: true })
      await visit('/flow', '/flow', () => page.getByText('Live:').waitFor())
      await visit(error_uri, 'an explanation of a request')
      await page.getByRole('link', { name: 'See it in its flow' }).click()
      await assertSoundPage(window, 'a flow with an error')
      await visitUnfolded('/docs', 'the endpoints')
      await visitUnfolded('/explain', 'the rules')
      await visit('/explain?by=specification&q=token', 'a search')
      await visit('/explain/access-token-claims-are-typed', 'a rule')
      await visitUnfolded('/source', 'the source')
      await visit('/source/base/protocol/redirect-uri.ts', 'a file of the source')
    })
  }

  it('unfolds what a link leads to', async t => {
    const [server, browser] = await Promise.all([startServer(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/docs#post-oauth-token`)
    await page.getByRole('cell', { name: 'authorization_code, refresh_token or client_credentials' }).waitFor()
    await page.goto(`${server.url}/explain/code-is-fresh`)
    await page.getByRole('link', { name: 'All rules' }).click()
    await page.getByRole('link', { name: 'code-is-fresh' }).waitFor()
  })

  it('unfolds a section by the keyboard alone', async t => {
    const [server, browser] = await Promise.all([startServer(t), startChromium(t)])
    const { page } = await openWindow(browser)
    await page.goto(`${server.url}/explain`)
    await page.getByRole('link', { name: 'By specification' }).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'host-is-served' }).waitFor()
  })
})
