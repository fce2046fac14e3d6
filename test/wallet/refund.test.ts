import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Change, decodeTrusted } from '@tallystick/protocol'
import { invoiceRecordCodec, paymentRecordCodec } from '#client-sdk/wallet/wallet-records.js'
import { addItem, anchorFor, at, itemId, redeemItem } from '../protocol/test-channel.js'
import { units, WalletWorld } from './wallet-world.js'

const item = (name: number, unit = 1_000n, expiry = 600): Change => addItem(name, { unit, expiry })

function invoiced(name = 1): WalletWorld {
  const world = new WalletWorld()
  world.takes({ kind: 'invoice', invoice: world.invoice(name) })
  return world
}
function doneInvoice(world: WalletWorld, name = 1) {
  const bytes = world.stored.get(`doneInvoice/${anchorFor(name)}`)
  return bytes && decodeTrusted(invoiceRecordCodec, bytes)
}
function donePayment(world: WalletWorld, name: number) {
  const bytes = world.stored.get(`donePayment/${itemId(name)}`)
  return bytes && decodeTrusted(paymentRecordCodec, bytes)
}

describe('refunds', () => {
  const SALE = 1
  function sold(): WalletWorld {
    const world = invoiced(SALE)
    world.hubSigns(item(SALE))
    world.hubSigns(redeemItem(SALE))
    return world
  }
  const refundOf = (world: WalletWorld, name: number, value: bigint) => {
    const sale = world.state.invoice(anchorFor(SALE)) ?? doneInvoice(world)
    assert.ok(sale !== undefined)
    const change = { amount: units(value), refundOf: anchorFor(SALE) }
    return world.pay(name, change, sale)
  }

  test('all together never exceed the sale', () => {
    const world = sold()
    world.takes(refundOf(world, 11, 600n))
    const [refused] = world.does(refundOf(world, 12, 401n))
    assert.equal(refused?.code, 'refund_above_sale')
    assert.equal(world.state.payment(itemId(12)), undefined)
    world.takes(refundOf(world, 13, 400n))
    assert.equal(world.state.invoice(anchorFor(SALE))?.refunded, 1_000n)
    assert.equal(world.state.invoice(anchorFor(SALE))?.refundsPending, 2)
  })

  test('a sale as it was read before another refund does not widen the limit', () => {
    const world = sold()
    const [first, second] = [refundOf(world, 11, 600n), refundOf(world, 12, 600n)]
    const [refused] = world.does(first, second)
    assert.equal(refused?.code, 'refund_above_sale')
  })

  test('one that failed may be made again, one that was paid may not', () => {
    const world = sold()
    world.takes(refundOf(world, 11, 1_000n))
    world.wait(616)
    assert.equal(donePayment(world, 11)?.status, 'failed')
    assert.deepEqual([doneInvoice(world)?.refunded, doneInvoice(world)?.refundsPending], [0n, 0])
    const again = { ...refundOf(world, 12, 1_000n), expiry: at(1_200) } as ReturnType<
      WalletWorld['pay']
    >
    world.takes(again)
    world.hears(world.claim(12))
    assert.deepEqual(
      [doneInvoice(world)?.refunded, doneInvoice(world)?.refundsPending],
      [1_000n, 0],
    )
    const more = { ...refundOf(world, 13, 10n), expiry: at(1_200) } as ReturnType<
      WalletWorld['pay']
    >
    const [refused] = world.does(more)
    assert.equal(refused?.code, 'refund_above_sale')
  })

  test('of an invoice that was not paid there is none', () => {
    const world = invoiced(SALE)
    const [refused] = world.does(world.pay(11, { refundOf: anchorFor(SALE) }, world.invoice(SALE)))
    assert.equal(refused?.code, 'sale_unknown')
    assert.deepEqual(world.party.own.items, [])
  })

  test('INV-28 on a channel that is being left, a refund that was revealed stays made', () => {
    const world = sold()
    world.takes(refundOf(world, 11, 1_000n))
    world.takes({ kind: 'leave', channel: world.channel })
    world.takes(world.reveal(11, 10))
    world.wait(700)
    assert.equal(doneInvoice(world)?.refunded, 1_000n)
  })
})
