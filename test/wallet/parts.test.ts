import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ChannelId,
  type ChannelParty,
  decodeTrusted,
  encode,
  isRejection,
  type Message,
} from '@tallystick/protocol'
import type { WalletEvent } from '#client-sdk/wallet/wallet-event.js'
import {
  type PaymentRecord,
  paymentRecordCodec,
  type WalletChannel,
} from '#client-sdk/wallet/wallet-records.js'
import { WalletOverlay, WalletState } from '#client-sdk/wallet/wallet-state.js'
import { stepWallet } from '#client-sdk/wallet/wallet-step.js'
import {
  anchorFor,
  at,
  CHAIN,
  itemId,
  preimage,
  SIGNERS,
  testChannel,
} from '../protocol/test-channel.js'
import { pendingPayment } from './pending-payment.js'
import { PAYEE, units } from './wallet-world.js'

const [FIRST, SECOND] = [testChannel(), { ...testChannel(), id: 'c2'.repeat(32) as ChannelId }]

/** A wallet with two channels, whose second is known under a name of its own. */
class TwoChannels {
  readonly state = new WalletState()
  now = at(0)

  constructor() {
    for (const channel of [FIRST, SECOND]) {
      this.takes({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
    }
  }

  /** One event, and what the store was given for it. */
  does(event: WalletEvent) {
    const overlay = new WalletOverlay(this.state)
    const context = { chainId: CHAIN, now: this.now, signer: () => SIGNERS.client }
    const outcome = stepWallet(overlay, event, { ...context, nonce: new Uint8Array(16) })
    if (isRejection(outcome)) return { refused: outcome.code, writes: overlay.writes() }
    const writes = overlay.writes()
    overlay.applyTo(this.state)
    return { effects: outcome, writes }
  }

  takes(event: WalletEvent) {
    const { refused, effects = [], writes } = this.does(event)
    assert.equal(refused, undefined)
    return { effects, writes }
  }

  held(id: ChannelId): WalletChannel {
    return this.state.channel(id) ?? assert.fail('the wallet has the channel')
  }

  /** What was drafted is signed, as the loop does before it commits. */
  seal(): void {
    for (const { id } of [FIRST, SECOND]) {
      const held = this.held(id)
      const { draft, own } = held.party
      if (draft === undefined) continue
      const party: ChannelParty = {
        ...held.party,
        draft: undefined,
        own: { ...draft.lane, version: own.version + 1 },
      }
      this.state.setChannel({ ...held, party })
    }
  }

  get payment(): PaymentRecord | undefined {
    return this.state.payment(itemId(1))
  }

  hears(message: Message) {
    return this.takes({ kind: 'heard', message })
  }
}

/** 6,000 base units and twice the fee, 4,000 of them over the first channel. */
function payment(): PaymentRecord {
  const channel = FIRST.id
  const whole = { id: itemId(1), payee: PAYEE, anchor: anchorFor(1), time: at(0) }
  const made = pendingPayment({ ...whole, channel, amount: units(6_000n), fee: units(30n) })
  const share = { fee: units(15n), status: 'pending' } as const
  return {
    ...made,
    parts: [
      { ...share, id: itemId(1), channel, amount: units(4_000n) },
      { ...share, id: itemId(2), channel: SECOND.id, amount: units(2_000n) },
    ],
  }
}

function paying(): TwoChannels {
  const wallet = new TwoChannels()
  wallet.takes({ kind: 'pay', payment: payment(), expiry: at(600), sale: undefined })
  wallet.seal()
  return wallet
}
const decline = (name: number, channel: ChannelId): Message => {
  return { kind: 'decline', channel, id: itemId(name), code: 'no_liquidity' }
}
const claim = (name: number, channel: ChannelId): Message => {
  return { kind: 'claim', channel, id: itemId(name), known: { index: 1, link: preimage(1) } }
}

describe('PAY-6 a payment over two channels', () => {
  test('INV-17 is promised on both in one commit, so that a crash leaves all of it or nothing', () => {
    const wallet = new TwoChannels()
    const { writes } = wallet.takes({
      ...{ kind: 'pay', payment: payment(), expiry: at(600), sale: undefined },
    })
    const keys = writes.map(({ kind, key }) => `${kind} ${key}`)
    assert.ok(keys.includes(`channel ${FIRST.id}`) && keys.includes(`channel ${SECOND.id}`))
    assert.ok(keys.includes(`payment ${itemId(1)}`))
  })

  test('is refused whole where one channel cannot pay its part: nothing is promised', () => {
    const wallet = new TwoChannels()
    const [one, two] = payment().parts
    assert.ok(one !== undefined && two !== undefined)
    const parts = [one, { ...two, amount: units(20_000n) }]
    const made = { ...payment(), parts }
    const { refused, writes } = wallet.does({
      ...{ kind: 'pay', payment: made, expiry: at(600), sale: undefined },
    })
    assert.equal(refused, 'insolvent')
    assert.deepEqual(writes, [])
  })

  test('is paid with the first claim, and done with the second', () => {
    const wallet = paying()
    const { effects } = wallet.hears(claim(2, SECOND.id))
    assert.ok(effects.some(({ kind }) => kind === 'paymentChanged'))
    assert.deepEqual([wallet.payment?.status, wallet.payment?.preimage], ['paid', preimage(1)])
    const last = wallet.hears(claim(1, FIRST.id))
    assert.equal(wallet.payment, undefined)
    assert.ok(last.effects.every(({ kind }) => kind !== 'paymentChanged'))
    const done = last.writes.find(({ kind }) => kind === 'donePayment')?.value
    assert.ok(done !== undefined)
    const record = decodeTrusted(paymentRecordCodec, done)
    assert.deepEqual(
      record.parts.map(({ status }) => status),
      ['paid', 'paid'],
    )
    assert.deepEqual(encode(paymentRecordCodec, record), done)
  })

  test('INV-12 of which one part is declined has failed only when both are back', () => {
    const wallet = paying()
    wallet.hears(decline(2, SECOND.id))
    assert.equal(wallet.payment?.status, 'pending')
    // The first waits for the payee, which gives it back in the end, or for its expiry.
    wallet.now = at(616)
    wallet.takes({ kind: 'timePassed' })
    assert.equal(wallet.payment?.status, 'cancelling')
    // The ledger settles the channel before the hub has given the item up: it is back all the same.
    const { writes } = wallet.takes({ kind: 'channelGone', channel: SECOND.id })
    const done = writes.find(({ kind, value }) => kind === 'donePayment' && value !== undefined)
    assert.ok(done?.value !== undefined && wallet.payment === undefined)
    const { status, code } = decodeTrusted(paymentRecordCodec, done.value)
    assert.deepEqual([status, code], ['failed', 'no_liquidity'])
  })

  test('of which one channel is closed meanwhile goes on over the other, and ends with both', () => {
    const wallet = paying()
    wallet.takes({ kind: 'leave', channel: SECOND.id })
    wallet.hears(claim(1, FIRST.id))
    assert.equal(wallet.payment?.status, 'paid')
    const known = { index: 1, link: preimage(1) }
    wallet.takes({ kind: 'revealSeen', anchor: anchorFor(1), known, time: at(500) })
    assert.equal(wallet.payment, undefined)
  })

  test('of which one channel is closed and nobody claims anything has failed', () => {
    const wallet = paying()
    wallet.takes({ kind: 'leave', channel: SECOND.id })
    wallet.now = at(616)
    const { writes } = wallet.takes({ kind: 'timePassed' })
    const done = writes.find(({ kind, value }) => kind === 'donePayment' && value !== undefined)
    assert.ok(done?.value !== undefined)
    const record = decodeTrusted(paymentRecordCodec, done.value)
    assert.deepEqual([record.status, record.code], ['failed', 'expired'])
  })
})
