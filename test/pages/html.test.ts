import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { displayText, html } from '../../src/base/ui/html.ts'

describe('html``', () => {
  it('escapes every character with a meaning in HTML', () => {
    assert.equal(html`<p title="${`"'`}">${'<b>&</b>'}</p>`.text, '<p title="&quot;&#39;">&lt;b&gt;&amp;&lt;/b&gt;</p>')
  })
  it('does not escape Html again', () => assert.equal(html`<p>${html`<b>${'<'}</b>`}</p>`.text, '<p><b>&lt;</b></p>'))
  it('joins a list', () => {
    assert.equal(html`<ul>${['a', '<'].map(text => html`<li>${text}</li>`)}</ul>`.text, '<ul><li>a</li><li>&lt;</li></ul>')
  })
  it('writes numbers', () => assert.equal(html`${0}`.text, '0'))
  it('writes nothing for undefined', () => assert.equal(html`<p>${undefined}</p>`.text, '<p></p>'))
})

describe('displayText()', () => {
  const shown = {
    'keeps letters of every script': { text: 'Zürich 世界 🌍', is: 'Zürich 世界 🌍' },
    'keeps the marks of Thai and Vietnamese': { text: 'ที่ e\u0323\u0302', is: 'ที่ e\u0323\u0302' },
    'keeps the marks of Burmese': { text: 'ကျော် မျှော်လင့်', is: 'ကျော် မျှော်လင့်' },
    'keeps the marks of Tibetan': { text: 'སྒྲུཾ', is: 'སྒྲུཾ' },
    'keeps the cap of a key': { text: '1\u20e3 Password', is: '1\u20e3 Password' },
    'takes out what would be drawn over other text': { text: `a${'\u0323\u0333'.repeat(40)}b\u20dd`, is: 'a\u0323\u0333\u0323\u0333b' },
    'takes out what would be drawn over the text before it': { text: '\u0323\u20e3a', is: 'a' },
    'counts the marks on a letter through what has no shape': { text: `a${'\u0323\u200b'.repeat(40)}`, is: 'a\u0323\u0323\u0323\u0323' },
    'takes out what turns the reading direction': { text: 'safe\u202egnp.exe\u2066', is: 'safegnp.exe' },
    'takes out what has no shape': { text: 'Cl\u200baude\u00ad\ufeff', is: 'Claude' },
    'takes out what is shown as nothing': { text: '\u3164\u2800a\ufe0f\u115f', is: 'a' },
    'takes out control characters': { text: 'a\u0000b\u001b[31mc\u0085', is: 'ab[31mc' },
    'takes out line and paragraph separators': { text: 'a\u2028b\u2029c', is: 'abc' },
    'takes out private-use characters': { text: 'a\ue000b', is: 'ab' },
    'makes one blank of many': { text: '  a \u00a0 \u3000 b  ', is: 'a b' },
    'cuts what is long': { text: 'abcdef', is: 'abc…', limit: 3 },
    'cuts no character in two': { text: 'ab🌍cd', is: 'ab🌍…', limit: 3 },
    'leaves nothing of a text without shape': { text: '\u200b\u200e\t', is: '' },
  }
  for (const [what, { text, is, limit }] of Object.entries<{ text: string; is: string; limit?: number }>(shown)) {
    it(what, () => assert.equal(displayText(text, limit), is))
  }
})
