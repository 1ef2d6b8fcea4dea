import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { html } from '../../src/base/ui/html.ts'
import { contentSecurityPolicy, inlineScript, page, pageReply } from '../../src/base/ui/page.ts'
import { style } from '../../src/base/ui/style.ts'

const site = { issuer: 'https://mcp.example.com/tenant', serverName: 'Weather', debug: false }

describe('page()', () => {
  it('has a language, a title and landmarks for screen readers', () => {
    const { text } = page('Rules', html`<p>body</p>`, { site })
    for (const part of ['<html lang="en">', '<title>Rules · Weather</title>', '<header', '<nav aria-label="Site">', '<main id="content">', '<footer']) {
      assert.ok(text.includes(part), part)
    }
  })

  it('begins with a link to skip to the content', () => {
    assert.match(page('Rules', html`<p>body</p>`, { site }).text, /<body>\n<a class="skip" href="#content">/)
  })

  it('has exactly one h1, its title', () => {
    assert.deepEqual(page('a < b', html`<p>body</p>`, { site }).text.match(/<h1>.*<\/h1>/g), ['<h1>a &lt; b</h1>'])
  })

  it('links to the pages below the path of SERVER_URL, and marks the current one', () => {
    const { text } = page('Endpoints', html`<p>body</p>`, { site, path: '/docs' })
    assert.match(text, /<a href="https:\/\/mcp\.example\.com\/tenant\/docs" aria-current="page">Endpoints<\/a>/)
    assert.equal(text.match(/ aria-current=/g)?.length, 1)
  })

  it('has no links without a site', () => {
    assert.doesNotMatch(page('Done', html`<p>body</p>`).text, /<header|<nav|<footer/)
  })
})

describe('pageReply()', () => {
  it('sets no policy of its own for a page without a script', () => {
    assert.equal(pageReply(200, 'Rules', html`<p>body</p>`, { site }).headers['content-security-policy'], undefined)
  })

  it('allows the script of a page by its hash', () => {
    const { headers, body } = pageReply(200, 'Flow', html`<p>body</p>`, { site, script: inlineScript('draw()') })
    const hash = createHash('sha256').update('draw()').digest('base64')
    assert.ok(headers['content-security-policy']!.endsWith(`; script-src 'sha256-${hash}'; connect-src 'self'`))
    assert.match(String(body), /<script>draw\(\)<\/script>/)
  })
})

describe('The content security policy', () => {
  it('loads nothing, frames nothing, and has no form-action', () => {
    const hash = createHash('sha256').update(style).digest('base64')
    assert.equal(contentSecurityPolicy, `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`)
  })
})

/** The custom properties of the style sheet for a color scheme. */
function tokens(scheme: 'light' | 'dark'): Record<string, string> {
  const [light, dark] = style.split('@media (prefers-color-scheme: dark)')
  return Object.fromEntries([...(scheme === 'light' ? light! : dark!.split('\n}\n')[0]!).matchAll(/--([a-z-]+): (#[0-9a-f]{3,6})/g)]
    .map(([, name, color]) => [name, color]))
}

/** The contrast of two colors (WCAG 2.2, contrast ratio). */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light! + 0.05) / (dark! + 0.05)
}

function luminance(color: string): number {
  const digits = color.length === 4 ? [...color.slice(1)].map(digit => digit + digit).join('') : color.slice(1)
  const [r, g, b] = [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16) / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

const pairs = [
  ['ink', 'paper'], ['ink', 'surface'], ['ink', 'code'], ['muted', 'paper'], ['muted', 'surface'], ['muted', 'code'], ['accent', 'paper'],
  ['accent', 'surface'], ['accent', 'accent-surface'], ['on-accent', 'accent'], ['on-accent', 'accent-hover'], ['good', 'good-surface'],
  ['bad', 'bad-surface'], ['warn', 'warn-surface'], ['ink', 'good-surface'], ['ink', 'bad-surface'], ['ink', 'warn-surface'], ['on-mark', 'mark'],
] as const

describe('The style sheet', () => {
  for (const scheme of ['light', 'dark'] as const) {
    for (const [text, ground] of pairs) {
      it(`has a contrast of 4.5 to 1 for ${text} on ${ground} in the ${scheme} color scheme (WCAG 2.2, 1.4.3)`, () => {
        const colors = tokens(scheme)
        const ratio = contrast(colors[text]!, colors[ground]!)
        assert.ok(ratio >= 4.5, `${ratio}`)
      })
    }
  }

  it('loads nothing', () => assert.doesNotMatch(style, /url\(|@import|@font-face/))
})
