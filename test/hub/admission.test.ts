import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  HANDSHAKES_MAX,
  HANDSHAKES_PER_ADDRESS_MAX,
  SESSIONS_MAX,
  SESSIONS_PER_ADDRESS_MAX,
} from '#hub/limits.js'
import { Admission, type Guest } from '#hub/session/admission.js'
import { handClock } from './hand-clock.js'

/** Sessions by where they come from; who has to go is gone. */
function scene() {
  const clock = handClock()
  const admission = new Admission<Guest>(clock)
  const gone: string[] = []
  /** Comes in, if it is let in; how far it gets. */
  const come = (address: string, until: 'challenged' | 'proven' | 'attached') => {
    if (!admission.admits(address)) return undefined
    const guest = {
      hasChannels: false,
      giveWay: () => {
        gone.push(address)
        admission.remove(guest)
      },
    }
    admission.add(guest, address)
    if (until !== 'challenged') admission.proven(guest)
    guest.hasChannels = until === 'attached'
    admission.weigh(guest)
    return guest
  }
  const many = (count: number, address: (i: number) => string, until: 'challenged' | 'proven') => {
    for (let i = 0; i < count; i++) assert.ok(come(address(i), until), `${i} of ${count}`)
  }
  return { clock, admission, come, many, gone: () => gone.splice(0) }
}

describe('INV-45 INV-46 WIRE-9 connections that prove nothing', () => {
  test('are so many of one address, and of another as well', () => {
    const { clock, admission, come, many, gone } = scene()
    many(HANDSHAKES_PER_ADDRESS_MAX, () => '10.0.0.1', 'challenged')
    assert.equal(come('10.0.0.1', 'challenged'), undefined)
    assert.ok(come('10.0.0.2', 'challenged'))
    const [first] = admission.sessions()
    admission.proven(first ?? assert.fail())
    assert.ok(come('10.0.0.1', 'challenged'))
    assert.deepEqual(gone(), [])
    clock.pass(2_000)
    assert.ok(come('10.0.0.1', 'challenged'))
    assert.deepEqual(gone(), ['10.0.0.1'])
  })

  test('keep out nobody who comes from elsewhere, but one of the address with most of them', () => {
    const { come, many, gone } = scene()
    assert.equal(HANDSHAKES_MAX, 8 * HANDSHAKES_PER_ADDRESS_MAX)
    many(HANDSHAKES_MAX - 1, (i) => `10.0.0.${i & 7}`, 'challenged')
    assert.ok(come('10.0.0.9', 'challenged'))
    assert.ok(come('10.0.0.9', 'proven'))
    assert.deepEqual(gone(), ['10.0.0.0'])
  })

  test('of as many addresses as there are places go after two seconds, the longest there first', () => {
    const { clock, come, many, gone } = scene()
    many(HANDSHAKES_MAX, (i) => `10.0.${i >> 8}.${i & 255}`, 'challenged')
    assert.equal(come('10.1.0.1', 'challenged'), undefined)
    clock.pass(1_999)
    assert.equal(come('10.1.0.1', 'challenged'), undefined)
    clock.pass(1)
    assert.ok(come('10.1.0.1', 'challenged'))
    assert.deepEqual(gone(), ['10.0.0.0'])
  })
})

describe('INV-45 INV-46 WIRE-9 sessions', () => {
  test('without a channel give way to who comes, and those with one never', () => {
    const { come, many, gone } = scene()
    assert.ok(come('10.0.0.1', 'attached'))
    many(SESSIONS_PER_ADDRESS_MAX - 1, () => '10.0.0.1', 'proven')
    many(SESSIONS_MAX - SESSIONS_PER_ADDRESS_MAX, () => '10.0.0.2', 'proven')
    assert.ok(come('10.0.0.3', 'attached'))
    assert.ok(come('10.0.0.3', 'attached'))
    assert.deepEqual(gone(), ['10.0.0.1', '10.0.0.1'])
  })

  test('of an address that has as many as it may give way to its own after a minute', () => {
    const { clock, come, many, gone } = scene()
    many(SESSIONS_PER_ADDRESS_MAX, () => '10.0.0.1', 'proven')
    clock.pass(59_999)
    assert.equal(come('10.0.0.1', 'attached'), undefined)
    clock.pass(1)
    assert.ok(come('10.0.0.1', 'attached'))
    assert.deepEqual(gone(), ['10.0.0.1'])
  })

  test('that all speak for a channel keep their places; one that has lost its last does not', () => {
    const { admission, come, gone } = scene()
    const first = come('10.0.0.0', 'attached') ?? assert.fail()
    for (let i = 1; i < SESSIONS_MAX; i++) assert.ok(come(`10.0.0.${i & 3}`, 'attached'))
    assert.equal(come('10.0.0.9', 'attached'), undefined)
    first.hasChannels = false
    admission.weigh(first)
    assert.equal(come('10.0.0.9', 'attached'), undefined)
    assert.deepEqual(gone(), [])
    admission.remove(first)
    admission.remove(first)
    assert.equal(admission.size, SESSIONS_MAX - 1)
    assert.ok(come('10.0.0.9', 'attached'))
  })
})
