import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  anchorOf,
  type Change,
  closeAgreementDigest,
  decodeTrusted,
  positionOf,
  spendable,
  startDraining,
} from '@tallystick/protocol'
import {
  invoiceRecordCodec,
  type PaymentPart,
  paymentRecordCodec,
} from '#client-sdk/wallet/wallet-records.js'
import {
  accepted,
  addItem,
  anchorFor,
  at,
  CHAIN,
  itemId,
  preimage,
  redeemItem,
  SIGNERS,
  signed,
} from '../protocol/test-channel.js'
import { units, WalletWorld } from './wallet-world.js'

const item = (name: number, unit = 1_000n, expiry = 600): Change => addItem(name, { unit, expiry })
const cancel = (name: number): Change => ({ kind: 'cancel', id: itemId(name) })
const expire = (name: number): Change => ({ kind: 'expire', id: itemId(name) })

function invoiced(name = 1): WalletWorld {
  const world = new WalletWorld()
  world.takes({ kind: 'invoice', invoice: world.invoice(name) })
  return world
}
const statusOf = (world: WalletWorld, name = 1) => world.state.invoice(anchorFor(name))?.status
function doneInvoice(world: WalletWorld, name = 1) {
  const bytes = world.stored.get(`doneInvoice/${anchorFor(name)}`)
  return bytes && decodeTrusted(invoiceRecordCodec, bytes)
}
function donePayment(world: WalletWorld, name: number) {
  const bytes = world.stored.get(`donePayment/${itemId(name)}`)
  return bytes && decodeTrusted(paymentRecordCodec, bytes)
}

describe('INVOICE-3 being paid', () => {
  test('INV-28 claimed at once, paid only when the proof that pays it is here', () => {
    const world = invoiced()
    assert.deepEqual(world.hubSigns(item(1)), [])
    assert.deepEqual(world.said, ['stored', 'claim', 'channelChanged'])
    assert.equal(statusOf(world), 'claiming')
    world.hubSigns(redeemItem(1))
    assert.deepEqual(world.said, ['stored', 'invoice paid', 'channelChanged'])
    assert.equal(world.party.peer.transferred, 1_000n)
    assert.equal(statusOf(world), undefined)
    assert.equal(doneInvoice(world)?.status, 'paid')
  })

  for (const [what, code, setup, change] of [
    ['an anchor that was never invoiced', 'unknown_payment', 2, item(1)],
    ['a stream', 'streams_not_taken', 1, addItem(1, { unit: 1_000n, ticks: 2 })],
    ['an item that is over too soon', 'expiry_too_near', 1, item(1, 1_000n, 119)],
  ] as const) {
    test(`${what} is declined: ${code}`, () => {
      const world = invoiced(setup)
      const add =
        change.kind === 'add' && change.ticks === 2 ? { ...change, anchor: anchorFor(1) } : change
      world.hubSigns(add)
      assert.equal(world.declined, code)
      assert.equal(world.party.incoming[0]?.declined, true)
      assert.equal(world.state.invoice(anchorFor(setup))?.status, 'open')
    })
  }

  for (const [expiry, now, code] of [
    [120, 0, undefined],
    [900, 500, undefined],
    [900, 501, 'unknown_payment'],
  ] as const) {
    test(`an item until ${expiry} at ${now}, invoiced until 500: ${code ?? 'claimed'}`, () => {
      const world = invoiced()
      world.wait(now)
      world.hubSigns(item(1, 1_000n, expiry))
      assert.equal(world.declined, code)
    })
  }

  test('invoice_expired before its end was noticed', () => {
    const world = invoiced()
    world.now = at(501)
    world.hubSigns(item(1, 1_000n, 900))
    assert.equal(world.declined, 'invoice_expired')
  })

  test('INV-26 an invoice is paid once: the second item is declined, whatever the first becomes', () => {
    const world = invoiced()
    const second = { ...item(2), anchor: anchorFor(1) } as Change
    world.hubSigns(item(1), second)
    assert.equal(world.declined, 'already_paid')
    world.hubSigns(cancel(2))
    assert.equal(statusOf(world), 'claiming', 'the first is still on its way')
    world.hubSigns(redeemItem(1))
    assert.equal(doneInvoice(world)?.status, 'paid')
    world.hubSigns({ ...item(3), anchor: anchorFor(1) } as Change)
    assert.equal(world.declined, 'unknown_payment')
  })

  test('INV-28 a trifle under the same anchor does not make it paid', () => {
    const world = invoiced()
    world.hubSigns(item(1), { ...item(2, 10n), anchor: anchorFor(1) } as Change)
    const trifle = { ...redeemItem(2), link: preimage(1) }
    world.hubSigns(trifle)
    assert.deepEqual(world.said, ['stored', 'channelChanged'])
    assert.equal(statusOf(world), 'claiming')
    world.hubSigns(redeemItem(1))
    assert.equal(doneInvoice(world)?.status, 'paid')
  })

  test('INV-28 a reveal in time makes it paid, one behind the expiry does not', () => {
    for (const [time, status] of [
      [600, undefined],
      [601, 'claiming'],
    ] as const) {
      const world = invoiced()
      world.hubSigns(item(1))
      world.takes(world.reveal(1, time))
      assert.equal(statusOf(world), status)
    }
  })

  test('INV-27 an item that expired unpaid ends the invoice: its preimage was shown', () => {
    const world = invoiced()
    world.hubSigns(item(1, 1_000n, 200))
    world.now = at(216)
    world.hubSigns(expire(1))
    assert.deepEqual(world.said, ['stored', 'invoice expired', 'channelChanged'])
    world.hubSigns({ ...item(2), anchor: anchorFor(1) } as Change)
    assert.equal(world.declined, 'unknown_payment')
  })

  test('INV-17 the claim is said again after a reconnection', () => {
    const world = invoiced()
    world.hubSigns(item(1))
    world.hears({ kind: 'attached', position: positionOf(world.hub) })
    assert.deepEqual(world.said, ['claim'])
  })
})

/** A part on a channel that the wallet does not have. */
function elsewhere(): PaymentPart {
  const [part] = new WalletWorld().payment(1).parts
  assert.ok(part !== undefined)
  return { ...part, channel: itemId(1).repeat(2) as never }
}

describe('paying', () => {
  test('INV-25 locked, claimed, paid: the receipt is the preimage', () => {
    const world = new WalletWorld()
    const before = spendable(world.party)
    world.takes(world.pay(1))
    assert.deepEqual(world.said, ['payment pending', 'update'])
    assert.equal(before - spendable(world.party), 1_011n)
    assert.deepEqual(world.hears(world.claim(1)), [])
    assert.deepEqual(world.said, ['payment paid', 'update'])
    assert.equal(world.hub.peer.transferred, 1_011n)
    assert.deepEqual(donePayment(world, 1)?.preimage, preimage(1))
    assert.equal(world.state.payment(itemId(1)), undefined)
  })

  test('INV-26 the same payment, asked for twice at once or later, is made once', () => {
    const world = new WalletWorld()
    assert.deepEqual(world.does(world.pay(1), world.pay(1)), [])
    assert.deepEqual(world.does(world.pay(1)), [])
    assert.equal(world.party.own.items.length, 1)
    assert.equal(world.party.own.version, 1)
  })

  for (const [code, change] of [
    ['insolvent', { amount: units(9_890n) }],
    ['channel_unknown', { parts: [elsewhere()] }],
    ['amount_too_small', { amount: units(0n), fee: units(9n) }],
  ] as const) {
    test(`${code}: nothing is promised and nothing is kept`, () => {
      const world = new WalletWorld()
      const [refused] = world.does(world.pay(1, change))
      assert.equal(refused?.code, code)
      assert.deepEqual([world.said, [...world.state.payments()]], [[], []])
    })
  }

  test('INV-12 declined: cancelling at once, failed only when the hub has given it up', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.hub = {
      ...world.hub,
      incoming: [{ id: itemId(1), known: undefined, onLedger: 0, declined: true }],
    }
    assert.deepEqual(world.hears(world.decline(1)), [])
    assert.deepEqual(world.said, ['payment cancelling', 'update'])
    assert.equal(donePayment(world, 1), undefined)
    world.hubSigns()
    assert.deepEqual(world.said, ['stored', 'payment failed', 'channelChanged'])
    assert.equal(donePayment(world, 1)?.code, 'no_liquidity')
  })

  test('a decline that comes twice at once, or after the claim, changes nothing', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.takes(world.pay(2))
    const declined = { id: itemId(1), known: undefined, onLedger: 0, declined: true }
    world.hub = { ...world.hub, incoming: [declined] }
    const heard = (message: ReturnType<WalletWorld['decline']>) =>
      ({ kind: 'heard', message }) as const
    assert.deepEqual(world.does(heard(world.decline(1)), heard(world.decline(1))), [])
    assert.deepEqual(world.does(heard(world.claim(2)), heard(world.decline(2))), [])
    assert.equal(donePayment(world, 2)?.status, 'paid')
  })

  for (const [seconds, status] of [
    [615, 'pending'],
    [616, 'failed'],
  ] as const) {
    test(`INV-30 an item until 600 is ${status} at ${seconds}`, () => {
      const world = new WalletWorld()
      world.takes(world.pay(1))
      world.wait(seconds)
      const record = world.state.payment(itemId(1)) ?? donePayment(world, 1)
      assert.equal(record?.status, status)
      assert.equal(world.party.own.items.length, status === 'pending' ? 1 : 0)
    })
  }

  test('INV-31 a claim within the margin is refused: the hub has to reveal', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.wait(571)
    const [refused] = world.hears(world.claim(1))
    assert.equal(refused?.code, 'claim_too_late')
    world.takes(world.reveal(1, 600))
    assert.equal(donePayment(world, 1)?.status, 'paid')
  })

  test('INV-28 on a channel that is being left, a reveal in time is a payment, not money back', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.takes({ kind: 'leave', channel: world.channel })
    world.takes(world.reveal(1, 600))
    assert.deepEqual(world.said, ['payment paid'])
    world.wait(700)
    assert.equal(donePayment(world, 1)?.status, 'paid')
  })

  test('on a channel that is being left, an item that nobody reveals comes back', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.takes({ kind: 'leave', channel: world.channel })
    world.wait(615)
    assert.equal(world.state.payment(itemId(1))?.status, 'pending')
    world.wait(1)
    assert.equal(donePayment(world, 1)?.code, 'expired')
  })

  test('the receipt of a reveal further down the chain still hashes to the anchor', () => {
    const world = new WalletWorld()
    const anchor = anchorOf(preimage(5), 4)
    world.takes(world.pay(1, { anchor }))
    const known = { index: 4, link: preimage(5) }
    world.takes({ kind: 'revealSeen', anchor, known, time: at(1) })
    const receipt = donePayment(world, 1)?.preimage ?? assert.fail('it is paid')
    assert.equal(anchorOf(receipt, 1), anchor)
  })
})

describe('CH-12 closing by agreement', () => {
  function draining(): WalletWorld {
    const world = new WalletWorld()
    world.takes({ kind: 'drain', channel: world.channel })
    world.hub = accepted(startDraining(world.hub))
    return world
  }
  const offer = (world: WalletWorld, clientPayout = 10_000n) =>
    world.hears({
      kind: 'closeOffer',
      channel: world.channel,
      clientPayout: units(clientPayout),
      validUntil: at(600),
    })

  test('asked for, offered, agreed, bound', () => {
    const world = draining()
    assert.deepEqual(world.said, ['closeIntent'])
    assert.deepEqual(offer(world), [])
    assert.deepEqual(world.said, ['agreeToClose'])
    const agreement = { channel: world.channel, clientPayout: units(10_000n), validUntil: at(600) }
    const signature = SIGNERS.client.sign(closeAgreementDigest(CHAIN, agreement))
    world.takes({ kind: 'agreed', agreed: { agreement, signature } })
    assert.deepEqual(world.said, ['closeAgreed'])
    const [refused] = world.does(world.pay(1))
    assert.equal(refused?.code, 'channel_not_usable')
    world.hears({ kind: 'attached', position: positionOf(world.hub) })
    assert.deepEqual(world.said, ['closeAgreed'])
    world.wait(600)
    assert.equal(world.party.phase.kind, 'agreed')
    world.wait(1)
    assert.equal(world.party.phase.kind, 'open')
  })

  test('INV-24 a unit more or less than the books say is refused', () => {
    for (const payout of [9_999n, 10_001n]) {
      const [refused] = offer(draining(), payout)
      assert.equal(refused?.code, 'payout_mismatch')
    }
  })

  test('an offer that was not asked for, or while something is pending, is left alone', () => {
    const world = new WalletWorld()
    assert.deepEqual(offer(world), [])
    assert.deepEqual(world.said, [])
    world.takes(world.pay(1))
    world.takes({ kind: 'drain', channel: world.channel })
    assert.deepEqual(offer(world), [])
    assert.deepEqual(world.said, [])
  })
})

describe('WIRE-4 what a hub may say about a channel', () => {
  test('something about a channel of nobody, or out of place, is refused by name', () => {
    const world = new WalletWorld()
    const channel = itemId(1).repeat(2) as never
    const { update } = signed(world.hub, [])
    for (const [message, code] of [
      [{ kind: 'stored', channel, version: 1 }, 'channel_unknown'],
      [{ ...world.claim(1), channel }, 'channel_unknown'],
      [{ ...world.decline(1), channel }, 'channel_unknown'],
      [{ kind: 'update', ...update, channel }, 'channel_unknown'],
      [{ kind: 'attached', position: { ...positionOf(world.hub), channel } }, 'channel_unknown'],
      [{ kind: 'update', ...update, version: 5 }, 'version_gap'],
      [{ kind: 'closeIntent', channel: world.channel }, 'unexpected_message'],
    ] as const) {
      const [refused] = world.hears(message as never)
      assert.equal(refused?.code, code)
      assert.deepEqual(world.said, [])
    }
  })

  test('INV-16 a hub that holds more than the wallet has signed shows that the wallet lost data', () => {
    const world = new WalletWorld()
    const position = { ...positionOf(world.hub), held: 1 }
    const [refused] = world.hears({ kind: 'attached', position })
    assert.equal(refused?.code, 'peer_is_ahead')
  })
})
