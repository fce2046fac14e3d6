import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  type Change,
  declineItem,
  encode,
  type ItemId,
  isRejection,
  type PendingItem,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { decodeHubChannel, hubChannelCodec, idOf } from '#hub/core/hub-channel.js'
import type { PeerEvent } from '#hub/core/hub-event.js'
import { hasPlace } from '#hub/core/routing.js'
import { anchorFor, NOW, preimage } from '../protocol/test-channel.js'
import { HubWorld, payment, type TestClient } from './hub-world.js'

/** Channels of the one payee, and those that pay it: two, so that one payer pays in parts. */
const PAYEES = 2
const PAYERS = 5
/** Places on each lane. */
const PLACES = 3
const VALUES = [100n, 700n, 3_000n]
/** Of each value: 10 and a thousandth, rounded up. */
const feeOf = (value: bigint) => 10n + (value + 999n) / 1_000n

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('pay' as const), who: fc.nat(), what: fc.nat() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('claim' as const), who: fc.nat(), what: fc.nat() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('decline' as const), who: fc.nat(), what: fc.nat() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ack' as const), who: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const), who: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), what: fc.nat(34) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), who: fc.nat() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Honest clients, slow as they like, of a payee that has fewer places than they want to pay. */
class Crowd {
  readonly hub: HubWorld
  readonly payees: readonly TestClient[]
  readonly payers: readonly TestClient[]
  readonly start: bigint
  /** Value of each payment, by the number that it goes by. */
  readonly values = new Map<number, bigint>()
  readonly claimed = new Set<number>()
  /** How often an anchor was promised to the payee. */
  readonly promised = new Map<Anchor, number>()
  /** Requests of the hub that a client has met. */
  readonly #heard = new Map<TestClient, number>()
  waited = 0

  constructor() {
    const setup = { client: 20_000n, hub: 9_000n, itemsMax: PLACES }
    this.hub = new HubWorld(Array.from({ length: PAYEES + PAYERS }, () => setup))
    const { clients } = this.hub
    this.payees = clients.slice(0, PAYEES)
    this.payers = clients.slice(PAYEES)
    const [first] = this.payees
    assert.ok(first !== undefined)
    for (const { party, ...rest } of this.payees) {
      this.hub.attach({ ...rest, party, identity: first.identity } as TestClient)
    }
    this.start = this.hub.settledValue
  }

  take(step: Step): void {
    switch (step.do) {
      case 'pay':
        return this.#pay(pick(this.payers, step.who), pick(VALUES, step.what))
      case 'claim':
        return this.#answer(pick(this.payees, step.who), step.what, true)
      case 'decline':
        return this.#answer(pick(this.payees, step.who), step.what, false)
      case 'ack':
        return void this.hub.update(pick(this.hub.clients, step.who))
      case 'settle':
        return this.#settle(pick(this.payers, step.who))
      case 'wait':
        // What came first must not expire meanwhile.
        return this.hub.now > NOW + 600 ? undefined : this.wait(1 + step.what)
      case 'restart':
        return this.#restart()
      case 'drain': {
        const { channel } = pick(this.payees, step.who)
        return void this.hub.peer({ kind: 'closeIntent', channel })
      }
    }
  }

  /** Everybody answers for everything, until nothing is left to wait for. */
  finish(): void {
    for (let round = 0; round < 40 && !this.isOver; round++) {
      for (const payee of this.payees) this.#answer(payee, round, round % 3 > 0)
      for (const client of this.hub.clients) this.hub.update(client)
      for (const payer of this.payers) this.#settle(payer)
    }
    this.wait(31)
    for (const payer of this.payers) this.#settle(payer)
  }

  /** Nothing waits, and nothing is pending. */
  get isOver(): boolean {
    return [...this.hub.state.channels()].every(
      ({ party, waiting }) =>
        waiting.length + party.own.items.length + party.peer.items.length === 0,
    )
  }

  wait(seconds: number): void {
    this.hub.wait(seconds)
    this.#listen()
    for (const row of this.hub.state.channels()) {
      assert.ok(row.waiting.length === 0 || !hasPlace(row), 'nothing waits where there is a place')
    }
  }

  #pay(payer: TestClient, value: bigint): void {
    if (payer.party.own.items.length >= PLACES || this.values.size >= 200) return
    const [to] = this.payees
    assert.ok(to !== undefined)
    const name = this.values.size + 1
    this.values.set(name, value)
    const expiry = this.hub.now - NOW + 900
    this.hub.update(payer, payment(to, name, { value, fee: feeOf(value), expiry }))
    this.#listen()
  }

  /** The payee answers for one of what it was promised, or for all of it in one batch. */
  #answer(payee: TestClient, which: number, isClaim: boolean): void {
    const { items } = payee.party.peer
    const some = items.length > 0 && which % 3 > 0 ? [pick(items, which)] : items
    const events = some.flatMap((item) => this.#answerFor(payee, item, isClaim))
    if (events.length > 0) this.hub.peer(...events)
    this.#listen()
  }

  #answerFor(payee: TestClient, { id, anchor }: PendingItem, isClaim: boolean): PeerEvent[] {
    const { channel } = payee
    const name = this.#nameOf(anchor)
    const isDeclined = payee.party.incoming.some((note) => note.id === id && note.declined)
    if (isClaim && !isDeclined) {
      this.claimed.add(name)
      const known = { index: 1, link: preimage(name) }
      return [{ kind: 'claim', claim: { channel, id, known } }]
    }
    const declined = declineItem(payee.party, id)
    if (isRejection(declined) || this.claimed.has(name)) return []
    payee.party = declined as TestClient['party']
    return [{ kind: 'decline', decline: { channel, id, code: 'no' } }]
  }

  /** A payer does what the hub has asked of it since. */
  #settle(payer: TestClient): void {
    const changes: Change[] = []
    const named = new Set<ItemId>()
    for (const message of payer.heard.slice(this.#heard.get(payer) ?? 0)) {
      if (message.kind !== 'claim' && message.kind !== 'decline') continue
      const { id } = message
      if (named.has(id) || !payer.party.own.items.some((item) => item.id === id)) continue
      named.add(id)
      if (message.kind === 'decline') changes.push({ kind: 'cancel', id })
      else changes.push({ kind: 'redeem', id, index: 1, link: message.known.link })
    }
    this.#heard.set(payer, payer.heard.length)
    this.hub.update(payer, ...changes)
    this.#listen()
  }

  /** The rows of the journal give the same state. */
  #restart(): void {
    const channels = new Map()
    for (const row of this.hub.state.channels()) {
      const read = decodeHubChannel(encode(hubChannelCodec, row))
      assert.deepEqual(read, row)
      channels.set(idOf(row), read)
    }
    this.hub.state.apply({ channels, payments: new Map(), reveals: new Set() })
  }

  /** Whatever is promised to the payee is promised once. */
  #listen(): void {
    for (const { waiting } of this.hub.state.channels()) this.waited += waiting.length
    for (const payee of this.payees) {
      for (const message of payee.heard.splice(0)) {
        if (message.kind !== 'update') continue
        for (const change of message.changes) {
          if (change.kind !== 'add') continue
          assert.ok(!this.promised.has(change.anchor), 'carried on twice')
          this.promised.set(change.anchor, 1)
        }
      }
    }
  }

  #nameOf(anchor: Anchor): number {
    for (const name of this.values.keys()) if (anchorFor(name) === anchor) return name
    return assert.fail('only what was paid is promised')
  }
}

function pick<T>(items: readonly T[], which: number): T {
  return items[which % items.length] ?? assert.fail('there is something to pick from')
}

describe('HUB-16 a payee that has fewer places than payers', () => {
  let waited = 0

  test('INV-7 what its lane has no place for comes to one end, and the hub keeps the fees of what was claimed', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const crowd = new Crowd()
        for (const one of steps) crowd.take(one)
        crowd.finish()
        let fees = 0n
        for (const name of crowd.claimed) fees += feeOf(crowd.values.get(name) ?? 0n)
        for (const { party, waiting } of crowd.hub.state.channels()) {
          assert.deepEqual([waiting, party.own.items, party.peer.items], [[], [], []])
        }
        assert.equal(crowd.hub.settledValue, crowd.start + fees)
        for (const name of crowd.claimed) {
          assert.equal(crowd.hub.payments.get(anchorFor(name))?.status, 'settled')
        }
        waited += crowd.waited
      }),
      { numRuns: 30 },
    )
  })

  test('of which some waited', () => assert.ok(waited > 100))
})
