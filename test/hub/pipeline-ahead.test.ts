import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type Anchor,
  type ChannelId,
  encode,
  type ItemId,
  type Message,
  newParty,
  positionOf,
  toHex,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { hubChannelCodec } from '#hub/core/hub-channel.js'
import type { HubEffect } from '#hub/core/hub-effect.js'
import type { PeerEvent } from '#hub/core/hub-event.js'
import type { HubState } from '#hub/core/hub-state.js'
import { Pipeline } from '#hub/pipeline/pipeline.js'
import type { Journal } from '#hub/store/journal.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import {
  anchorFor,
  at,
  CHAIN,
  itemId,
  NOW,
  preimage,
  SIGNERS,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { POLICY, payment, TestClient } from './hub-world.js'
import { verifyHere } from './verify-here.js'

const OWNER = { chainId: CHAIN, hub: SIGNERS.hub.publicKey }
const CLIENTS = 5
/** All payments together: a name is one byte. */
const PAYMENTS = 120
/** Payments that one client has under way at most: two of them, or one alone, fill a lane of these terms. */
const UNDER_WAY = 2
const UNDER_WAY_OF_CROWD = 4

/**
 * Clients that pay in a circle as fast as they may, or all of them one, whose lane has fewer places (HUB-16), over a pipeline
 * that decides every batch ahead.
 */
class Traffic {
  readonly clients: readonly TestClient[]
  readonly pipeline: Pipeline
  readonly journal: Journal
  /** Batches that were handed to the journal while it was asked about the next. */
  ahead = 0
  /** What happened, in its order: `store`, `stored`, `say`. */
  readonly diary: string[] = []
  readonly #byChannel = new Map<ChannelId, TestClient>()
  /** Items of each client that the hub has claimed, and those under way. */
  readonly #claimed = new Map<ChannelId, number[]>()
  readonly #underWay = new Map<ChannelId, number>()
  readonly #said: Promise<void>[] = []
  readonly #isCrowd: boolean
  /** Items that have waited, counted again at each commit. */
  waited = 0
  #lookingUp = 0
  #paid = 0

  constructor(journal: Journal, isCrowd: boolean) {
    this.journal = journal
    this.#isCrowd = isCrowd
    this.clients = Array.from({ length: CLIENTS }, (_, i) => {
      const signer = testSigner(20 + i)
      const keys = { client: signer, hub: SIGNERS.hub }
      const money = { client: 10n ** 9n, hub: 10n ** 9n }
      const channel = testChannel({ ...money, number: i + 1, keys, terms: POLICY.terms })
      return new TestClient(newParty('client', channel), signer, testSigner(60 + i).publicKey)
    })
    for (const client of this.clients) this.#byChannel.set(client.channel, client)
    this.pipeline = new Pipeline({
      ...{ chainId: CHAIN, policy: POLICY, signer: SIGNERS.hub, verify: verifyHere },
      ...{ time: NOW, restoredTime: undefined, aheadEventsMin: 1 },
      journal: {
        stored: journal.stored,
        payments: async (anchors) => {
          this.#lookingUp++
          const found = await journal.payments(anchors)
          this.#lookingUp--
          return found
        },
        reveals: (anchors) => journal.reveals(anchors),
        commit: async (writes, height) => {
          this.diary.push('store')
          if (this.#lookingUp > 0) this.ahead++
          for (const { waiting } of writes.channels.values()) this.waited += waiting.length
          await journal.commit(writes, height)
          this.diary.push('stored')
        },
      },
      perform: (effect) => this.#perform(effect),
      onFault: (fault) => assert.fail(String(fault)),
      randomBytes: (length) => new Uint8Array(length).fill(7),
    })
  }

  async open(): Promise<void> {
    const events = this.clients.map(({ party }) => {
      return { kind: 'channelSeen', channel: party.ledger } as const
    })
    await this.pipeline.ledger({ height: 1, time: at(0), events })
    for (const { identity: owner, party } of this.clients) {
      await this.pipeline.peer({ kind: 'attached', owner, position: positionOf(party) })
    }
  }

  /** Client `number` pays what the hub has claimed, and promises one more if it may. */
  goOn(number: number): void {
    const client = this.clients[number % CLIENTS] ?? assert.fail()
    const next = this.#isCrowd && number % CLIENTS > 0 ? 0 : number + 1
    const to = this.clients[next % CLIENTS] ?? assert.fail()
    const { channel } = client
    const redeemed = this.#claimed.get(channel) ?? []
    this.#claimed.set(channel, [])
    const underWay = (this.#underWay.get(channel) ?? 0) - redeemed.length
    const isMore =
      underWay < (this.#isCrowd ? UNDER_WAY_OF_CROWD : UNDER_WAY) && this.#paid < PAYMENTS
    this.#underWay.set(channel, underWay + (isMore ? 1 : 0))
    const due = redeemed.map((name) => {
      return { kind: 'redeem', id: itemId(name), index: 1, link: preimage(name) } as const
    })
    const name = isMore ? ++this.#paid : 0
    const more = isMore ? [payment(to, name)] : []
    if (due.length + more.length === 0) return
    const update = client.signs([...due, ...more])
    this.#say({ kind: 'update', update })
  }

  /** Everything that is under way comes to its end. */
  async settle(): Promise<void> {
    const isOver = () => this.clients.every(({ channel }) => !this.#underWay.get(channel))
    while (!isOver()) {
      for (let i = 0; i < CLIENTS; i++) if (this.#claimed.get(this.#at(i))?.length) this.goOn(i)
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (let heard = 0; heard < this.#said.length; ) {
      heard = this.#said.length
      await Promise.all(this.#said)
    }
  }

  get paid(): number {
    return this.#paid
  }

  #at(number: number): ChannelId {
    return this.clients[number]?.channel ?? assert.fail()
  }

  #say(event: PeerEvent): void {
    this.#said.push(this.pipeline.peer(event))
  }

  #perform(effect: HubEffect): void {
    this.diary.push('say')
    assert.equal(effect.kind, 'send')
    const client = this.#byChannel.get(effect.channel) ?? assert.fail()
    const message = effect.kind === 'send' ? effect.message : assert.fail()
    client.hear(message, this.pipeline.now)
    this.#answer(client, message)
  }

  #answer({ channel }: TestClient, message: Message): void {
    switch (message.kind) {
      case 'update':
        for (const change of message.changes) {
          if (change.kind !== 'add') continue
          const known = { index: 1, link: preimage(nameOf(change.anchor)) }
          this.#say({ kind: 'claim', claim: { channel, id: change.id, known } })
        }
        this.#say({ kind: 'stored', channel, version: message.version })
        break
      case 'claim': {
        const name = nameOf(message.id)
        this.#claimed.set(channel, [...(this.#claimed.get(channel) ?? []), name])
        break
      }
      case 'decline':
        assert.fail(`declined: ${message.code}`)
        break
      default:
        break
    }
  }
}

/** The name of a payment by its anchor, or by its payer's item. */
function nameOf(hex: Anchor | ItemId): number {
  return NAMES.get(hex) ?? assert.fail()
}

const NAMES = new Map<string, number>(
  Array.from({ length: PAYMENTS }, (_, i) => i + 1).flatMap((name) => [
    [anchorFor(name), name],
    [itemId(name), name],
  ]),
)

function bytesOf(state: HubState): string[] {
  return [...state.channels()].map((channel) => toHex(encode(hubChannelCodec, channel)))
}

test('HUB-5 INV-17 a batch that is decided while the one before is stored is stored and said after it, and every payment settles', async (context) => {
  const folder = temporaryFolder(context)
  let files = 0
  let [ahead, waited] = [0, 0]
  const turns = fc.array(fc.record({ client: fc.nat(CLIENTS - 1), waits: fc.boolean() }), {
    minLength: 50,
    maxLength: 400,
  })
  await fc.assert(
    fc.asyncProperty(turns, async (all) => {
      const path = join(folder, `${++files}.db`)
      const traffic = new Traffic(await openSqliteJournal(path, OWNER), files % 2 === 0)
      await traffic.open()
      for (const { client, waits } of all) {
        traffic.goOn(client)
        if (waits) await new Promise((resolve) => setImmediate(resolve))
      }
      await traffic.settle()
      ahead += traffic.ahead
      waited += traffic.waited
      // Nothing is said, and no other batch stored, between the beginning and the end of a commit.
      for (const [i, line] of traffic.diary.entries()) {
        if (line === 'store') assert.equal(traffic.diary[i + 1], 'stored')
      }
      const totals = await traffic.journal.totals()
      assert.deepEqual(
        totals.map(({ status, count }) => [status, count]),
        [['settled', traffic.paid]],
      )
      const held = bytesOf(traffic.journal.stored.state)
      await traffic.journal.close()
      const again = await openSqliteJournal(path, OWNER)
      assert.deepEqual(bytesOf(again.stored.state), held)
      await again.close()
    }),
    { numRuns: 6, includeErrorInReport: true, endOnFailure: true },
  )
  assert.ok(ahead > 50, `${ahead} batches were decided ahead`)
  assert.ok(waited > 50, `${waited} items waited for a place`)
})
