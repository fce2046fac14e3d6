import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, test } from 'node:test'
import {
  amount,
  decodeTrusted,
  deriveKeys,
  encode,
  keyLock,
  lockRoot,
  type Timestamp,
  type Transaction,
  type TxId,
  transactionId,
} from '@tallystick/protocol'
import type { BlockFeed } from '#client-sdk/ledger/block-feed.js'
import { type PayoutRecord, payoutRecordCodec } from '#client-sdk/payout/payout-record.js'
import { WalletPayouts } from '#client-sdk/payout/wallet-payouts.js'
import { unsavedStore } from '#client-sdk/store/unsaved-store.js'
import type { HubLink } from '#client-sdk/wallet/hub-link.js'
import { loadWallet } from '#client-sdk/wallet/load-wallet.js'
import { WalletCore, type WalletNotice } from '#client-sdk/wallet/wallet-core.js'
import { handClock } from '../hub/hand-clock.js'
import { at, CHAIN, itemId, NOW, testSigner } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const KEYS = deriveKeys(new Uint8Array(32).fill(9))
const BANK = lockRoot(keyLock(testSigner(7).publicKey))
const OWN = lockRoot(keyLock(KEYS.payout(0).publicKey))
const ID = itemId(1)

/** A ledger node that says what the test wants, and notes what it is handed. */
class TestLedger {
  time: Timestamp = NOW
  readonly handedIn: Transaction[] = []
  /** Of the last transaction. */
  status: 'unknown' | 'pending' | 'included' = 'unknown'
  /** Whether the wallet's coin is there. */
  hasCoin = true
  readonly heard = new EventEmitter()
  /** What the store holds of the payout when a transaction is handed in. */
  stored: (() => Promise<PayoutRecord>) | undefined
  readonly storedThen: (TxId | undefined)[] = []

  access() {
    const coin = { asset: 0, amount: amount(5_000n), lock: OWN }
    const outpoint = { txId: '22'.repeat(32) as TxId, index: 0 }
    return {
      chainId: CHAIN,
      feePerKiloCost: () => 1_000,
      refresh: async () => ({ time: this.time }),
      coinsOf: async () => (this.hasCoin ? [{ outpoint, coin }] : []),
      transactionStatus: async () => {
        this.heard.emit('asked')
        return this.status === 'included' ? { kind: 'included', height: 7 } : { kind: this.status }
      },
      submit: async (transaction: Transaction) => {
        this.storedThen.push((await this.stored?.())?.sent?.id)
        this.handedIn.push(transaction)
        this.status = 'pending'
        this.heard.emit('handedIn')
        return transactionId(CHAIN, transaction.body)
      },
    }
  }
}

/** A wallet that was cut off once its channel had paid 1,005 for a payout of 1,000. */
async function sendingWallet(change: Partial<PayoutRecord> = {}) {
  const ledger = new TestLedger()
  const memory = unsavedStore({
    list: async () => [],
    get: async () => undefined,
    page: async () => [],
  })
  // A disk takes longer than the answer of a node.
  const commit: typeof memory.commit = async (writes) => {
    for (let turn = 1; turn <= 10; turn++) await new Promise(setImmediate)
    await memory.commit(writes)
  }
  const store = { ...memory, commit }
  const { channel } = new WalletWorld()
  const payout: PayoutRecord = {
    ...{ id: ID, order: 1, channel, value: amount(1_000n), lock: BANK, isOwn: false },
    ...{ taken: amount(1_005n), withdrawn: amount(1_005n), validUntil: at(600), code: '' },
    ...{ status: 'sending', sent: undefined, created: NOW, time: NOW, ...change },
  }
  await store.commit([{ kind: 'payout', key: ID, value: encode(payoutRecordCodec, payout) }])
  const read = async () => {
    const value = (await store.get('payout', ID)) ?? (await store.get('donePayout', ID))
    return decodeTrusted(payoutRecordCodec, value ?? assert.fail('the payout is stored'))
  }
  ledger.stored = read
  const notices = new EventEmitter()
  const feed = {
    ledger: ledger.access(),
    height: 1,
    get time() {
      return ledger.time
    },
  } as unknown as BlockFeed
  const clock = handClock()
  const core: WalletCore = new WalletCore({
    ...{ keys: KEYS, feed, store, stored: await loadWallet(store, KEYS, CHAIN), clock },
    randomBytes: (length) => new Uint8Array(length),
    onEvent: (notice: WalletNotice) => {
      if (notice.kind === 'payout') notices.emit(notice.payout.status, notice.payout)
    },
    announced: () => undefined,
    perform: (effect) => {
      if (effect.kind === 'payoutChanged') core.notify({ kind: 'payout', payout: effect.payout })
    },
    ...{ onRefused: () => undefined, onFault: assert.fail },
  })
  const payouts = new WalletPayouts(core, {} as HubLink, true)
  return { ledger, payouts, read, notices, clock }
}

describe('PAY-9 on the way to its lock', () => {
  test('INV-17 a transaction is on disk before the ledger has it, and is handed in again as it is', async () => {
    const { ledger, payouts, read, notices } = await sendingWallet()
    const first = once(ledger.heard, 'handedIn')
    await payouts.load(false)
    await first
    const { sent } = await read()
    assert.deepEqual(ledger.storedThen, [sent?.id])
    assert.deepEqual(sent?.transaction.body.outputs[0], { asset: 0, amount: 1_000n, lock: BANK })
    // The node has forgotten it.
    ledger.status = 'unknown'
    const again = once(ledger.heard, 'handedIn')
    payouts.goOn()
    await again
    assert.deepEqual(ledger.handedIn[1], ledger.handedIn[0])
    ledger.status = 'included'
    const paid = once(notices, 'paid')
    payouts.goOn()
    await paid
    assert.equal(ledger.handedIn.length, 2)
    assert.equal((await read()).status, 'paid')
  })

  test('another one is signed only once the first can never be included, and its coin is there', async () => {
    const { ledger, payouts, read, clock } = await sendingWallet()
    const first = once(ledger.heard, 'handedIn')
    await payouts.load(false)
    await first
    const before = (await read()).sent ?? assert.fail('it is signed')
    ledger.status = 'unknown'
    ledger.time = before.transaction.body.validUntil
    const again = once(ledger.heard, 'handedIn')
    payouts.goOn()
    await again
    assert.equal((await read()).sent?.id, before.id)
    ledger.status = 'unknown'
    ledger.time = (ledger.time + 1) as Timestamp
    const other = once(ledger.heard, 'handedIn')
    payouts.goOn()
    while (clock.waiting === 0) await new Promise(setImmediate)
    clock.pass(2_000)
    await other
    const after = (await read()).sent ?? assert.fail('it is signed')
    assert.notEqual(after.id, before.id)
    assert.deepEqual(after.transaction.body.inputs, before.transaction.body.inputs)
    assert.ok(after.transaction.body.validUntil > ledger.time)
  })

  test('where its coin is gone and nobody has included it, it is unknown, and nothing is signed anew', async () => {
    const { ledger, payouts, read, notices } = await sendingWallet()
    const first = once(ledger.heard, 'handedIn')
    await payouts.load(false)
    await first
    const before = (await read()).sent ?? assert.fail('it is signed')
    Object.assign(ledger, { status: 'unknown', hasCoin: false })
    ledger.time = (before.transaction.body.validUntil + 1) as Timestamp
    const unknown = once(notices, 'unknown')
    payouts.goOn()
    await unknown
    const { status, code, sent } = await read()
    assert.deepEqual([status, code, sent?.id], ['unknown', 'coin_missing', before.id])
    assert.equal(ledger.handedIn.length, 1)
  })

  test('of an old copy that has signed nothing, nothing is handed in', async () => {
    const { ledger, payouts, read } = await sendingWallet()
    await payouts.load(true)
    assert.deepEqual([(await read()).status, ledger.handedIn], ['unknown', []])
  })
})
