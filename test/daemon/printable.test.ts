import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableLine } from '@tallystick/daemon'
import fc from 'fast-check'

test('INV-45 what a node said cannot move the cursor of a terminal; lines and letters stay', () => {
  assert.equal(printable('a\u001b[2Jb\u0007\u009b\rc'), 'a\\x1b[2Jb\\x07\\x9b\\x0dc')
  assert.equal(printable('höhe 5\nok'), 'höhe 5\nok')
})

test('INVOICE-5 no text moves the cursor, forges a line or turns the direction of one', () => {
  const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u
  assert.equal(printableLine('a\x1b[2J\nb\u202ec ☕'), 'a\\x1b[2J\\x0ab\\u202ec ☕')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(printableLine(text), unsafe)
      assert.doesNotMatch(printable(text).replaceAll('\n', ''), /\p{Cc}/u)
    }),
  )
})
