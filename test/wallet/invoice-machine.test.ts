import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Amount, type ChannelId, type ItemId, isRejection } from '@tallystick/protocol'
import fc from 'fast-check'
import {
  INVOICE_NEXT,
  type InvoiceDeed,
  type InvoiceEvent,
  isOver,
  type LockedPart,
  stepInvoice,
} from '#client-sdk/wallet/invoice-machine.js'
import type { InvoiceRecord, InvoiceStatus } from '#client-sdk/wallet/wallet-records.js'
import { at, codeOf } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const CHANNELS = ['a1', 'b2'].map((name) => name.repeat(32) as ChannelId)
const ASKED = 1_000n

function invoice(change: Partial<InvoiceRecord> = {}): InvoiceRecord {
  return { ...new WalletWorld().invoice(1), ...change }
}

function part(name: number, amount: bigint, expiry = 600): LockedPart {
  const [first, second] = CHANNELS
  const channel = (name % 2 === 0 ? first : second) as ChannelId
  const id = name.toString(16).padStart(32, '0') as ItemId
  return { channel, id, amount: amount as Amount, expiry: at(expiry) }
}

const locked = (name: number, amount: bigint, expiry?: number): InvoiceEvent => {
  return { kind: 'locked', part: part(name, amount, expiry), ticks: 1 }
}

/** What comes of events, each at its second; all are taken. */
function after(start: InvoiceRecord, ...events: readonly (readonly [number, InvoiceEvent])[]) {
  let current = start
  const deeds: InvoiceDeed[] = []
  for (const [second, event] of events) {
    const stepped = stepInvoice(current, event, at(second))
    if (isRejection(stepped)) assert.fail(stepped.code)
    current = stepped.invoice
    deeds.push(...stepped.deeds)
  }
  return {
    invoice: current,
    said: deeds.map((deed) => (deed.kind === 'decline' ? deed.code : deed.kind)),
  }
}

describe('INVOICE-6 a payment in parts', () => {
  test('is claimed when its parts add up, all of it at once, and paid when all of it is', () => {
    const first = after(invoice(), [0, locked(1, 400n)])
    assert.deepEqual([first.invoice.status, first.said], ['open', []])
    const { invoice: whole, said } = after(first.invoice, [59, locked(2, 600n)])
    assert.deepEqual([whole.status, whole.received, said], ['claiming', ASKED, ['claim', 'claim']])
    const half = after(whole, [60, { kind: 'redeemed', part: part(1, 400n) }])
    assert.equal(half.invoice.status, 'claiming')
    const paid = after(half.invoice, [61, { kind: 'redeemed', part: part(2, 600n) }])
    assert.deepEqual([paid.invoice.status, paid.invoice.received], ['paid', ASKED])
  })

  test('is given back, and can be paid again, when they do not within 60 seconds', () => {
    const { invoice: waits } = after(invoice(), [0, locked(1, 999n)], [30, locked(2, 0n)])
    assert.deepEqual(after(waits, [60, { kind: 'timePassed' }]).said, [])
    const { invoice: back, said } = after(waits, [61, { kind: 'timePassed' }])
    assert.deepEqual(said, ['amount_too_low', 'amount_too_low'])
    assert.deepEqual([back.status, back.parts], ['open', []])
    assert.equal(after(back, [62, locked(3, ASKED)]).invoice.status, 'claiming')
  })

  test('of which one is gone waits for another in its place', () => {
    const { channel, id } = part(1, 400n)
    const dropped: InvoiceEvent = { kind: 'dropped', channel, id }
    const { invoice: left } = after(invoice(), [0, locked(1, 400n)], [1, dropped])
    assert.deepEqual([left.parts, left.waitsUntil], [[], undefined])
    assert.equal(after(left, [2, locked(2, 600n)]).invoice.status, 'open')
  })

  test('that was shown the preimage and is paid in part alone is not paid', () => {
    const { channel, id } = part(2, 600n)
    const { invoice: ended } = after(
      invoice(),
      [0, locked(1, 400n)],
      [1, locked(2, 600n)],
      [2, { kind: 'redeemed', part: part(1, 400n) }],
      [3, { kind: 'dropped', channel, id }],
    )
    assert.deepEqual([ended.status, ended.received], ['expired', 400n])
  })

  test('has no seventeenth part', () => {
    const parts = Array.from({ length: 16 }, (_, i) => [0, locked(i, 1n)] as const)
    const { invoice: full } = after(invoice(), ...parts)
    assert.equal(codeOf(stepInvoice(full, locked(16, 984n), at(0))), 'amount_too_low')
  })

  test('of an open amount is its first item', () => {
    const { invoice: open } = after(invoice({ amount: undefined }), [0, locked(1, 7n)])
    assert.deepEqual([open.status, open.received], ['claiming', 7n])
    assert.equal(codeOf(stepInvoice(open, locked(2, 7n), at(0))), 'already_paid')
  })
})

describe('INVOICE-7 what is held', () => {
  const held = () => after(invoice({ hold: true }), [0, locked(1, 400n)], [0, locked(2, 600n, 500)])

  test('is not claimed before it is captured, and then in whole', () => {
    const { invoice: waits, said } = held()
    assert.deepEqual([waits.status, waits.received, said], ['held', ASKED, []])
    const captured = after(waits, [350, { kind: 'capture' }])
    assert.deepEqual([captured.invoice.status, captured.said], ['claiming', ['claim', 'claim']])
    assert.deepEqual(after(captured.invoice, [350, { kind: 'capture' }]).said, [])
  })

  test('is given back 150 seconds before its first item expires', () => {
    const { invoice: waits } = held()
    assert.equal(waits.waitsUntil, at(350))
    assert.equal(after(waits, [350, { kind: 'timePassed' }]).invoice.status, 'held')
    assert.equal(codeOf(stepInvoice(waits, { kind: 'capture' }, at(351))), 'invoice_not_held')
    const lapsed = after(waits, [351, { kind: 'timePassed' }])
    assert.equal(lapsed.invoice.status, 'cancelled')
    assert.deepEqual(lapsed.said, ['hold_lapsed', 'hold_lapsed'])
  })

  test('is given back at the word of its owner, and outlives the expiry of the invoice', () => {
    const start = invoice({ hold: true, expiry: at(10) })
    const { invoice: waits } = after(start, [10, locked(1, ASKED)], [300, { kind: 'timePassed' }])
    assert.equal(waits.status, 'held')
    const cancelled = after(waits, [301, { kind: 'cancel' }])
    assert.deepEqual(
      [cancelled.invoice.status, cancelled.said],
      ['cancelled', ['invoice_cancelled']],
    )
  })

  test('with one part gone is over', () => {
    const { channel, id } = part(1, 400n)
    const lapsed = after(held().invoice, [5, { kind: 'dropped', channel, id }])
    assert.deepEqual([lapsed.invoice.status, lapsed.said], ['cancelled', ['hold_lapsed']])
  })
})

describe('INVOICE-4 the status of an invoice', () => {
  test('an open one is cancelled with what waits for it; one that is being paid is not', () => {
    const { invoice: gone, said } = after(invoice(), [0, locked(1, 1n)], [1, { kind: 'cancel' }])
    assert.deepEqual([gone.status, said], ['cancelled', ['invoice_cancelled']])
    const { invoice: claiming } = after(invoice(), [0, locked(1, ASKED)])
    assert.equal(codeOf(stepInvoice(claiming, { kind: 'cancel' }, at(1))), 'already_paid')
  })

  test('never goes back, whatever happens, and what is over stays as it is (property)', () => {
    const item = fc.record({ name: fc.nat(5), amount: fc.constantFrom(1n, 400n, 600n, 1_000n) })
    const expiry = fc.constantFrom(100, 300, 600)
    const events = fc.oneof(
      fc.tuple(item, expiry).map(([{ name, amount }, until]) => locked(name, amount, until)),
      item.map(({ name, amount }): InvoiceEvent => {
        return { kind: 'redeemed', part: part(name, amount) }
      }),
      item.map(({ name }): InvoiceEvent => ({ kind: 'dropped', ...part(name, 1n) })),
      fc.constantFrom<InvoiceEvent>(
        { kind: 'capture' },
        { kind: 'cancel' },
        { kind: 'timePassed' },
      ),
    )
    const wish = fc.record({ hold: fc.boolean(), isOpen: fc.boolean() })
    const steps = fc.array(fc.tuple(fc.nat(90), events), { maxLength: 24 })
    fc.assert(
      fc.property(wish, steps, ({ hold, isOpen }, all) => {
        let current = invoice({ hold, ...(isOpen ? { amount: undefined } : {}) })
        let second = 0
        const seen = new Set<InvoiceStatus>([current.status])
        for (const [seconds, event] of all) {
          second += seconds
          const stepped = stepInvoice(current, event, at(second))
          if (isRejection(stepped)) continue
          const { status } = stepped.invoice
          if (isOver(current)) assert.equal(stepped.invoice, current)
          if (status !== current.status) {
            assert.ok(INVOICE_NEXT[current.status].includes(status), `${current.status} ${status}`)
            assert.ok(!seen.has(status), `${status} comes back`)
            seen.add(status)
          }
          if (status === 'paid') assert.ok(stepped.invoice.received >= (current.amount ?? 1n))
          const claims = stepped.deeds.filter(({ kind }) => kind === 'claim')
          assert.ok(claims.length === 0 || status === 'claiming')
          current = stepped.invoice
        }
      }),
    )
  })
})
