import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '@tallystick/protocol'
import { OFFER_INVOICES_MAX, weighRequest } from '#client-sdk/letters/weigh-request.js'

const codeOf = (outcome: ReturnType<typeof weighRequest>) =>
  outcome === 'fits' ? outcome : outcome.code

test('OFFER-4 a stranger that names the amount itself is given no more room than there is', () => {
  const room = { open: 0, receivable: 100n }
  const asks = (value: bigint, isNamed: boolean) =>
    codeOf(weighRequest(room, { amount: amount(value), isNamed }))
  assert.equal(asks(100n, false), 'fits')
  assert.equal(asks(101n, false), 'inbound_missing')
  assert.equal(asks(101n, true), 'fits')
})

test('OFFER-4 while no channel is in use yet, nobody is refused for want of room', () => {
  const request = { amount: amount(101n), isNamed: false }
  assert.equal(weighRequest({ open: 0, receivable: undefined }, request), 'fits')
})

test('OFFER-4 so many invoices for offers are open, and no more', () => {
  const request = { amount: amount(1n), isNamed: true }
  const open = (count: number) =>
    codeOf(weighRequest({ open: count, receivable: undefined }, request))
  assert.equal(open(OFFER_INVOICES_MAX - 1), 'fits')
  assert.equal(open(OFFER_INVOICES_MAX), 'offer_busy')
})
