/** Makes the pictures of docs/images: npm run screenshots, after a build. They show what the pages are, at one size. */
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createRequest, exchange, listTools, openWindow, startChromium } from './chromium.mjs'
import { startServer } from './harness.mjs'

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const redirect_uri = 'http://127.0.0.1:7777/callback'

// `node --test` at the root runs every file below `test/`.
if (process.env.npm_lifecycle_event === 'screenshots') await make()

async function make() {
  const ends = []
  const t = { after: end => ends.push(end) }
  try {
    await mkdir(folder, { recursive: true })
    const server = await startServer(t, { DEBUG: 'true', OAUTH_AUTO_APPROVE: 'false' })
    const browser = await startChromium(t)
    const client = createServer((_request, reply) => reply.end('The client')).listen(7777, '127.0.0.1')
    ends.push(() => client.close())
    const { page } = await openWindow(browser, { width: 1000 })
    const picture = async (name, height) => {
      await page.setViewportSize({ width: 1000, height })
      await page.evaluate(() => document.activeElement?.blur())
      await page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled' })
    }

    await fetch(server.mcpUrl, { method: 'POST' })
    for (const path of ['protected-resource/mcp', 'authorization-server']) await fetch(`${server.url}/.well-known/oauth-${path}`)
    const request = await createRequest(server, { redirect_uri, client_name: 'Weather assistant' })
    await page.goto(request.url)
    await page.getByRole('button', { name: 'Sign in as Demo User' }).click()
    await page.getByRole('heading', { name: /^Allow / }).waitFor()
    await picture('consent', 940)

    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(`${redirect_uri}?*`)
    const tokens = await exchange(server, request, page.url())
    await listTools(server, tokens)
    await page.goto(`${server.url}/flow`)
    await page.locator('#flows a').last().click()
    await page.getByText('Live:').waitFor()
    await picture('flow', 1180)

    const wrong = request.again({ redirect_uri: redirect_uri.replace('127.0.0.1', 'localhost') })
    const { error_uri } = await (await fetch(wrong.url)).json()
    await page.goto(error_uri)
    await page.getByRole('heading', { name: 'Your request' }).waitFor()
    await picture('explain', 1000)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
