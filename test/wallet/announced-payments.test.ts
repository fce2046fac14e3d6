import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type LetterId,
  type PaymentLetter,
  sha256,
  toHex,
} from '@tallystick/protocol'
import { ANNOUNCEMENTS_MAX, AnnouncedPayments } from '#client-sdk/letters/announced-payments.js'
import { addItem, anchorFor, at, NOW, preimage, redeemItem } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const letterOf = (name: number, change: Partial<PaymentLetter> = {}): PaymentLetter => ({
  kind: 'payment',
  anchor: anchorFor(name),
  preimage: preimage(name),
  amount: amount(1_000n),
  expiry: at(600),
  message: 'for you',
  ...change,
})
/** One of any number of letters, each with a preimage of its own. */
function freshLetter(n: number): PaymentLetter {
  const secret = new Uint8Array(32).fill(7)
  new DataView(secret.buffer).setUint32(0, n)
  return letterOf(1, { preimage: secret, anchor: toHex(sha256(secret)) as Anchor })
}
const idOf = (name: number) => name.toString(16).padStart(32, '0') as LetterId

function announced(policy = { accept: true, amountMin: amount(1n) }) {
  const taken: LetterId[] = []
  const payments = new AnnouncedPayments(policy, (id) => taken.push(id))
  return Object.assign(payments, { taken: () => taken.splice(0) })
}

describe('MAIL-5 an announced payment', () => {
  test('is known until it has come, and its letter is kept so long', () => {
    const payments = announced()
    payments.add(letterOf(1), idOf(1), false, NOW)
    payments.add(letterOf(1), idOf(1), false, NOW)
    assert.deepEqual([payments.find(anchorFor(1))?.amount, payments.taken()], [1_000n, []])
    payments.forget(anchorFor(1))
    assert.deepEqual([payments.find(anchorFor(1)), payments.taken()], [undefined, [idOf(1)]])
  })

  for (const [what, letter] of [
    ['of another preimage', letterOf(1, { preimage: preimage(2) })],
    ['of nothing', letterOf(1, { amount: amount(0n) })],
    ['that is over', letterOf(1, { expiry: at(-1) })],
    ['that would be waited for longer than a day', letterOf(1, { expiry: at(86_401) })],
  ] as const) {
    test(`${what} is of no use`, () => {
      const payments = announced()
      payments.add(letter, idOf(1), false, NOW)
      assert.deepEqual([payments.find(anchorFor(1)), payments.taken()], [undefined, [idOf(1)]])
    })
  }

  test('of an anchor that has an invoice, be it paid, is of no use: a replay', () => {
    const payments = announced()
    payments.add(letterOf(1), idOf(1), true, NOW)
    assert.deepEqual([payments.find(anchorFor(1)), payments.taken()], [undefined, [idOf(1)]])
  })

  test('is not taken where its owner takes none, or more', () => {
    const none = announced({ accept: false, amountMin: amount(0n) })
    none.add(letterOf(1), idOf(1), false, NOW)
    const more = announced({ accept: true, amountMin: amount(1_001n) })
    more.add(letterOf(1), idOf(1), false, NOW)
    assert.deepEqual([none.taken(), more.taken()], [[idOf(1)], [idOf(1)]])
  })

  test('INV-45 is forgotten when it is over, and the oldest where there are too many', () => {
    const payments = announced()
    for (let n = 1; n <= ANNOUNCEMENTS_MAX; n++) payments.add(freshLetter(n), idOf(n), false, NOW)
    assert.equal(payments.find(freshLetter(1).anchor)?.amount, 1_000n)
    payments.add(freshLetter(2_000), idOf(2_000), false, NOW)
    assert.equal(payments.find(freshLetter(1).anchor), undefined)
    payments.taken()
    payments.timePassed(at(601))
    assert.equal(payments.taken().length, 32)
    assert.equal(payments.find(freshLetter(2).anchor), undefined)
  })

  test('a flood of fresh letters does not have one forgotten that is on its way', () => {
    const payments = announced()
    payments.add(letterOf(1), idOf(1), false, NOW)
    for (let n = 2; n <= 1_000; n++) payments.add(freshLetter(n), idOf(n), false, NOW)
    assert.equal(payments.find(anchorFor(1))?.amount, 1_000n)
    // The flood is not left lying in the box of the hub, where it would shut out others.
    assert.equal(payments.taken().length, 1_000 - 32)
    payments.add(letterOf(1), idOf(1), false, NOW)
    assert.deepEqual(payments.taken(), [idOf(1)])
    payments.forget(anchorFor(1))
    assert.deepEqual(payments.taken(), [])
  })
})

describe('MAIL-5 an item of an anchor without an invoice', () => {
  const item = (name: number, unit = 1_000n) => addItem(name, { unit, expiry: 500 })
  const worldWith = (letter: PaymentLetter | undefined) => {
    const world = new WalletWorld()
    world.announced = (anchor) => (anchor === letter?.anchor ? letter : undefined)
    return world
  }

  test('is taken where a letter has announced it, and kept as what it is', () => {
    const world = worldWith(letterOf(1))
    world.hubSigns(item(1))
    assert.deepEqual(world.said.includes('claim'), true)
    assert.equal(world.state.invoice(anchorFor(1))?.origin, 'spontaneous')
    world.hubSigns(redeemItem(1))
    assert.ok(world.said.includes('invoice paid'))
  })

  test('is declined where none has', () => {
    const world = worldWith(undefined)
    world.hubSigns(item(1))
    assert.equal(world.declined, 'unknown_payment')
  })

  test('waits for the rest where it is less than announced, and is declined after its time', () => {
    const world = worldWith(letterOf(1))
    world.hubSigns(item(1, 999n))
    assert.ok(!world.said.includes('claim'))
  })
})
