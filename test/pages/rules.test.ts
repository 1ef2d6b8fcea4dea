import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { catalogue, findRule } from '../../src/catalogue/catalogue.ts'
import { ruleText } from '../../src/base/rules/rule.ts'

const rules = catalogue.flatMap(group => group.rules)

const clause = new RegExp(`^(?:${[
  'RFC \\d+ section \\d', 'draft-[a-z-]+-\\d\\d section \\d', 'OAuth 2\\.1 section \\d', 'OpenID Connect .+ section \\d', 'JSON-RPC 2\\.0 section \\d',
  'MCP \\d{4}-\\d\\d-\\d\\d \\w',
].join('|')})`)

describe('The catalogue', () => {
  it('has unique rule ids', () => {
    const ids = rules.map(({ id }) => id)
    assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [])
  })

  it('has groups with titles', () => {
    assert.deepEqual(catalogue.filter(({ title, rules }) => title === '' || rules.length === 0), [])
  })

  it('does not find an unknown rule', () => assert.equal(findRule('nothing'), undefined))
  it('does not find a member of Object.prototype', () => assert.equal(findRule('constructor'), undefined))
})

for (const rule of rules) {
  describe(`The rule ${rule.id}`, () => {
    it('has an id in kebab-case', () => assert.match(rule.id, /^[a-z0-9]+(-[a-z0-9]+)+$/))
    it('is found by its id', () => assert.equal(findRule(rule.id), rule))
    it('names its clause', () => assert.match(rule.clause, clause))
    it('has a text that error_description allows (RFC 6749 section 5.2)', () => {
      assert.match(rule.says, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      assert.match(rule.says, /^\S.*\S$/)
      assert.doesNotMatch(rule.says, /\.$/)
    })
    it('is explained in sentences', () => {
      for (const text of [rule.requires, rule.otherwise, rule.remedy]) assert.match(text, /^\S.* .*\S\.$/s)
    })
    it('uses no placeholders but received and expected', () => {
      assert.doesNotMatch(rule.says.replaceAll('{received}', '').replaceAll('{expected}', ''), /[{}]/)
    })
    it('is reported as a rule with the same error and status', () => {
      const { shownAs = rule } = rule
      assert.deepEqual([shownAs.error, shownAs.status], [rule.error, rule.status])
      assert.equal(findRule(shownAs.id), shownAs)
      assert.equal(shownAs.shownAs, undefined)
    })
  })
}

describe('ruleText()', () => {
  const rule = { ...rules[0]!, says: '{received} is not {expected}' }
  it('fills in the received and the expected value', () => assert.equal(ruleText(rule, 'a', 'b'), 'a is not b'))
  it('writes a choice with or', () => assert.equal(ruleText(rule, 'a', ['b', 'c']), 'a is not b or c'))
  it('writes numbers', () => assert.equal(ruleText(rule, 1, 2), '1 is not 2'))
  it('writes nothing for an absent value', () => assert.equal(ruleText(rule, undefined, 'b'), 'nothing is not b'))
  it('truncates a long value', () => assert.equal(ruleText(rule, 'x'.repeat(300), 'b').length, 200 + '... is not b'.length))
  it('does not replace a placeholder in a received value', () => assert.equal(ruleText(rule, '{expected}', 'b'), '{expected} is not b'))
  it('does not interpret replacement patterns in a received value', () => assert.equal(ruleText(rule, "$&$'$1", 'b'), "$&$'$1 is not b"))
})
