import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainRule } from '../../src/client/cli/explain.ts'
import { catalogue } from '../../src/catalogue/catalogue.ts'
import { assertEnds, makeHome, runClient, succeed } from '../run-client.ts'

describe('client --explain', () => {
  it('prints requirement, reason, remedy and clause of a rule, without a server and without a storage', async t => {
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--explain=issuer-is-identical', '--storage', home.path])
    assert.match(stdout, new RegExp([
      '^issuer-is-identical {2}\\[RFC 8414 section 3\\.3\\]', 'required +The issuer .+', 'without it +An attacker .+', 'what to do +Use one string .+',
      'checked by +Client \\(What the client checks\\)', '$',
    ].join('\\n')))
    assert.equal(stderr, '')
  })

  it('explains every rule of the catalogue, those of the servers as well', () => {
    for (const { id, clause } of catalogue.flatMap(({ rules }) => rules)) assert.ok(explainRule(id).startsWith(`${id}  [${clause}]\n`), id)
  })

  it('ends with 2 for a rule that is not there, and offers the nearest', async t => {
    const ended = await runClient(t, await makeHome(t), ['--explain', 'resource-metadata-match'])
    assertEnds(ended, 2, /^Error: there is no rule resource-metadata-match\n {2}Nearest to it: resource-metadata-matches, /)
  })

  for (const id of ['', 'x', 'iss', 'constructor', '\u001b[2J', 'x'.repeat(5000)]) {
    it(`offers something for ${JSON.stringify(id.slice(0, 20))}`, () => {
      assert.throws(() => explainRule(id), { name: 'ClientError', exitCode: 2, remedy: /^Nearest to it: [a-z]/ })
    })
  }

  it('is named by --help', async t => {
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--help'])
    assert.match(stdout, /--explain RULE/)
  })
})
