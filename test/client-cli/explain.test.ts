import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainRule } from '../../src/client/cli/explain.ts'
import { catalogue } from '../../src/catalogue/catalogue.ts'
import { assertEnds, makeHome, runClient, succeed } from '../run-client.ts'

describe('client --explain', () => {
  it('prints the requirement, reason, remedy and clause of a rule, without a server or storage', async t => {
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--explain=issuer-is-identical', '--storage', home.path])
    assert.match(stdout, new RegExp([
      '^issuer-is-identical {2}\\[RFC 8414 section 3\\.3\\]', 'required +The issuer .+', 'without it +An attacker .+', 'what to do +Use the same string .+',
      'checked by +Client \\(What the client checks\\)', '$',
    ].join('\\n')))
    assert.equal(stderr, '')
  })

  it('explains every rule of the catalogue, server rules included', () => {
    for (const { id, clause } of catalogue.flatMap(({ rules }) => rules)) assert.ok(explainRule(id).startsWith(`${id}  [${clause}]\n`), id)
  })

  it('exits with 2 for an unknown rule, and suggests similar ones', async t => {
    const ended = await runClient(t, await makeHome(t), ['--explain', 'resource-metadata-match'])
    assertEnds(ended, 2, /^Error: there is no rule resource-metadata-match\n {2}Did you mean resource-metadata-matches, /)
  })

  for (const id of ['', 'x', 'iss', 'constructor', '\u001b[2J', 'x'.repeat(5000)]) {
    it(`suggests a rule for ${JSON.stringify(id.slice(0, 20))}`, () => {
      assert.throws(() => explainRule(id), { name: 'ClientError', exitCode: 2, remedy: /^Did you mean [a-z]/ })
    })
  }

  it('is listed by --help', async t => {
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--help'])
    assert.match(stdout, /--explain RULE/)
  })
})
