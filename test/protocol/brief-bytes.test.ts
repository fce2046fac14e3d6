import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { briefBytes } from '#protocol/primitives/brief-bytes.js'

test('a brief copy stays as it is, whatever is copied after it, and whatever becomes of the original', () => {
  const lengths = fc.array(fc.oneof(fc.nat(300), fc.nat(6_000), fc.constantFrom(4_096, 4_097)), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(lengths, (all) => {
      const original = new Uint8Array(6_000)
      const copies = all.map((length, i) => {
        original.fill(i + 1)
        return briefBytes(original.subarray(0, length))
      })
      original.fill(0)
      for (const [i, copy] of copies.entries()) {
        assert.equal(copy.length, all[i])
        assert.ok(copy.every((byte) => byte === i + 1))
      }
      // Nor does what is written into one reach another.
      for (const copy of copies) copy.fill(255)
      assert.ok(copies.every((copy) => copy.every((byte) => byte === 255)))
    }),
  )
})

test('a brief copy of a Buffer is a copy', () => {
  for (const length of [10, 5_000]) {
    const buffer = Buffer.alloc(length, 1)
    const copy = briefBytes(buffer)
    buffer.fill(2)
    assert.ok(copy.every((byte) => byte === 1))
  }
})
