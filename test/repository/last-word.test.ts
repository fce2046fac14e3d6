import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastWord } from '#scripts/network/last-word.js'

const line = (fields: object) => `${JSON.stringify(fields)}\n`
const info = line({ level: 30, msg: 'connected', detail: 'a client' })

test('why a process ended is its last word, and what ended it where it said none', () => {
  const fatal = line({ level: 60, code: 'store_failed', detail: 'the disk is full', msg: 'stops' })
  assert.equal(lastWord(`${info}${fatal}`)?.detail, 'store_failed: the disk is full')
  const thrown = line({ level: 60, code: 'hub_failed', err: { message: 'no such page' } })
  assert.equal(lastWord(thrown)?.detail, 'hub_failed: no such page')
  assert.deepEqual(lastWord(`${info}address_in_use: port 9740 is taken\n`), {
    code: 'address_in_use',
    detail: 'address_in_use: port 9740 is taken',
  })
  // Killed, it has said nothing: what it did last is no reason.
  for (const none of [info, '', 'Segmentation fault\n', '{"level":60', 'null', '{"code":5}']) {
    assert.equal(lastWord(none), undefined, none)
  }
})
