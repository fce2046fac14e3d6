import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ExitBundle, encodeExitBundle, parseExitBundle } from '@tallystick/client-sdk'
import { type ChainId, isRejection, timestamp, utf8 } from '@tallystick/protocol'
import { bundledFee, bundledForceClose, bundleExit } from '#client-sdk/exit/exit-bundle.js'
import { leavingPlan } from '#client-sdk/exit/way-out.js'
import { dutiesOf } from '#client-sdk/guard/duties.js'
import { channelFeeTransaction } from '#client-sdk/ledger/channel-fee-transaction.js'
import { finalizeTransaction } from '#client-sdk/ledger/finalize-transaction.js'
import { ChannelPair, FEE_PER_KILO_COST, itemId, preimage, WINDOW_SECONDS } from './channel-pair.js'
import { START } from './ledger-world.js'

const at = (seconds: number) => timestamp(START + seconds)

function pay(pair: ChannelPair, payer: 'client' | 'hub', name: number, value: bigint): void {
  pair.add(payer, name, value, START + 500)
  pair.update(payer, [{ kind: 'redeem', id: itemId(name), index: 1, link: preimage(name) }], START)
}

function leavingOf(pair: ChannelPair) {
  return {
    ...{ chainId: pair.world.chainId, party: pair.client, signer: pair.signers.client },
    ...{ unsure: true, feePerKiloCost: FEE_PER_KILO_COST, now: at(5) },
  }
}

function bundleOf(pair: ChannelPair): ExitBundle {
  const exit = bundleExit(leavingOf(pair))
  if (isRejection(exit)) assert.fail(exit.detail)
  return { chainId: pair.world.chainId, height: 3, time: at(5), exits: [exit] }
}

function codeOf(bytes: Uint8Array, chainId?: ChainId): string {
  const parsed = parseExitBundle(bytes, chainId)
  return isRejection(parsed) ? parsed.code : 'taken'
}

describe('an exit bundle', () => {
  test('DSP-9 INV-15 holds the same unsure close at rising fees, the last within the reserve', () => {
    const pair = new ChannelPair()
    pay(pair, 'client', 1, 300n)
    const transactions = bundleOf(pair).exits[0]?.transactions ?? []
    assert.deepEqual(transactions.map(bundledFee), [53n, 106n, 212n, 424n, 848n, 1_696n])
    for (const transaction of transactions) {
      const { unsure, by, own } = bundledForceClose(transaction) ?? assert.fail('a force close')
      assert.deepEqual([unsure, by, own.transferred], [true, 'client', 300n])
    }
    const dearest = transactions.at(-1) ?? assert.fail('there are six')
    pair.world.produce(at(10), dearest)
  })

  test('DSP-9 INV-4 costs no penalty however old: what was paid since is taken off, no more', () => {
    const pair = new ChannelPair()
    pay(pair, 'client', 1, 300n)
    const [old] = bundleOf(pair).exits[0]?.transactions ?? []
    pay(pair, 'client', 2, 1_000n)
    pair.world.produce(at(10), old ?? assert.fail('there is one'))
    pair.see(at(10))
    const [challenge] = dutiesOf(pair.hub, pair.world.chainId, at(20), pair.world.revealedBy)
    assert.ok(challenge?.kind === 'challenge')
    pair.act('hub', [challenge.operation], at(20))
    pair.world.produce(at(11 + 3 * WINDOW_SECONDS), finalizeTransaction(0, 0))
    assert.equal(pair.paidOut('client'), 100_000n - 1_300n - 53n)
  })

  test('is read back as it was written, and refused by name when it is not whole', () => {
    const bundle = bundleOf(new ChannelPair())
    const bytes = encodeExitBundle(bundle)
    assert.deepEqual(parseExitBundle(bytes, bundle.chainId), bundle)
    for (let byte = 0; byte < bytes.length; byte++) {
      const flipped = Uint8Array.from(bytes)
      flipped[byte] = (flipped[byte] ?? 0) ^ 1
      const versionAt = utf8('tallystick exit bundle ').length
      const isVersion = byte === versionAt || byte === versionAt + 1
      assert.equal(codeOf(flipped), isVersion ? 'bundle_version' : 'bundle_damaged', `byte ${byte}`)
      assert.notEqual(codeOf(bytes.subarray(0, byte)), 'taken')
    }
    assert.equal(codeOf(bytes, '00'.repeat(32) as ChainId), 'wrong_chain')
  })

  test('DSP-9 is refused with anything in it but an unsure close of its channel', () => {
    const pair = new ChannelPair()
    const sure = channelFeeTransaction(leavingPlan({ ...leavingOf(pair), unsure: false }))
    assert.ok(!isRejection(sure))
    const bundle = bundleOf(pair)
    const [exit] = bundle.exits
    assert.ok(exit !== undefined)
    const forged = { ...bundle, exits: [{ ...exit, transactions: [sure.transaction] }] }
    assert.equal(codeOf(encodeExitBundle(forged)), 'bundle_damaged')
    const other = { ...bundle, exits: [{ ...exit, number: 1 }] }
    assert.equal(codeOf(encodeExitBundle(other)), 'bundle_damaged')
  })
})
