import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RATE_KEYS_MAX } from '#hub/limits.js'
import { TokenBuckets } from '#hub/rates/token-buckets.js'

/** Buckets on a clock that is moved by hand. */
function buckets(burst: number, refillMs: number) {
  const scene = { nowMs: 0 }
  const clock = { nowMs: () => scene.nowMs, after: () => () => undefined }
  return Object.assign(scene, { of: new TokenBuckets<string | number>(clock, { burst, refillMs }) })
}

describe('INV-45 WIRE-9 a rate', () => {
  test('gives the burst at once and then one for each refill; others have their own', () => {
    const scene = buckets(3, 100)
    const take = () => scene.of.takes('a')
    assert.deepEqual([take(), take(), take(), take()], [true, true, true, false])
    assert.equal(scene.of.takes('b'), true)
    scene.nowMs = 99
    assert.deepEqual([scene.of.has('a'), take()], [false, false])
    scene.nowMs = 100
    assert.deepEqual([scene.of.has('a'), take(), take()], [true, true, false])
    scene.nowMs = 1_000_000
    assert.deepEqual([take(), take(), take(), take()], [true, true, true, false])
  })

  test('is not mistaken where milliseconds are no whole number', () => {
    const scene = buckets(1, 10_000)
    for (let i = 0; i < 1_000; i++) {
      scene.nowMs += 10_000.1 + i / 3
      assert.ok(scene.of.has(i % 2) && scene.of.takes(i % 2))
    }
  })

  test('is taken from whoever has done wrong, as far as there is any, and comes back', () => {
    const scene = buckets(5, 100)
    scene.of.drain('a', 3)
    assert.deepEqual(
      [1, 2, 3].map(() => scene.of.takes('a')),
      [true, true, false],
    )
    scene.of.drain('a', 100)
    scene.nowMs = 499
    assert.equal(scene.of.takes('a'), true)
    scene.nowMs = 1_000
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => scene.of.takes('a')),
      [true, true, true, true, true, false],
    )
    assert.equal(scene.of.takes('b'), true)
  })

  test('forgets who has all of its tokens', () => {
    const scene = buckets(3, 100)
    for (let key = 0; key < 1_000; key++) scene.of.takes(key)
    assert.equal(scene.of.size, 1_000)
    scene.nowMs = 100
    scene.of.takes('next')
    assert.equal(scene.of.size, 1)
  })

  test('remembers so many and no more, and lets the longest unheard go', () => {
    const scene = buckets(1, 1_000)
    for (let key = 0; key <= RATE_KEYS_MAX; key++) scene.of.takes(key)
    assert.equal(scene.of.size, RATE_KEYS_MAX)
    assert.deepEqual([scene.of.has(0), scene.of.has(1)], [true, false])
  })
})
