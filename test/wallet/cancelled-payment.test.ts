import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeTrusted, type LaneState } from '@tallystick/protocol'
import { paymentRecordCodec } from '#client-sdk/wallet/wallet-records.js'
import { closed } from '../protocol/closing-channel.js'
import { itemId, preimage } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

/** A payment that the hub has asked to be dropped, and not yet given up; the lane before that. */
function cancelling(): { readonly world: WalletWorld; readonly before: LaneState } {
  const world = new WalletWorld()
  world.takes(world.pay(1))
  const before = world.party.own
  world.hub = {
    ...world.hub,
    incoming: [{ id: itemId(1), known: undefined, onLedger: 0, declined: true }],
  }
  assert.deepEqual(world.hears(world.decline(1)), [])
  assert.equal(world.state.payment(itemId(1))?.status, 'cancelling')
  return { world, before }
}

function donePayment(world: WalletWorld) {
  const bytes = world.stored.get(`donePayment/${itemId(1)}`)
  return bytes && decodeTrusted(paymentRecordCodec, bytes)
}

describe('INV-12 a payment that is being cancelled when its channel ends', () => {
  test('has failed once the ledger has settled without it', () => {
    const { world } = cancelling()
    world.takes({ kind: 'channelGone', channel: world.channel })
    assert.deepEqual(world.said, ['channelChanged', 'payment failed'])
    assert.equal(donePayment(world)?.code, 'no_liquidity')
  })

  test('is paid if the hub chose the state before and shows the preimage in time', () => {
    const { world, before } = cancelling()
    const channel = closed(world.party.ledger, 'hub', world.hub.own, before)
    world.takes({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
    world.takes(world.reveal(1, 100))
    assert.equal(donePayment(world)?.status, 'paid')
    assert.deepEqual(donePayment(world)?.preimage, preimage(1))
  })

  test('is not paid by a preimage that comes after its expiry', () => {
    const { world, before } = cancelling()
    const channel = closed(world.party.ledger, 'hub', world.hub.own, before)
    world.takes({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
    world.takes(world.reveal(1, 601))
    assert.equal(world.state.payment(itemId(1))?.status, 'cancelling')
    world.takes({ kind: 'channelGone', channel: world.channel })
    assert.equal(donePayment(world)?.status, 'failed')
  })
})
