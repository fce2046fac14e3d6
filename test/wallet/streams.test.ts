import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  declineItem,
  decodeTrusted,
  type KnownLink,
  type Message,
  noteOf,
} from '@tallystick/protocol'
import {
  type PaidStreamRecord,
  type ReceivedStreamRecord,
  streamRecordCodec,
} from '#client-sdk/stream/stream-records.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { closed } from '../protocol/closing-channel.js'
import { accepted, addItem, at, itemId, NOW, preimage } from '../protocol/test-channel.js'
import { PAYEE, units, WalletWorld } from './wallet-world.js'

const TICKS = 50
const CHAIN = new TickChain(preimage(1), TICKS)
const link = (index: number): KnownLink => ({ index, link: CHAIN.link(index) })
const stream = (unit = 10n, expiry = 600) => addItem(1, { unit, ticks: TICKS, expiry })

/** A wallet that takes streams of 10 a tick at least, and what it has of the hub's stream 1. */
function payee(): WalletWorld {
  const world = new WalletWorld()
  world.streams = { unitMin: units(10n) }
  return world
}
function received(world: WalletWorld): ReceivedStreamRecord | undefined {
  const bytes =
    world.stored.get(`stream/${CHAIN.anchor}`) ??
    world.stored.get('endedStream/received/000000000000001')
  const record = bytes && decodeTrusted(streamRecordCodec, bytes)
  return record?.kind === 'received' ? record : undefined
}
function redeem(world: WalletWorld, index: number, closes = false): void {
  const known = index === 0 ? undefined : link(index)
  world.takes({ kind: 'redeemTicks', redemptions: [{ anchor: CHAIN.anchor, known, closes }] })
}
const redeemed = (index: number) => {
  return { kind: 'redeem', id: itemId(1), ...link(index) } as const
}
const cancel = { kind: 'cancel', id: itemId(1) } as const

describe('STREAM-3 a payee', () => {
  for (const [what, code, change, streams] of [
    ['without terms', 'streams_not_taken', stream(), undefined],
    ['a tick of less', 'unit_too_low', stream(9n), { unitMin: units(10n) }],
    ['one that is over too soon', 'expiry_too_near', stream(10n, 179), { unitMin: units(10n) }],
  ] as const) {
    test(`declines a stream, ${what}: ${code}`, () => {
      const world = payee()
      world.streams = streams
      world.hubSigns(change)
      assert.equal(world.declined, code)
      assert.deepEqual(world.said, ['stored', 'streamRefused', 'decline', 'channelChanged'])
      assert.equal(received(world), undefined)
    })
  }

  test('takes one that fits, durably', () => {
    const world = payee()
    world.hubSigns(stream())
    assert.deepEqual(world.said, ['stored', 'streamChanged', 'channelChanged'])
    assert.equal(received(world)?.status, 'open')
    assert.equal(received(world)?.ticks, TICKS)
  })

  test('INV-27 takes no second one of an anchor that is in use', () => {
    const world = payee()
    world.hubSigns(stream())
    world.hubSigns({ ...stream(), id: itemId(2) })
    assert.equal(world.declined, 'anchor_used')
  })
})

describe('STREAM-5 redeeming', () => {
  test('INV-32 stores the link before it claims it, and is paid what the hub has signed', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 20)
    assert.deepEqual(world.said, ['streamChanged', 'claim'])
    assert.deepEqual(noteOf(world.party, itemId(1)).known, link(20))
    assert.deepEqual([received(world)?.known?.index, received(world)?.paid], [20, 0])
    world.hubSigns(redeemed(20))
    assert.deepEqual([received(world)?.paid, world.party.peer.transferred], [20, 200n])
    redeem(world, 50)
    world.hubSigns(redeemed(50))
    assert.equal(received(world)?.status, 'closed')
    assert.equal(world.state.stream(CHAIN.anchor), undefined)
  })

  test('an older tick changes nothing', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 20)
    redeem(world, 19)
    assert.deepEqual(world.said, [])
  })

  test('what the ledger has recorded in time is paid, whatever became of the channel', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 20)
    world.takes({ kind: 'revealSeen', anchor: CHAIN.anchor, known: link(20), time: at(5) })
    world.takes({ kind: 'channelGone', channel: world.channel })
    assert.deepEqual([received(world)?.status, received(world)?.paid], ['closed', 20])
  })
})

describe('STREAM-7 closing', () => {
  test('gives the rest back once all that is known is paid, and not before', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 20, true)
    assert.deepEqual(world.said, ['streamChanged', 'claim'])
    world.hubSigns(redeemed(15))
    assert.equal(world.declined, undefined)
    world.hubSigns(redeemed(20))
    assert.equal(world.declined, 'stream_ended')
    assert.equal(received(world)?.status, 'closing')
    world.hubSigns(cancel)
    assert.deepEqual([received(world)?.status, received(world)?.paid], ['closed', 20])
    assert.equal(world.party.peer.transferred, 200n)
    assert.deepEqual(world.party.peer.items, [])
  })

  test('of a stream that was never used gives everything back at once', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 0, true)
    assert.equal(world.declined, 'stream_ended')
    world.hubSigns(cancel)
    assert.deepEqual([received(world)?.status, world.party.peer.transferred], ['closed', 0n])
  })

  test('the hub cannot drop a stream that nobody has given up', () => {
    const world = payee()
    world.hubSigns(stream())
    redeem(world, 20)
    world.hubSigns(redeemed(20))
    const [refused] = world.hubSigns(cancel)
    assert.equal(refused?.code, 'not_asked_to_cancel')
  })
})

/** The stream that this wallet pays: 11 a tick, of which 10 arrive. */
function paidStream(world: WalletWorld): PaidStreamRecord {
  return {
    ...{ kind: 'paid', id: itemId(3), stream: itemId(4), channel: world.channel, payee: PAYEE },
    ...{ anchor: CHAIN.anchor, unit: units(10n), fee: units(1n), ticks: TICKS, expiry: at(600) },
    ...{ before: 0, exposure: 4, budget: undefined, reserved: 0, served: 0, paid: 0 },
    ...{ status: 'open', code: '', time: NOW },
  }
}
function payer(): WalletWorld {
  const world = new WalletWorld()
  world.takes({ kind: 'openStream', stream: paidStream(world) })
  return world
}
function paid(world: WalletWorld): PaidStreamRecord | undefined {
  const key = itemId(3)
  const bytes =
    world.stored.get(`stream/${key}`) ?? world.stored.get('endedStream/paid/000000000000001')
  const record = bytes && decodeTrusted(streamRecordCodec, bytes)
  return record?.kind === 'paid' ? record : undefined
}
const claim = (world: WalletWorld, index: number): Message => {
  return { kind: 'claim', channel: world.channel, id: itemId(3), known: link(index) }
}

describe('STREAM-4 a payer', () => {
  test('promises all ticks of a chain with what the hub takes for each', () => {
    const world = payer()
    const [item] = world.party.own.items
    assert.deepEqual([item?.unit, item?.ticks, item?.anchor], [11n, TICKS, CHAIN.anchor])
    const [add] = world.party.unconfirmed[0]?.changes ?? []
    assert.deepEqual(add?.kind === 'add' && add.forward, { payee: PAYEE, amount: 10n })
    assert.equal(paid(world)?.status, 'open')
    world.takes({ kind: 'openStream', stream: paidStream(world) })
    assert.equal(world.party.own.items.length, 1)
  })

  test('INV-32 pays each tick that is claimed once, and keeps the rest promised', () => {
    const world = payer()
    world.hears(claim(world, 20))
    world.hears(claim(world, 12))
    assert.deepEqual([world.party.own.transferred, paid(world)?.paid], [220n, 20])
    assert.equal(world.party.own.items[0]?.paid, 20)
    world.hears(claim(world, 50))
    assert.deepEqual([world.party.own.transferred, paid(world)?.status], [550n, 'closed'])
    assert.deepEqual(world.party.own.items, [])
  })

  test('never lowers what it has reserved', () => {
    const world = payer()
    world.takes({ kind: 'reserveTicks', id: itemId(3), reserved: 40, served: 10 })
    world.takes({ kind: 'reserveTicks', id: itemId(3), reserved: 30, served: 5 })
    assert.deepEqual([paid(world)?.reserved, paid(world)?.served], [40, 10])
  })

  test('has what was not used back once the hub has given it up for good', () => {
    const world = payer()
    world.hears(claim(world, 20))
    world.hub = accepted(declineItem(world.hub, itemId(3)))
    const decline = { channel: world.channel, id: itemId(3), code: 'stream_ended' }
    world.hears({ kind: 'decline', ...decline })
    assert.deepEqual([paid(world)?.status, paid(world)?.code], ['closing', 'stream_ended'])
    world.hubSigns()
    assert.deepEqual([paid(world)?.status, paid(world)?.paid], ['closed', 20])
    assert.equal(world.party.own.transferred, 220n)
  })

  test('has what was not used back after the expiry, if the payee keeps silent', () => {
    const world = payer()
    world.hears(claim(world, 20))
    world.wait(616)
    assert.deepEqual([paid(world)?.status, paid(world)?.code], ['closed', 'expired'])
    assert.deepEqual(world.party.own.items, [])
    assert.equal(world.party.own.transferred, 220n)
  })

  test('INV-12 has paid what the hub redeems on the ledger with the state before it gave the stream up', () => {
    const world = payer()
    const before = world.party.own
    world.hub = accepted(declineItem(world.hub, itemId(3)))
    const decline = { channel: world.channel, id: itemId(3), code: 'no_liquidity' }
    world.hears({ kind: 'decline', ...decline })
    assert.deepEqual(world.party.own.items, [])
    const channel = closed(world.party.ledger, 'hub', world.hub.own, before)
    world.takes({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
    world.takes({ kind: 'revealSeen', anchor: CHAIN.anchor, known: link(30), time: at(100) })
    world.takes({ kind: 'channelGone', channel: world.channel })
    assert.deepEqual([paid(world)?.status, paid(world)?.paid], ['closed', 30])
  })

  test('learns from the ledger what was redeemed there', () => {
    const world = payer()
    world.takes({ kind: 'revealSeen', anchor: CHAIN.anchor, known: link(30), time: at(5) })
    assert.equal(paid(world)?.paid, 30)
  })
})
