/** Attacks as tests. `bin/ledger` makes docs/attacks.md of them. */
import { it } from 'node:test'
import type { TestContext } from '../harness.ts'

/**
 * One attack: what the attacker does, as a sentence without its subject; what stops it, as the id of a rule or as a file
 * of src and a text of the line (`src/app/serve.ts: headersTimeout: 10_000`); and the proof, over the wire.
 */
export function attack(title: string, defence: string, prove: (t: TestContext) => Promise<void>): void {
  if (defence === '') throw new Error(`nothing stops: ${title}`)
  it(title, { timeout: 90_000 }, prove)
}

/** What an attacker can tell answers apart by: status, challenge and body. */
export async function answerOf(response: Response): Promise<{ status: number; challenge: string | null; body: string }> {
  return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.text() }
}
