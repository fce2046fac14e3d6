import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, sha256, toHex, utf8 } from '@tallystick/protocol'
import fc from 'fast-check'
import { rowDigest } from '#client-sdk/store/row-digest.js'

test('JRN-2 the digest of a row is over its table, the kinds and lengths of its values, and the values', () => {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.constant(null),
  )
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (values) => {
      const parts = values.map((part) => (part instanceof Uint8Array ? part : utf8(String(part))))
      const kinds = values.map((part) =>
        part instanceof Uint8Array
          ? 'b'
          : typeof part === 'string'
            ? 't'
            : part === null
              ? 'n'
              : 'i',
      )
      const shape = parts.map((bytes, i) => `${kinds[i]}${bytes.length}`).join(' ')
      const whole = concatBytes(utf8(`tallystick row money: ${shape}\n`), ...parts)
      assert.equal(toHex(rowDigest('money', values)), toHex(sha256(whole).subarray(0, 16)))
    }),
  )
})
