import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RefusedWork } from '#settlement/api/refused-work.js'

describe('INV-45 work on refused submissions', () => {
  test('is charged to its address alone, and wears off at a tenth of a core', () => {
    const work = new RefusedWork()
    work.charge('a', 5_000, 0)
    assert.equal(work.isExhausted('a', 0), false)
    work.charge('a', 100, 0)
    assert.equal(work.isExhausted('a', 0), true)
    assert.equal(work.isExhausted('b', 0), false)
    assert.equal(work.isExhausted('a', 999), true)
    assert.equal(work.isExhausted('a', 1_000), false)
  })

  test('is remembered for the ten thousand addresses that were charged last', () => {
    const work = new RefusedWork()
    for (let i = 0; i <= 10_000; i++) work.charge(`${i}`, 6_000, 0)
    assert.equal(work.isExhausted('0', 0), false)
    assert.equal(work.isExhausted('1', 0), true)
    assert.equal(work.isExhausted('10000', 0), true)
  })
})
