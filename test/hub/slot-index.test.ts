import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sha256, toHex, utf8 } from '@tallystick/protocol'
import fc from 'fast-check'
import { SlotIndex } from '#hub/core/slot-index.js'

const keyOf = (name: number) => toHex(sha256(utf8(String(name))))

describe('INV-48 an index of slots', () => {
  test('finds what a map of sets holds, whatever was put in and taken out', () => {
    const steps = fc.array(
      fc.record({ isAdded: fc.boolean(), name: fc.nat(40), slot: fc.nat(5) }),
      { maxLength: 800, size: 'max' },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const index = new SlotIndex()
        const held = new Map<string, Set<number>>()
        for (const { isAdded, name, slot } of all) {
          const key = keyOf(name)
          const slots = held.get(key) ?? new Set()
          held.set(key, slots)
          if (isAdded && !slots.has(slot)) index.add(key, slot)
          if (!isAdded) index.remove(key, slot)
          if (isAdded) slots.add(slot)
          else slots.delete(slot)
          assert.deepEqual(inOrder(index.find(key)), inOrder(slots))
        }
        for (const [key, slots] of held) assert.deepEqual(inOrder(index.find(key)), inOrder(slots))
      }),
      { numRuns: 40 },
    )
  })

  test('takes by what is in it, and not by all that ever was', () => {
    const index = new SlotIndex()
    for (let round = 0; round < 20_000; round++) {
      index.add(keyOf(round), round)
      if (round >= 10) index.remove(keyOf(round - 10), round - 10)
    }
    assert.ok(index.bytes <= 12 * 128, `${index.bytes} bytes for ten`)
    for (let round = 0; round < 20_000; round++) index.add(keyOf(round), 7)
    assert.equal(index.bytes, 12 * 65_536)
    for (let round = 0; round < 20_000; round++) index.remove(keyOf(round), 7)
    assert.ok(index.bytes <= 12 * 128, `${index.bytes} bytes for ten`)
    assert.deepEqual(index.find(keyOf(19_995)), [19_995])
    assert.deepEqual(index.find(keyOf(19_000)), [])
  })
})

function inOrder(slots: Iterable<number>): number[] {
  return [...slots].sort((a, b) => a - b)
}
