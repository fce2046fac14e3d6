import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChainId,
  isRejection,
  outlineTransaction,
  parseTransaction,
  SIGNER_BYTES,
  TRANSACTION_BYTES_MAX,
  toHex,
  transactionCodec,
  transactionDigest,
} from '@tallystick/protocol'
import { mutate } from '../fuzz/mutate.js'
import { bytesOfLayout } from './layout-bytes.js'
import { Dice, seeds } from './test-channel.js'

const CHAIN = 'ab'.repeat(32) as ChainId

/** Whether the bytes are a transaction; of each that is one the outline is true. */
function checkOutline(encoded: Uint8Array): boolean {
  const transaction = parseTransaction(encoded)
  const outline = outlineTransaction(CHAIN, encoded)
  if (isRejection(transaction)) {
    if (isRejection(outline))
      assert.ok(['malformed', 'transaction_too_large'].includes(outline.code))
    return false
  }
  assert.ok(!isRejection(outline))
  const { body, signers } = transaction
  const signed = signers.map(({ publicKey, signature }) => publicKey + toHex(signature)).join('')
  assert.deepEqual(
    { ...outline, digest: toHex(outline.digest) },
    {
      kind: 'outline',
      digest: toHex(transactionDigest(CHAIN, body)),
      signersAt: encoded.length - SIGNER_BYTES * signers.length,
      signers: signers.length,
      hasOperations: body.operations.length > 0,
    },
  )
  assert.equal(toHex(encoded.subarray(outline.signersAt)), signed)
  return true
}

test('TX-1 INV-23 what is found out without reading a transaction is what reading it gives', () => {
  let accepted = 0
  for (const seed of seeds(2)) {
    const dice = new Dice(seed)
    for (let sample = 0; sample < 60; sample++) {
      const bytes = bytesOfLayout(transactionCodec.layout, dice)
      if (checkOutline(bytes)) accepted++
      for (let count = 0; count < 25; count++) checkOutline(mutate(bytes, bytes, dice))
    }
  }
  assert.ok(accepted >= 8, `${accepted} samples were accepted`)
})

test('LIM-1 a transaction that is too large is refused for its size, whoever asks', () => {
  const [within, above] = [TRANSACTION_BYTES_MAX, TRANSACTION_BYTES_MAX + 1]
  const codeOf = (bytes: number) => {
    const outline = outlineTransaction(CHAIN, new Uint8Array(bytes))
    return isRejection(outline) ? outline.code : 'outline'
  }
  assert.equal(codeOf(within), 'malformed')
  assert.equal(codeOf(above), 'transaction_too_large')
})
