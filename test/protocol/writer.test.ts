import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concatBytes, Reader, toHex, utf8, Writer } from '@tallystick/protocol'
import fc from 'fast-check'

const anyBytes = fc.uint8Array({ maxLength: 600 })

describe('a writer', () => {
  test('writes a text as its UTF-8, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.nat(600), (texts, length) => {
        const last = 'x'.repeat(length)
        // Half a surrogate pair as well: it is no character, and UTF-8 has another one for it.
        const all = [last, ...texts, `${last}\ud800`, `\udc00${last}`]
        const writer = new Writer()
        for (const text of all) writer.text(text)
        assert.equal(toHex(writer.finish()), toHex(concatBytes(...all.map(utf8))))
      }),
    )
  })

  test('puts before what is written how many bytes it is, inside of each other as well', () => {
    const sizes = fc.oneof(fc.nat(300), fc.constantFrom(0, 127, 128, 16_383, 16_384, 70_000))
    fc.assert(
      fc.property(anyBytes, sizes, anyBytes, (before, size, after) => {
        const inner = new Uint8Array(size).fill(7)
        const writer = new Writer()
        writer.bytes(before)
        writer.sized(() => {
          writer.bytes(after)
          writer.sized(() => writer.bytes(inner))
        })
        writer.bytes(after)
        const reader = new Reader(writer.finish())
        assert.deepEqual(reader.bytes(before.length), before)
        const length = reader.varint()
        const start = reader.offset
        assert.deepEqual(reader.bytes(after.length), after)
        assert.deepEqual(reader.bytes(reader.varint()), size === 0 ? new Uint8Array() : inner)
        assert.equal(reader.offset - start, length)
        assert.deepEqual(reader.bytes(after.length), after)
        reader.end()
      }),
    )
  })

  test('shows the beginning of what it has, and forgets it', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, anyBytes, (first, second, third) => {
        const writer = new Writer()
        writer.bytes(first)
        writer.bytes(second)
        assert.deepEqual(new Uint8Array(writer.view(first.length)), first)
        writer.shift(first.length)
        assert.equal(writer.length, second.length)
        writer.bytes(third)
        assert.deepEqual(writer.finish(), concatBytes(second, third))
        assert.deepEqual(new Uint8Array(writer.view()), writer.finish())
        writer.clear()
        assert.equal(writer.length, 0)
      }),
    )
  })
})
