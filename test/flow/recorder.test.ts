import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AnsweredExchange } from '../../src/core/context/recording.ts'
import { FlowRecorder } from '../../src/flow/recorder.ts'
import { json, type Request } from '../../src/base/http/message.ts'

function recorder(limits: ConstructorParameters<typeof FlowRecorder>[1], now = () => 1000): FlowRecorder {
  return new FlowRecorder(now, limits)
}

function call(client_id: string, rest: Partial<AnsweredExchange> = {}): AnsweredExchange {
  const request: Request = {
    method: 'POST', path: '/oauth/register', query: '', headers: {}, parameter: '', remoteAddress: client_id,
    signal: AbortSignal.abort(), text: async () => '',
  }
  return { id: client_id, time: 1000, duration: 1, request, body: '', caller: 'program', reply: json(201, { client_id }), verdicts: [], ...rest }
}

describe('FlowRecorder', () => {
  it('lets the oldest flow give way to a new one', () => {
    const flows = recorder({ flows: 3 })
    for (const name of ['a', 'b', 'c', 'd']) flows.record(call(name))
    assert.deepEqual(flows.list().map(({ client_id }) => client_id), ['d', 'c', 'b'])
  })

  it('counts a flow as new while it goes on', () => {
    const flows = recorder({ flows: 2 })
    for (const name of ['a', 'b', 'a', 'c']) flows.record(call(name))
    assert.deepEqual(flows.list().map(({ client_id }) => client_id), ['c', 'a'])
  })

  it('keeps the newest exchanges of a flow, and says how many it dropped', () => {
    const flows = recorder({ exchangesPerFlow: 5 })
    for (let i = 0; i < 12; i++) flows.record(call('a', { id: String(i) }))
    const [flow] = flows.list()
    assert.deepEqual([flow!.exchanges.map(({ id }) => id), flow!.dropped], [['7', '8', '9', '10', '11'], 7])
  })

  it('stays below its bytes', () => {
    const flows = recorder({ bytes: 50_000 })
    for (let i = 0; i < 50; i++) flows.record(call(`client ${i}`, { reply: json(201, { client_id: `client ${i}`, x: 'x'.repeat(5000) }) }))
    const kept = flows.list()
    assert.ok(kept.length > 5 && JSON.stringify(kept).length < 60_000, `${kept.length} flows`)
    assert.equal(kept[0]!.client_id, 'client 49')
  })

  it('forgets a flow with every name that led to it', () => {
    const flows = recorder({ flows: 1 })
    flows.record(call('a'))
    flows.record(call('b'))
    flows.record(call('a'))
    assert.deepEqual(flows.list().map(({ exchanges }) => exchanges.length), [1])
  })

  it('finds an exchange by its trace id, and none by another', () => {
    const flows = recorder({})
    flows.record(call('a', { id: 'the-trace' }))
    assert.equal(flows.trace('the-trace')?.exchange.id, 'the-trace')
    assert.equal(flows.trace('another'), undefined)
  })

  it('tells nobody who no longer watches', () => {
    const flows = recorder({})
    let told = 0
    const stop = flows.watch(() => told++, 'here')
    flows.record(call('a'))
    stop()
    flows.record(call('a'))
    assert.deepEqual([told, flows.watching], [1, 0])
  })
})

