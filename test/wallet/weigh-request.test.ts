import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, deriveKeys, encodeInvoice, fromHex, type OfferId } from '@tallystick/protocol'
import { OfferInvoices } from '#client-sdk/letters/offer-invoices.js'
import { OFFER_SHARE_MAX, offerShare, weighRequest } from '#client-sdk/letters/weigh-request.js'
import { anchorFor, at, CHAIN, SIGNERS } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const codeOf = (outcome: ReturnType<typeof weighRequest>) =>
  outcome === 'fits' ? outcome : outcome.code

test('OFFER-4 a stranger that names the amount itself is given no more room than there is', () => {
  const room = { open: 0, offers: 1, receivable: 100n }
  const asks = (value: bigint, isNamed: boolean) =>
    codeOf(weighRequest(room, { amount: amount(value), isNamed }))
  assert.equal(asks(100n, false), 'fits')
  assert.equal(asks(101n, false), 'inbound_missing')
  assert.equal(asks(101n, true), 'fits')
})

test('OFFER-4 while no channel is in use yet, nobody is refused for want of room', () => {
  const request = { amount: amount(101n), isNamed: false }
  assert.equal(weighRequest({ open: 0, offers: 1, receivable: undefined }, request), 'fits')
})

test('OFFER-4 each offer has a share: however one is flooded, another can be paid', () => {
  const request = { amount: amount(1n), isNamed: true }
  const open = (count: number, offers: number) =>
    codeOf(weighRequest({ open: count, offers, receivable: undefined }, request))
  assert.equal(open(OFFER_SHARE_MAX - 1, 1), 'fits')
  assert.equal(open(OFFER_SHARE_MAX, 1), 'offer_busy')
  assert.equal(open(0, 2), 'fits')
  assert.deepEqual([1, 4, 5, 64, 1_000].map(offerShare), [256, 256, 204, 16, 8])
})

test('OFFER-4 invoices are counted for the offer that they were given for, while they are open', () => {
  const payee = deriveKeys(new Uint8Array(32).fill(21)).identity
  const world = new WalletWorld()
  const given = (name: number, offer: OfferId, status: 'open' | 'expired' = 'open') => {
    const text = encodeInvoice(
      {
        ...{ chainId: CHAIN, hubs: [SIGNERS.hub.publicKey], payee: payee.publicKey, asset: 0 },
        ...{ anchor: anchorFor(name), amount: amount(1n), expiry: at(500) },
        ...{ description: { kind: 'text', text: '' }, offer: fromHex(offer) },
      },
      payee,
    )
    return world.invoice(name, { origin: 'offer', status, text })
  }
  const [flooded, quiet] = ['aa'.repeat(32) as OfferId, 'bb'.repeat(32) as OfferId]
  const all = Array.from({ length: 200 }, (_, i) => given(i + 1, flooded))
  const invoices = [...all, given(201, quiet), given(202, quiet, 'expired'), world.invoice(203)]
  const counted = new OfferInvoices()
  // Asked twice: what was read before is not read again.
  for (let time = 1; time <= 2; time++) {
    assert.equal(counted.openFor(flooded, invoices), 200)
    assert.equal(counted.openFor(quiet, invoices), 1)
  }
  assert.equal(counted.openFor(flooded, invoices.slice(150)), 50)
})
