import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, type Change, isRejection, learnLink, timestamp } from '@tallystick/protocol'
import { forceCloseOperation } from '#client-sdk/guard/duties.js'
import { WalletOverlay, WalletState } from '#client-sdk/wallet/wallet-state.js'
import { stepWallet } from '#client-sdk/wallet/wallet-step.js'
import { pendingPayment } from '../wallet/pending-payment.js'
import { ANCHOR, ChannelPair, itemId, preimage } from './channel-pair.js'
import { START } from './ledger-world.js'

const EXPIRY = START + 300

describe('INV-25 DSP-6 an invoice whose payment a dispute has settled', () => {
  /** The hub knows the preimage, signs `changes`, and closes with that before the client hears of it. */
  function statusAfter(changes: readonly Change[]): string | undefined {
    const pair = new ChannelPair()
    pair.add('hub', 1, 100n, EXPIRY)
    const learnt = learnLink(pair.client, itemId(1), { index: 1, link: preimage(1) })
    assert.ok(!isRejection(learnt))
    pair.client = learnt
    pair.update('hub', changes, timestamp(EXPIRY + 60), { lost: true })
    pair.act('hub', [forceCloseOperation(pair.hub)], timestamp(EXPIRY + 70))
    const base = new WalletState()
    base.setChannel({ party: pair.client, keyIndex: 0, books: 'whole', end: undefined })
    const channel = pair.client.ledger.id
    const expiry = timestamp(EXPIRY)
    const due = amount(100n)
    base.setInvoice({
      ...{ anchor: ANCHOR(1), preimage: preimage(1), amount: due, received: due, order: 1 },
      ...{ description: { kind: 'text', text: '' }, hold: false, waitsUntil: undefined },
      origin: 'asked',
      parts: [{ channel, id: itemId(1), amount: due, expiry, isPaid: false }],
      ...{ expiry, text: '', status: 'claiming' },
      ...{ created: timestamp(START), time: timestamp(START) },
      ...{ refunded: amount(0n), refundsPending: 0 },
    })
    const state = new WalletOverlay(base)
    const { chainId } = pair.world
    const context = { chainId, signer: () => pair.signers.client, nonce: new Uint8Array(16) }
    const now = timestamp(EXPIRY + 5_000)
    const outcome = stepWallet(state, { kind: 'channelGone', channel }, { ...context, now })
    assert.ok(!isRejection(outcome))
    return state.invoice(ANCHOR(1))?.status
  }

  test('is paid by a later proof that pays for it, though that never came', () => {
    const changes = [{ kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) }] as const
    assert.equal(statusAfter(changes), 'paid')
  })

  test('is not paid by a later proof that leaves it out', () => {
    assert.equal(statusAfter([{ kind: 'expire', id: itemId(1) }]), 'claiming')
  })
})

describe('CH-18 DSP-6 a payment of a record that may be old, once the ledger has settled its channel', () => {
  /** What the client's own lane was settled with: all that it had promised, or what came after it. */
  function statusAfter(settled: 'the item' | 'what came later'): string | undefined {
    const pair = new ChannelPair()
    pair.add('client', 1, 100n, EXPIRY)
    const old = pair.client
    if (settled === 'what came later') {
      pair.update('client', [{ kind: 'expire', id: itemId(1) }], timestamp(EXPIRY + 60))
    }
    pair.act('hub', [forceCloseOperation(pair.hub)], timestamp(EXPIRY + 70))
    const base = new WalletState()
    const party = { ...old, ledger: pair.client.ledger }
    base.setChannel({ party, keyIndex: 0, books: 'doubted', end: undefined })
    const paid = { id: itemId(1), channel: party.ledger.id, amount: amount(90n), fee: amount(10n) }
    const { publicKey: payee } = pair.signers.hub
    base.setPayment(pendingPayment({ ...paid, payee, anchor: ANCHOR(1), time: timestamp(START) }))
    const state = new WalletOverlay(base)
    const context = { signer: () => pair.signers.client, nonce: new Uint8Array(16) }
    const { chainId } = pair.world
    const now = timestamp(EXPIRY + 5_000)
    const gone = { kind: 'channelGone', channel: party.ledger.id } as const
    assert.ok(!isRejection(stepWallet(state, gone, { ...context, chainId, now })))
    return state.payment(itemId(1))?.status
  }

  test('has failed where the item was settled as pending, and nobody had revealed its preimage', () => {
    assert.equal(statusAfter('the item'), 'failed')
  })

  test('is unknown where the lane was settled by something that this record does not hold', () => {
    assert.equal(statusAfter('what came later'), 'unknown')
  })
})
