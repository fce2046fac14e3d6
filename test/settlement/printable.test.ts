import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable } from '#settlement/cli/printable.js'

test('INV-45 what a node said cannot move the cursor of a terminal; lines and letters stay', () => {
  assert.equal(printable('a\u001b[2Jb\u0007\u009b\rc'), 'a\\x1b[2Jb\\x07\\x9b\\x0dc')
  assert.equal(printable('höhe 5\nok'), 'höhe 5\nok')
})
