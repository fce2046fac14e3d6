import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubState } from '#hub/core/hub-state.js'
import { HubOverlay } from '#hub/core/hub-view.js'
import type { Payment } from '#hub/core/payment.js'
import { anchorFor } from '../protocol/test-channel.js'
import { testPayment } from './test-payment.js'

const OLD = testPayment(anchorFor(1), 'pending')
const NEW: Payment = { ...OLD, status: 'claimed' }

test('HUB-9 what a journal finds of a payment is older than what was committed since it was asked', () => {
  const state = new HubState()
  const payments = new Map([[NEW.anchor, NEW]])
  state.apply({ channels: new Map(), payments, reveals: new Set() })
  state.keep([OLD])
  assert.equal(state.payment(OLD.anchor)?.status, 'claimed')
})

test('HUB-9 a batch sees what the one below it writes, before it is committed and after', () => {
  const state = new HubState()
  state.preload([OLD], new Set())
  const below = new HubOverlay(state)
  below.setPayment(NEW)
  const overlay = new HubOverlay(state, below)
  assert.equal(overlay.payment(OLD.anchor)?.status, 'claimed')
  state.apply(below.writes())
  assert.equal(overlay.payment(OLD.anchor)?.status, 'claimed')
  overlay.setPayment({ ...NEW, status: 'settled' })
  assert.equal(overlay.payment(OLD.anchor)?.status, 'settled')
  assert.deepEqual([...overlay.writes().payments.keys()], [OLD.anchor])
})
