import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newParty } from '@tallystick/protocol'
import { balanceOver } from '#client-sdk/wallet/balance.js'
import { PARTS_MAX } from '#client-sdk/wallet/wallet-records.js'
import { testChannel } from '../protocol/test-channel.js'

/** The balance of a wallet that has put these base units into its channels, of which 100 are kept in each. */
function balanceOf(...deposits: readonly bigint[]) {
  const channels = deposits.map((client) => {
    const party = newParty('client', testChannel({ client }))
    return { party, keyIndex: 0, books: 'whole' as const, end: undefined }
  })
  return balanceOver([], channels)
}

test('PAY-6 a payment in parts takes from as many channels as it may have parts, and one of one part from the best', () => {
  const { spendable, payable } = balanceOf(600n, 1_100n, 300n)
  assert.deepEqual([spendable, payable], [1_000n, 1_700n])
  const most = balanceOf(200n, 600n, ...Array.from({ length: PARTS_MAX - 1 }, () => 1_100n))
  assert.equal(most.payable, BigInt(PARTS_MAX - 1) * 1_000n + 500n)
  // One that has less than its exit is to cost takes nothing away.
  assert.deepEqual([balanceOf(0n, 600n).payable, balanceOf(0n).payable], [500n, 0n])
})
