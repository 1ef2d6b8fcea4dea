/** A real Chromium, driven by playwright-core, and what must hold for every page. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { defer } from './harness.mjs'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** The browser itself must send no requests: only its pages do. */
const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** Starts a browser, which ends with the test. */
export async function startChromium(t) {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args, headless: true })
  defer(t, () => browser.close())
  return browser
}

/** Opens a window with its own cookies. `requests` and `complaints` collect what its pages request and log. */
export async function openWindow(browser, { width = 1280, colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const requests = []
  const complaints = []
  page.on('request', request => requests.push(request.url()))
  page.on('console', message => complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  return { page, context, requests, complaints }
}

/** Asserts what must hold for every page, in any width and color scheme. A page that `grows` has changed since it was loaded. */
export async function assertSoundPage({ page, requests, complaints }, name, { grows = false } = {}) {
  const { origin } = new URL(page.url())
  assert.deepEqual(await accessibilityFindings(page), [], `${name} is accessible`)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide`)
  const navigation = await page.evaluate(() => new Set([...document.querySelectorAll('nav[aria-label=Site] li')].map(item => item.offsetTop)).size)
  assert.ok(navigation <= 1, `the navigation of ${name} has ${navigation} lines`)
  // The footer may move a little while a long page still arrives. What moves on a page that is there moves by more.
  if (!grows) assert.ok(await layoutShift(page) < 0.01, `${name} does not move`)
  assert.deepEqual(requests.filter(url => !url.startsWith(`${origin}/`) && !url.startsWith('data:')), [], `${name} requests nothing from other hosts`)
  // Chromium logs the status of an error page, which is not a defect of the page.
  assert.deepEqual(complaints.filter(text => !/^Failed to load resource: the server responded with a status of 4\d\d/.test(text)), [], name)
}

/** How far content moved after it was shown (Layout Instability API). */
function layoutShift(page) {
  return page.evaluate(() => new Promise(resolve => {
    let sum = 0
    new PerformanceObserver(list => list.getEntries().forEach(({ value, hadRecentInput }) => { if (!hadRecentInput) sum += value }))
      .observe({ type: 'layout-shift', buffered: true })
    setTimeout(() => resolve(sum), 50)
  }))
}

/** The serious and critical findings of axe-core, which is evaluated outside of the page because its policy allows no script. */
async function accessibilityFindings(page) {
  const axe = await readFile(fileURLToPath(new URL('node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8')
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`)
}

/** Registers a client and creates an authorization request for it, with its `code_verifier`. */
export async function createRequest({ url }, { redirect_uri, client_name = 'Weather assistant', ...parameters }) {
  const response = await fetch(`${url}/oauth/register`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name, redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }),
  })
  const { client_id } = await response.json()
  const again = (changes = {}) => {
    const code_verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      response_type: 'code', client_id, redirect_uri, state: 'the state', code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(code_verifier).digest('base64url'), ...parameters, ...changes,
    })
    return { url: `${url}/oauth/authorize?${query}`, code_verifier }
  }
  return { client_id, redirect_uri, again, ...again() }
}

/** Exchanges the code that arrived at the redirect URI. */
export async function exchange({ url }, { client_id, redirect_uri, code_verifier }, location) {
  const code = new URL(location).searchParams.get('code')
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id, redirect_uri }),
  })
  const tokens = await response.json()
  assert.equal(response.status, 200, JSON.stringify(tokens))
  return tokens
}

/** The status with which the MCP server answers tools/list. */
export async function listTools({ mcpUrl }, { access_token }) {
  const { status } = await fetch(mcpUrl, {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    headers: { 'authorization': `Bearer ${access_token}`, 'content-type': 'application/json', 'accept': 'application/json, text/event-stream' },
  })
  return status
}
