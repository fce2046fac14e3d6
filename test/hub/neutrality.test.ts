import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type Change,
  claimableOf,
  earlierLink,
  lockedBy,
  lockedOf,
  noteOf,
  type PendingItem,
  positionOf,
  REVEAL_SECONDS,
  sideStake,
  timestamp,
  withdrawalDigest,
  withNote,
} from '@tallystick/protocol'
import type { Payment } from '#hub/core/payment.js'
import { addItem, anchorFor, CHAIN, Dice, NOW, preimage, seeds } from '../protocol/test-channel.js'
import { HubWorld, type TestClient } from './hub-world.js'

/*
 * Clients that work together against the hub: they know every preimage, sign whatever they like,
 * hold back acks and claims as it suits them. What the hub would have in the worst future must
 * never fall below what it has put in, whatever it has carried for them.
 */

const RUNS = 20
const STEPS = 500
const CLIENTS = 5
/** Anchors, and names of items, that the clients take from: few, so that they meet again. */
const ANCHORS = 180
const NAMES = 8
/** Every third anchor is that of a stream, with so many ticks. */
const TICKS = 5

class Collusion {
  readonly dice: Dice
  readonly hub: HubWorld
  /** By the hub; and what clients have paid it for nothing. */
  deposited: bigint
  /** Links that are on the ledger, and since when. */
  readonly revealed = new Map<Anchor, { readonly index: number; readonly time: number }[]>()
  /** Items that the hub has promised and cancelled: older proofs still name them. */
  readonly promised = new Map<string, PendingItem>()
  taken = 0
  /** What has come about at all. */
  readonly seen = new Set<string>()
  /** Clients that ack nothing for a while. */
  readonly #quiet = new Set<TestClient>()

  constructor(dice: Dice) {
    this.dice = dice
    this.hub = new HubWorld(
      Array.from({ length: CLIENTS }, () => ({ client: 6_000n, hub: 5_000n })),
    )
    this.deposited = this.hub.settledValue
    // Each but the last has two channels: payments come and go in parts.
    for (let number = 1; number < CLIENTS; number += 2) {
      const { identity: owner } = this.hub.client(number - 1)
      const position = positionOf(this.hub.client(number).party)
      this.hub.peer({ kind: 'attached', owner, position })
    }
  }

  step(): void {
    const { dice, hub } = this
    const client = hub.client(dice.roll(CLIENTS))
    const roll = dice.roll(100)
    if (roll < 5) this.#payAgain()
    else if (roll < 45) this.#update(client)
    else if (roll < 65) this.#claim(client)
    else if (roll < 80) this.#decline(client)
    else if (roll < 86)
      hub.peer({ kind: 'stored', channel: client.channel, version: dice.roll(40) })
    else if (roll < 90) this.#revealSomething()
    else if (roll < 92) hub.attach(client)
    else if (roll < 95) this.#withdraw(client)
    else this.#wait(dice.roll(dice.chance(20) ? 300 : 25))
    for (const { party } of hub.state.channels()) {
      for (const item of party.own.items) this.promised.set(`${party.ledger.id}:${item.id}`, item)
    }
    this.#count()
  }

  /** An update of whatever seems useful. */
  #update(client: TestClient): void {
    this.#say(client, this.#changes(client))
  }

  /** An update with an ack of anything. */
  #say(client: TestClient, changes: readonly Change[]): void {
    const { dice, hub } = this
    const party = hub.hubParty(client)
    if (dice.chance(6)) this.#quiet.add(client)
    if (dice.chance(3)) this.#quiet.delete(client)
    const unacked = client.party.peer.version - party.peer.acked
    const acked =
      party.peer.acked + (this.#quiet.has(client) ? 0 : unacked - dice.roll(unacked + 1))
    const before = client.party
    const given = this.#givenBy(client, changes)
    const update = client.signs(changes, acked)
    const effects = hub.peer({ kind: 'update', update })
    if (effects.some(({ kind }) => kind === 'endSession'))
      client.party = { ...client.party, own: before.own }
    else {
      this.taken++
      this.deposited += given
    }
  }

  /** What is paid whole though the hub has carried it on to nobody. */
  #givenBy({ channel, party }: TestClient, changes: readonly Change[]): bigint {
    const onward = this.hub.state.channel(channel)?.onward ?? []
    return changes.reduce((sum, change) => {
      const item = party.own.items.find(({ id }) => id === change.id)
      if (item === undefined || change.kind !== 'redeem' || change.index < item.ticks) return sum
      return onward.some(({ id }) => id === item.id) ? sum : sum + lockedBy(item)
    }, 0n)
  }

  /** Pays the hub what waits there, and names it again: it waits twice, and is worth something else (HUB-16). */
  #payAgain(): void {
    const { dice, hub } = this
    const waiting = [...hub.state.channels()].flatMap((channel) => channel.waiting)
    const one = waiting[dice.roll(waiting.length || 1)]
    const client = hub.clients.find(({ channel }) => channel === one?.channel)
    const item = client?.party.own.items.find(({ id }) => id === one?.id)
    if (client === undefined || item === undefined) return
    const { id, anchor, ticks } = item
    // One of its name may have had its turn.
    if (hub.state.channel(client.channel)?.onward.some((row) => row.id === id) === true) return
    const index = dice.chance(80) ? ticks : item.paid + 1
    this.#say(client, [{ kind: 'redeem', id, ...linkOf(nameOf(anchor), index) }])
    this.#say(client, [{ ...this.#add(1), id, anchor, ticks } as Change])
  }

  /** New items, items taken back by right or without, and names that are used again. */
  #changes(client: TestClient): Change[] {
    const { dice } = this
    const { items } = client.party.own
    const item = items[dice.roll(items.length || 1)]
    if (item === undefined || dice.chance(45)) {
      return Array.from({ length: dice.pick([1, 1, 2]) }, () => this.#add(1 + dice.roll(NAMES)))
    }
    const drop = this.#drop(client, item)
    const again = { ...this.#add(1), id: item.id }
    return dice.pick([[drop], [drop], [drop, again], [drop, again, drop]])
  }

  #drop(client: TestClient, { id, anchor, expiry }: PendingItem): Change {
    const { dice, hub } = this
    const { known, declined } = noteOf(hub.hubParty(client), id)
    if (dice.chance(known === undefined ? 5 : 50))
      return { kind: 'redeem', id, ...this.#link(anchor) }
    if (dice.chance(10)) return { kind: dice.pick(['cancel', 'expire']), id }
    return { kind: declined || hub.now <= expiry ? 'cancel' : 'expire', id }
  }

  #add(name: number): Change {
    const { dice, hub } = this
    const under = this.#underWay()
    const anchor = under?.anchor ?? anchorNamed(1 + dice.roll(ANCHORS))
    const ticks = dice.chance(90) ? ticksOf(nameOf(anchor)) : 1 + dice.roll(TICKS)
    const value = BigInt(10 + dice.roll(Math.floor(900 / ticks)))
    const to = under && dice.chance(70) ? under.parts[0]?.toChannel : undefined
    const owner = to && hub.state.channel(to)?.owner
    // So many pay the last one that some have to wait.
    const some = dice.chance(40) ? CLIENTS - 1 : dice.roll(CLIENTS)
    const payee = owner ?? hub.client(some).identity
    const expiry = hub.now - NOW + dice.pick([100, 200, 200, 300, 900])
    const add = addItem(name, { unit: value + BigInt(dice.pick([0, 20, 20, 40])), ticks, expiry })
    const forward = dice.chance(90) ? { payee, amount: amount(value) } : undefined
    return { ...add, anchor, forward }
  }

  /** A payment under way, of which another item may be a part. */
  #underWay(): Payment | undefined {
    const { dice, hub } = this
    const pending = [...hub.payments.values()].filter(({ status }) => status === 'pending')
    return pending.length > 0 && dice.chance(30) ? dice.pick(pending) : undefined
  }

  /** A link of the chain; whoever owns it knows all of them. */
  #link(anchor: Anchor) {
    return linkOf(nameOf(anchor), 1 + this.dice.roll(ticksOf(nameOf(anchor))))
  }

  #claim(client: TestClient): void {
    const items = [...client.party.peer.items, ...this.promised.values()]
    if (items.length === 0) return
    const { id, anchor } = this.dice.pick(items)
    const claim = { channel: client.channel, id, known: this.#link(anchor) }
    this.hub.peer({ kind: 'claim', claim })
  }

  #decline(client: TestClient): void {
    const { items } = client.party.peer
    if (items.length === 0) return
    // By no rule at all: a stream of which it has just claimed some, too.
    const { id } = this.dice.pick(items)
    const note = { ...noteOf(client.party, id), declined: true }
    client.party = withNote(client.party, note)
    this.hub.peer({ kind: 'decline', decline: { channel: client.channel, id, code: 'no' } })
  }

  /** Asks for money, rightly or not; or the ledger pays out what was agreed, if there is time left. */
  #withdraw(client: TestClient): void {
    const { dice, hub } = this
    const { ledger, withdrawing } = hub.hubParty(client)
    const { channel } = client
    if (withdrawing !== undefined && hub.now <= withdrawing.validUntil && dice.chance(70)) {
      const { withdrawn } = withdrawing
      const paid = { ...ledger, client: { ...ledger.client, withdrawn } }
      client.party = { ...client.party, ledger: paid }
      hub.ledger({ kind: 'channelSeen', channel: paid })
      this.seen.add('withdrawn')
      return
    }
    const withdrawal = {
      ...{ channel, role: dice.chance(95) ? ('client' as const) : ('hub' as const) },
      withdrawn: amount(ledger.client.withdrawn + BigInt(50 + dice.roll(1_500))),
      validUntil: timestamp(hub.now + dice.pick([5, 60, 600, 4_000])),
    }
    const signature = client.signer.sign(withdrawalDigest(CHAIN, withdrawal))
    hub.peer({ kind: 'withdrawAgreed', agreed: { withdrawal, signature } })
  }

  /** Makes public what is pending, or what is not. */
  #revealSomething(): void {
    const { dice, hub } = this
    const { items } = hub.hubParty(hub.client(dice.roll(CLIENTS))).peer
    const item = items[dice.roll(items.length || 1)]
    const isPending = item !== undefined && dice.chance(70)
    const name = isPending ? nameOf(item.anchor) : 1 + dice.roll(ANCHORS)
    this.#reveal(name, 1 + dice.roll(ticksOf(name)))
  }

  /** The ledger records a link that is later than all that it has (REV-3). */
  #reveal(name: number, index: number): void {
    const { hub } = this
    const anchor = anchorNamed(name)
    const before = this.revealed.get(anchor) ?? []
    if (before.some((other) => other.index >= index)) return
    this.revealed.set(anchor, [...before, { index, time: hub.now }])
    const known = linkOf(name, index)
    hub.ledger({ kind: 'revealSeen', anchor, known, time: hub.now }, { kind: 'timePassed' })
  }

  /** Time passes in steps of a few seconds; the hub's guard reveals what it knows before it expires. */
  #wait(seconds: number): void {
    const { hub } = this
    for (let left = seconds; left > 0; left -= 20) {
      hub.wait(Math.min(left, 20))
      for (const { party } of hub.state.channels()) {
        for (const { id, anchor, paid, expiry } of party.peer.items) {
          const { known } = noteOf(party, id)
          const pressing = hub.now >= expiry - REVEAL_SECONDS && hub.now <= expiry
          if (known === undefined || known.index <= paid || !pressing) continue
          this.#reveal(nameOf(anchor), known.index)
        }
      }
    }
  }

  /** CH-6.2: what the clients have promised, the ledger could take from them. */
  checkSolvency(): void {
    for (const { party } of this.hub.state.channels()) {
      const { ledger, own, peer, withdrawing } = party
      const due = withdrawing === undefined ? 0n : withdrawing.withdrawn - ledger.client.withdrawn
      const stake = sideStake(ledger.client) - due
      assert.ok(peer.transferred + lockedOf(peer) <= stake + own.transferred)
      assert.ok(own.transferred + lockedOf(own) <= sideStake(ledger.hub) + peer.transferred)
    }
  }

  /** What the hub has at least, in every future: INV-7. */
  worstValue(): bigint {
    const { hub } = this
    const futures = new Map<Anchor, Stake[]>()
    const worth = (item: PendingItem, sign: bigint, known: number) => {
      const stake = { item, sign, known, isOpen: hub.now <= item.expiry }
      futures.set(item.anchor, [...(futures.get(item.anchor) ?? []), stake])
    }
    for (const { party } of hub.state.channels()) {
      for (const item of party.peer.items) {
        // What the hub has declined, the payer may take back, public or not.
        const { known, declined } = noteOf(party, item.id)
        if (!declined) worth(item, 1n, known?.index ?? 0)
      }
      for (const item of party.own.items) worth(item, -1n, 0)
      for (const { id } of party.cancelling) {
        const item =
          this.promised.get(`${party.ledger.id}:${id}`) ??
          assert.fail('what is cancelled was promised')
        worth(item, -1n, 0)
      }
    }
    return [...futures].reduce((sum, [anchor, stakes]) => {
      // What the hub knows it can make public; what else becomes so, others choose.
      const known = Math.max(...stakes.map((stake) => (stake.isOpen ? stake.known : 0)))
      let worst: bigint | undefined
      for (let index = known; index <= TICKS; index++) {
        const value = this.#worthOf(anchor, stakes, index)
        if (worst === undefined || value < worst) worst = value
      }
      return sum + (worst ?? 0n)
    }, hub.settledValue)
  }

  /** What the items of an anchor come to if link `index` becomes public now. */
  #worthOf(anchor: Anchor, stakes: readonly Stake[], index: number): bigint {
    const reveals = this.revealed.get(anchor) ?? []
    return stakes.reduce((sum, { item, sign, isOpen }) => {
      const inTime = reveals.filter(({ time }) => time <= item.expiry)
      const decided = Math.max(0, ...inTime.map((reveal) => reveal.index))
      return sum + sign * claimableOf(item, isOpen ? Math.max(decided, index) : decided)
    }, 0n)
  }

  /** What was tried at all: parts, streams that were paid in part, and both of them settled. */
  #count(): void {
    for (const { waiting } of this.hub.state.channels()) {
      const names = waiting.map(({ channel, id }) => `${channel}:${id}`)
      if (names.length > 0) this.seen.add('waited')
      if (new Set(names).size < names.length) this.seen.add('waited twice')
    }
    for (const { status, parts } of this.hub.payments.values()) {
      if (parts.length > 1) this.seen.add(`parts ${status}`)
      for (const { ticks, shown, paid } of parts) {
        if (ticks > 1 && paid > 0 && paid < ticks) this.seen.add(`stream ${status}`)
        if (ticks > 1 && shown > 0) this.seen.add('stream claimed')
      }
    }
  }
}

/** An item that the hub gains by (1) or pays (-1), and the link of it that it knows. */
type Stake = {
  readonly item: PendingItem
  readonly sign: bigint
  readonly known: number
  readonly isOpen: boolean
}

/** Ticks of the chain that goes by a name. */
function ticksOf(name: number): number {
  return name % 3 === 0 ? TICKS : 1
}
const anchorNamed = (name: number) => anchorFor(name, ticksOf(name))
const linkOf = (name: number, index: number) => {
  return { index, link: earlierLink(preimage(name), ticksOf(name) - index) }
}
const NAMES_OF = new Map(
  Array.from({ length: 200 }, (_, i) => [anchorNamed(i + 1), i + 1] as const),
)
function nameOf(anchor: Anchor): number {
  return NAMES_OF.get(anchor) ?? assert.fail('every anchor here has a known preimage')
}

describe('colluding clients', () => {
  const seen = new Set<string>()
  for (const seed of seeds(RUNS)) {
    test(`INV-7 INV-25 the hub never has less than it put in, seed ${seed}`, () => {
      const world = new Collusion(new Dice(seed))
      for (let step = 0; step < STEPS; step++) {
        world.step()
        const worst = world.worstValue()
        assert.ok(worst >= world.deposited, `step ${step}: ${worst} of ${world.deposited}`)
        world.checkSolvency()
      }
      assert.ok(world.taken > 10, 'the hub takes what is in order')
      for (const what of world.seen) seen.add(what)
    })
  }

  test('have paid in parts and by streams, of which some went no further than they were paid', () => {
    for (const what of [
      'withdrawn',
      'parts claimed',
      'stream claimed',
      'stream settled',
      'waited',
      'waited twice',
    ]) {
      assert.ok(seen.has(what), what)
    }
  })
})
