import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ExpiringMap } from '../../src/base/store/expiring-map.ts'

function create(limit = 3) {
  const clock = { now: 1000 }
  const evicted: string[] = []
  const map = new ExpiringMap<string>({ limit, lifetime: 10, now: () => clock.now, onEvict: value => evicted.push(value) })
  return { clock, evicted, map }
}

describe('ExpiringMap', () => {
  it('finds an entry until it expires', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 9.999
    assert.equal(map.get('a'), '1')
  })

  it('does not find an entry once it has expired', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 10
    assert.equal(map.get('a'), undefined)
  })

  it('does not return an expired entry when it is deleted', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 10
    assert.equal(map.delete('a'), undefined)
  })

  it('returns an entry when it is deleted, once', () => {
    const { map } = create()
    map.set('a', '1')
    assert.deepEqual([map.delete('a'), map.delete('a')], ['1', undefined])
  })

  it('restarts the lifetime when an entry is set again', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 6
    map.set('a', '2')
    clock.now += 6
    assert.equal(map.get('a'), '2')
  })

  it('does not extend the lifetime when an entry is updated', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 6
    map.update('a', '2')
    assert.equal(map.get('a'), '2')
    clock.now += 6
    assert.equal(map.get('a'), undefined)
  })

  it('does not add an entry on update', () => {
    const { map } = create()
    map.update('a', '1')
    assert.equal(map.get('a'), undefined)
  })

  it('counts only entries that have not expired', () => {
    const { clock, map } = create()
    map.set('a', '1')
    clock.now += 6
    map.set('b', '2')
    clock.now += 6
    assert.equal(map.size, 1)
  })

  it('evicts the oldest entry when it is full, and reports it', () => {
    const { evicted, map } = create(2)
    map.set('a', '1')
    map.set('b', '2')
    map.set('c', '3')
    assert.deepEqual([map.get('a'), map.get('b'), map.get('c'), evicted], [undefined, '2', '3', ['1']])
  })

  it('treats an entry that was set again as new', () => {
    const { map } = create(2)
    map.set('a', '1')
    map.set('b', '2')
    map.set('a', '1')
    map.set('c', '3')
    assert.deepEqual([map.get('a'), map.get('b')], ['1', undefined])
  })

  it('evicts nothing to replace an existing entry', () => {
    const { evicted, map } = create(2)
    map.set('a', '1')
    map.set('b', '2')
    map.set('b', '3')
    assert.deepEqual([map.get('a'), evicted], ['1', []])
  })

  it('removes expired entries before it evicts, and does not report them', () => {
    const { clock, evicted, map } = create(2)
    map.set('a', '1')
    map.set('b', '2')
    clock.now += 10
    map.set('c', '3')
    assert.deepEqual([map.size, map.isFull, evicted], [1, false, []])
  })
})
