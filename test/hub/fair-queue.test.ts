import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from '#hub/pipeline/fair-queue.js'

/** A queue in which each client has pushed what it is listed with. */
function queueOf(work: Record<string, readonly number[]>): FairQueue<string, string> {
  const queue = new FairQueue<string, string>()
  for (const [client, pieces] of Object.entries(work)) {
    for (const piece of pieces) queue.push(client, `${client}${piece}`)
  }
  return queue
}

describe('INV-46 work of many clients', () => {
  test('is taken one piece of each in turns, and each keeps its own order', () => {
    const queue = queueOf({ a: [1, 2, 3, 4], b: [1], c: [1, 2] })
    assert.equal(queue.size, 7)
    assert.deepEqual(queue.take(512), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'a4'])
    assert.equal(queue.size, 0)
    assert.deepEqual(queue.take(512), [])
  })

  test('goes on after a full batch with whose turn it is', () => {
    const queue = queueOf({ a: [1, 2, 3, 4], b: [1, 2], c: [1] })
    assert.deepEqual(queue.take(2), ['a1', 'b1'])
    assert.deepEqual(queue.take(2), ['c1', 'a2'])
    assert.deepEqual(queue.take(2), ['b2', 'a3'])
    assert.deepEqual(queue.take(2), ['a4'])
  })

  test('who comes to a flood waits one turn of each that was there, not their work', () => {
    const pieces = Array.from({ length: 1_000 }, (_, index) => index)
    const queue = queueOf({ flood: pieces, crowd: pieces })
    queue.take(512)
    queue.push('honest', 'honest')
    assert.deepEqual(queue.take(3), ['flood256', 'crowd256', 'honest'])
  })

  test('who has been served to the end and comes back has no turn ahead of those that wait', () => {
    const queue = queueOf({ a: [1], b: [1, 2], c: [1] })
    assert.deepEqual(queue.take(1), ['a1'])
    queue.push('a', 'a2')
    assert.deepEqual(queue.take(9), ['b1', 'c1', 'a2', 'b2'])
  })

  test('that is cleared is gone, and the queue takes the next', () => {
    const queue = queueOf({ a: [1, 2], b: [1] })
    queue.clear()
    assert.equal(queue.size, 0)
    assert.deepEqual(queue.take(9), [])
    queue.push('b', 'b2')
    assert.deepEqual(queue.take(9), ['b2'])
  })

  test('any pushes and takes: nothing is lost or doubled, orders are kept, no turn is missed', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ client: fc.integer({ min: 0, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ max: fc.integer({ min: 0, max: 7 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FairQueue<number, { client: number; piece: number }>()
        const pushed = [0, 0, 0, 0, 0, 0]
        const taken = [0, 0, 0, 0, 0, 0]
        /** Turns of each other client since this one began to wait, or was last served. */
        const passed = pushed.map(() => [0, 0, 0, 0, 0, 0])
        const waits = (client: number) => (pushed[client] ?? 0) > (taken[client] ?? 0)
        for (const each of steps) {
          if ('client' in each) {
            if (!waits(each.client)) passed[each.client]?.fill(0)
            const piece = pushed[each.client] ?? 0
            pushed[each.client] = piece + 1
            queue.push(each.client, { client: each.client, piece })
            continue
          }
          for (const { client, piece } of queue.take(each.max)) {
            assert.equal(piece, taken[client])
            taken[client] = piece + 1
            passed[client]?.fill(0)
            for (const [other, turns] of passed.entries()) {
              if (other === client || !waits(other)) continue
              turns[client] = (turns[client] ?? 0) + 1
              assert.ok((turns[client] ?? 0) <= 1, `${client} had two turns while ${other} waited`)
            }
          }
          const waiting = pushed.reduce((sum, count, at) => sum + count - (taken[at] ?? 0), 0)
          assert.equal(queue.size, waiting)
        }
      }),
    )
  })
})
