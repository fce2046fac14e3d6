import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChainId,
  isRejection,
  parseTransaction,
  parseTransactionFor,
  TRANSACTION_BYTES_MAX,
  toHex,
  transactionCodec,
  transactionDigest,
} from '@tallystick/protocol'
import { mutate } from '../fuzz/mutate.js'
import { bytesOfLayout } from './layout-bytes.js'
import { Dice, seeds } from './test-channel.js'

const CHAIN = 'ab'.repeat(32) as ChainId

/** Whether the bytes are a transaction; either way both readings say the same of them. */
function checkReadings(encoded: Uint8Array): boolean {
  const transaction = parseTransaction(encoded)
  const received = parseTransactionFor(CHAIN, encoded)
  if (isRejection(received)) {
    assert.deepEqual(received, transaction)
    return false
  }
  assert.ok(!isRejection(transaction))
  assert.deepEqual(received.transaction, transaction)
  assert.equal(toHex(received.digest), toHex(transactionDigest(CHAIN, transaction.body)))
  return true
}

test('TX-1 INV-23 the digest of the bytes that came is that of the body encoded again', () => {
  let accepted = 0
  for (const seed of seeds(2)) {
    const dice = new Dice(seed)
    for (let sample = 0; sample < 60; sample++) {
      const bytes = bytesOfLayout(transactionCodec.layout, dice)
      if (checkReadings(bytes)) accepted++
      for (let count = 0; count < 25; count++) checkReadings(mutate(bytes, bytes, dice))
    }
  }
  assert.ok(accepted >= 8, `${accepted} samples were accepted`)
})

test('LIM-1 a transaction that is too large is refused for its size, whoever asks', () => {
  const [within, above] = [TRANSACTION_BYTES_MAX, TRANSACTION_BYTES_MAX + 1]
  const codeOf = (bytes: number) => {
    const received = parseTransactionFor(CHAIN, new Uint8Array(bytes))
    return isRejection(received) ? received.code : 'received'
  }
  assert.equal(codeOf(within), 'malformed')
  assert.equal(codeOf(above), 'transaction_too_large')
})
