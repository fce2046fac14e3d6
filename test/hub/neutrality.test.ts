import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type Change,
  claimableOf,
  lockedOf,
  noteOf,
  type PendingItem,
  REVEAL_SECONDS,
  sideStake,
} from '@tallystick/protocol'
import { addItem, anchorFor, Dice, NOW, preimage, seeds } from '../protocol/test-channel.js'
import { HubWorld, type TestClient } from './hub-world.js'

/*
 * Clients that work together against the hub: they know every preimage, sign whatever they like,
 * hold back acks and claims as it suits them. What the hub would have in the worst future must
 * never fall below what it has put in, whatever it has carried for them.
 */

const RUNS = 20
const STEPS = 500
const CLIENTS = 3
/** Anchors, and names of items, that the clients take from: few, so that they meet again. */
const ANCHORS = 180
const NAMES = 8

class Collusion {
  readonly dice: Dice
  readonly hub: HubWorld
  readonly deposited: bigint
  /** Anchors that are on the ledger, and since when. */
  readonly revealed = new Map<Anchor, number>()
  /** Items that the hub has promised and cancelled: older proofs still name them. */
  readonly promised = new Map<string, PendingItem>()
  taken = 0
  /** Clients that ack nothing for a while. */
  readonly #quiet = new Set<TestClient>()

  constructor(dice: Dice) {
    this.dice = dice
    this.hub = new HubWorld(
      Array.from({ length: CLIENTS }, () => ({ client: 6_000n, hub: 5_000n })),
    )
    this.deposited = this.hub.settledValue
  }

  step(): void {
    const { dice, hub } = this
    const client = hub.client(dice.roll(CLIENTS))
    const roll = dice.roll(100)
    if (roll < 45) this.#update(client)
    else if (roll < 65) this.#claim(client)
    else if (roll < 80) this.#decline(client)
    else if (roll < 86)
      hub.peer({ kind: 'stored', channel: client.channel, version: dice.roll(40) })
    else if (roll < 90) this.#revealSomething()
    else if (roll < 92) hub.attach(client)
    else this.#wait(dice.roll(dice.chance(20) ? 300 : 25))
    for (const { party } of hub.state.channels()) {
      for (const item of party.own.items) this.promised.set(`${party.ledger.id}:${item.id}`, item)
    }
  }

  /** An update of whatever seems useful, with an ack of anything. */
  #update(client: TestClient): void {
    const { dice, hub } = this
    const changes = this.#changes(client)
    const party = hub.hubParty(client)
    if (dice.chance(6)) this.#quiet.add(client)
    if (dice.chance(3)) this.#quiet.delete(client)
    const unacked = client.party.peer.version - party.peer.acked
    const acked =
      party.peer.acked + (this.#quiet.has(client) ? 0 : unacked - dice.roll(unacked + 1))
    const before = client.party
    const update = client.signs(changes, acked)
    const effects = hub.peer({ kind: 'update', update })
    if (effects.some(({ kind }) => kind === 'endSession'))
      client.party = { ...client.party, own: before.own }
    else this.taken++
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
    if (dice.chance(5)) return { kind: 'redeem', id, index: 1, link: preimageOf(anchor) }
    if (dice.chance(10)) return { kind: dice.pick(['cancel', 'expire']), id }
    const { declined } = noteOf(hub.hubParty(client), id)
    return { kind: declined || hub.now <= expiry ? 'cancel' : 'expire', id }
  }

  #add(name: number): Change {
    const { dice, hub } = this
    const value = BigInt(10 + dice.roll(900))
    const payee = hub.client(dice.roll(CLIENTS)).identity
    const expiry = hub.now - NOW + dice.pick([100, 200, 200, 300, 900])
    const add = addItem(name, { unit: value + BigInt(dice.pick([0, 20, 20, 40])), expiry })
    const forward = dice.chance(90) ? { payee, amount: amount(value) } : undefined
    return { ...add, anchor: anchorFor(1 + dice.roll(ANCHORS)), forward }
  }

  #claim(client: TestClient): void {
    const items = [...client.party.peer.items, ...this.promised.values()]
    if (items.length === 0) return
    const { id, anchor } = this.dice.pick(items)
    this.hub.claim(client, id, preimageOf(anchor))
  }

  #decline(client: TestClient): void {
    const { items } = client.party.peer
    if (items.length === 0) return
    this.hub.decline(client)
  }

  /** Makes public what is pending, or what is not. */
  #revealSomething(): void {
    const { dice, hub } = this
    const { items } = hub.hubParty(hub.client(dice.roll(CLIENTS))).peer
    const item = items[dice.roll(items.length || 1)]
    if (item !== undefined && dice.chance(70)) this.#reveal(nameOf(item.anchor))
    else this.#reveal(1 + dice.roll(ANCHORS))
  }

  #reveal(name: number): void {
    const { hub } = this
    const anchor = anchorFor(name)
    if (this.revealed.has(anchor)) return
    this.revealed.set(anchor, hub.now)
    const known = { index: 1, link: preimage(name) }
    hub.ledger({ kind: 'revealSeen', anchor, known, time: hub.now }, { kind: 'timePassed' })
  }

  /** Time passes in steps of a few seconds; the hub's guard reveals what it knows before it expires. */
  #wait(seconds: number): void {
    const { hub } = this
    for (let left = seconds; left > 0; left -= 20) {
      hub.wait(Math.min(left, 20))
      for (const { party } of hub.state.channels()) {
        for (const { id, anchor, expiry } of party.peer.items) {
          const { known } = noteOf(party, id)
          const pressing = hub.now >= expiry - REVEAL_SECONDS && hub.now <= expiry
          if (known === undefined || !pressing || this.revealed.has(anchor)) continue
          this.#reveal(nameOf(anchor))
        }
      }
    }
  }

  /** CH-6.2: what the clients have promised, the ledger could take from them. */
  checkSolvency(): void {
    for (const { party } of this.hub.state.channels()) {
      const { ledger, own, peer } = party
      assert.ok(peer.transferred + lockedOf(peer) <= sideStake(ledger.client) + own.transferred)
      assert.ok(own.transferred + lockedOf(own) <= sideStake(ledger.hub) + peer.transferred)
    }
  }

  /** What the hub has at least, in every future: INV-7. */
  worstValue(): bigint {
    const { hub } = this
    const futures = new Map<Anchor, { revealed: bigint; hidden: bigint; known: boolean }>()
    const future = (anchor: Anchor) => {
      const found = futures.get(anchor) ?? { revealed: 0n, hidden: 0n, known: false }
      futures.set(anchor, found)
      return found
    }
    const worth = (item: PendingItem, sign: bigint, known: boolean) => {
      const at = this.revealed.get(item.anchor)
      const decided = at !== undefined && at <= item.expiry
      const open = at === undefined && hub.now <= item.expiry
      const entry = future(item.anchor)
      const value = sign * claimableOf(item, 1)
      if (decided || open) entry.revealed += value
      if (decided) entry.hidden += value
      if (open && known) entry.known = true
    }
    for (const { party } of hub.state.channels()) {
      for (const item of party.peer.items) {
        // What the hub has declined, the payer may take back, public or not.
        const { known, declined } = noteOf(party, item.id)
        if (!declined) worth(item, 1n, known !== undefined)
      }
      for (const item of party.own.items) worth(item, -1n, false)
      for (const { id } of party.cancelling) {
        const item =
          this.promised.get(`${party.ledger.id}:${id}`) ??
          assert.fail('what is cancelled was promised')
        worth(item, -1n, false)
      }
    }
    return [...futures.values()].reduce((sum, { revealed, hidden, known }) => {
      return sum + (known || revealed < hidden ? revealed : hidden)
    }, hub.settledValue)
  }
}

const NAMES_OF = new Map(Array.from({ length: 200 }, (_, i) => [anchorFor(i + 1), i + 1] as const))
function nameOf(anchor: Anchor): number {
  return NAMES_OF.get(anchor) ?? assert.fail('every anchor here has a known preimage')
}
const preimageOf = (anchor: Anchor) => preimage(nameOf(anchor))

describe('colluding clients', () => {
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
    })
  }
})
