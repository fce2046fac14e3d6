import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  type Change,
  encode,
  newParty,
  positionOf,
  toHex,
} from '@tallystick/protocol'
import { hubChannelCodec } from '#hub/core/hub-channel.js'
import type { HubEffect } from '#hub/core/hub-effect.js'
import type { PeerEvent } from '#hub/core/hub-event.js'
import type { HubState } from '#hub/core/hub-state.js'
import type { Payment } from '#hub/core/payment.js'
import { onwardItemId } from '#hub/core/routing.js'
import type { Pipeline } from '#hub/pipeline/pipeline.js'
import type { Journal } from '#hub/store/journal.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import {
  addItem,
  anchorFor,
  at,
  CHAIN,
  itemId,
  preimage,
  redeemItem,
  SIGNERS,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'
import { payment, sent, TestClient } from './hub-world.js'
import { testPipeline } from './test-pipeline.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tallystick-hub-'))
})
after(() => rm(folder, { recursive: true }))

const OWNER = { chainId: CHAIN, hub: SIGNERS.hub.publicKey }

let files = 0

/** A pipeline over a journal on disk, two attached clients, and a diary of what happens when. */
class Desk {
  readonly path: string
  readonly journal: Journal
  readonly state: HubState
  readonly pipeline: Pipeline
  readonly clients: readonly TestClient[]
  /** Commits by the height they carry, and effects, in the order in which they came. */
  readonly diary: string[] = []
  readonly faults: unknown[] = []
  /** Kept with the first fault. */
  readonly fault: Promise<void>
  #held: () => Promise<void> = async () => {}

  private constructor(path: string, journal: Journal, clients: readonly TestClient[]) {
    this.path = path
    this.journal = journal
    this.state = journal.stored.state
    this.clients = clients
    const commit: Journal['commit'] = async (writes, height) => {
      this.diary.push(`commit ${height ?? 'peers'}`)
      await this.#held()
      await journal.commit(writes, height)
      this.diary.push('durable')
    }
    let failed = () => {}
    this.fault = new Promise((resolve) => {
      failed = resolve
    })
    this.pipeline = testPipeline(journal, {
      commit,
      perform: (effect) => this.#perform(effect),
      onFault: (fault) => {
        this.faults.push(fault)
        failed()
      },
    })
  }

  /** From now on a commit waits for this first. */
  hold(held: () => Promise<void>): void {
    this.#held = held
  }

  /** Opens the journal of `path`, or a new one with two channels that are attached. */
  static async open(path = join(folder, `${++files}.db`), clients?: readonly TestClient[]) {
    const journal = await openSqliteJournal(path, OWNER)
    const desk = new Desk(path, journal, clients ?? freshClients())
    if (clients === undefined) {
      const seen = desk.clients.map(({ party: { ledger } }) => {
        return { kind: 'channelSeen', channel: ledger } as const
      })
      await desk.pipeline.ledger({ height: 1, time: at(0), events: seen })
      for (const { identity: owner, party } of desk.clients) {
        await desk.pipeline.peer({ kind: 'attached', owner, position: positionOf(party) })
      }
      desk.diary.length = 0
    }
    return desk
  }

  #perform(effect: HubEffect): void {
    this.diary.push(...sent([effect]))
    if (effect.kind !== 'send') return
    const client = this.clients.find(({ channel }) => channel === effect.channel)
    client?.hear(effect.message, this.pipeline.now)
  }

  client(number: number): TestClient {
    return this.clients[number] ?? assert.fail(`there is a client ${number}`)
  }

  update(client: TestClient, ...changes: Parameters<TestClient['signs']>[0]): PeerEvent {
    return { kind: 'update', update: client.signs(changes) }
  }

  /** One routed payment from client 0 to client 1, by its name, without the payer's last word. */
  async pay(name: number): Promise<void> {
    const [from, to] = [this.client(0), this.client(1)]
    await this.pipeline.peer(this.update(from, payment(to, name)))
    const claim = {
      channel: to.channel,
      id: onwardItemId(from.channel, itemId(name)),
      known: { index: 1, link: preimage(name) },
    }
    await this.pipeline.peer({ kind: 'claim', claim })
  }

  async payment(name: number): Promise<readonly Payment[]> {
    const anchor = anchorFor(name)
    const recent = this.state.recentPayment(anchor)
    return recent === undefined ? this.journal.payments([anchor]) : [recent]
  }
}

function freshClients(): readonly TestClient[] {
  return [0, 1].map((i) => {
    const signer = testSigner(20 + i)
    const keys = { client: signer, hub: SIGNERS.hub }
    const channel = testChannel({ number: i + 1, keys })
    return new TestClient(newParty('client', channel), signer, testSigner(60 + i).publicKey)
  })
}

const channelBytes = (state: HubState) =>
  [...state.channels()].map((channel) => toHex(encode(hubChannelCodec, channel))).sort()

describe('the pipeline over a journal on disk', () => {
  test('INV-17 nothing is performed before its batch is durable', async () => {
    const desk = await Desk.open()
    await desk.pay(1)
    assert.deepEqual(desk.diary, [
      'commit peers',
      'durable',
      '1:stored',
      '2:update',
      'commit peers',
      'durable',
      '1:claim',
      '2:update',
    ])
    await desk.journal.close()
  })

  test('CH-6.6 what clients say and what a block says never share a batch', async () => {
    const desk = await Desk.open()
    const [from, to] = [desk.client(0), desk.client(1)]
    const update = desk.update(from, payment(to, 1))
    const { party } = from
    const events = [
      desk.pipeline.peer(update),
      desk.pipeline.peer({ kind: 'closeIntent', channel: to.channel }),
      desk.pipeline.ledger({ height: 2, time: at(5), events: [{ kind: 'timePassed' }] }),
      desk.pipeline.ledger({ height: 3, time: at(6), events: [] }),
      desk.pipeline.peer({ kind: 'attached', owner: from.identity, position: positionOf(party) }),
    ]
    await Promise.all(events)
    const commits = desk.diary.filter((line) => line.startsWith('commit'))
    // Blocks go first (HUB-5).
    assert.deepEqual(commits, ['commit 2', 'commit 3', 'commit peers'])
    assert.ok(!desk.diary.some((line) => line.includes('!')), desk.diary.join(' '))
    assert.equal(desk.pipeline.now, at(6))
    await desk.journal.close()
    const again = await Desk.open(desk.path, desk.clients)
    assert.equal(again.journal.stored.height, 3)
    await again.journal.close()
  })

  test('what waits together is one commit, of at most 1,024 events', async () => {
    const desk = await Desk.open()
    const [from] = desk.clients
    assert.ok(from !== undefined)
    const update = from.signs([])
    await Promise.all(
      Array.from({ length: 2_100 }, () => desk.pipeline.peer({ kind: 'update', update })),
    )
    // Repeats of a stored update change nothing and commit nothing.
    assert.deepEqual(
      desk.diary.filter((line) => !['1:stored', '1:idle'].includes(line)),
      ['commit peers', 'durable'],
    )
    assert.equal(desk.diary.filter((line) => line === '1:stored').length, 2_100)
    await desk.journal.close()
  })

  test('what comes just when a batch is over is not left lying', async () => {
    const desk = await Desk.open()
    for (let turns = 0; turns < 20; turns++) {
      const later = async () => {
        for (let turn = 0; turn < turns; turn++) await undefined
        await desk.pipeline.peer(desk.update(desk.client(1)))
      }
      await desk.pipeline.peer(desk.update(desk.client(0))).then(later)
    }
    await desk.journal.close()
  })

  test('a pipeline that is stopped ends its batch before it has ended', async () => {
    const desk = await Desk.open()
    const { journal } = desk
    let goOn = () => {}
    const asked = new Promise<void>((isAsked) => {
      desk.hold(async () => {
        isAsked()
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      })
    })
    void desk.pipeline.peer(desk.update(desk.client(0)))
    await asked
    desk.pipeline.stop()
    const ended = desk.pipeline.ended().then(() => desk.diary.push('ended'))
    await new Promise(setImmediate)
    assert.deepEqual(desk.diary, ['commit peers'])
    goOn()
    await ended
    assert.deepEqual(desk.diary, ['commit peers', 'durable', '1:stored', 'ended'])
    assert.deepEqual(desk.faults, [])
    await journal.close()
  })

  test('a refused event keeps nobody waiting and is not kept', async () => {
    const desk = await Desk.open()
    const bad = { ...desk.client(0).signs([]), version: 9 }
    await desk.pipeline.peer({ kind: 'update', update: bad })
    assert.deepEqual(desk.diary, ['1:!version_gap'])
    await desk.journal.close()
  })
})

describe('INV-45 what one batch asks of the journal', () => {
  test('updates that name more anchors than one statement can hold, all of them refused', async () => {
    const desk = await Desk.open()
    const from = desk.client(0)
    const update = { ...from.signs([]), version: 9 }
    let anchors = 0
    const add = (): Change => {
      const anchor = (++anchors).toString(16).padStart(64, '0') as Anchor
      return { ...addItem(1), anchor }
    }
    // SQLite takes 32,766 variables in one statement; 200 updates of 256 changes name 51,200.
    const events = Array.from({ length: 200 }, (): PeerEvent => {
      return { kind: 'update', update: { ...update, changes: Array.from({ length: 256 }, add) } }
    })
    const done = Promise.all(events.map((event) => desk.pipeline.peer(event)))
    await Promise.race([done, desk.fault])
    assert.deepEqual(desk.faults, [])
    assert.equal(desk.diary.filter((line) => line === '1:!version_gap').length, 200)
    await desk.journal.close()
  })
})

describe('INV-43 a commit that fails', () => {
  test('stops everything, is told once, and nothing leaves', async () => {
    const desk = await Desk.open()
    await desk.pay(1)
    const before = channelBytes(desk.state)
    desk.diary.length = 0
    await desk.journal.close()
    let kept = 0
    const [from, to] = [desk.client(0), desk.client(1)]
    for (const event of [desk.update(from, payment(to, 2)), desk.update(from, payment(to, 3))]) {
      void desk.pipeline.peer(event).then(() => kept++)
    }
    void desk.pipeline.ledger({ height: 9, time: at(9), events: [] }).then(() => kept++)
    await desk.fault
    void desk.pipeline.peer(desk.update(from)).then(() => kept++)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(desk.faults.length, 1)
    assert.equal((desk.faults[0] as { code?: string }).code, 'store_failed')
    assert.equal(kept, 0)
    assert.deepEqual(
      desk.diary.filter((line) => !line.startsWith('commit')),
      [],
    )
    assert.deepEqual(channelBytes(desk.state), before)
    assert.equal(desk.pipeline.queued, 0)
  })
})

describe('INV-17 a restart from the journal', () => {
  test('is where the hub was: channels, payments, height', async () => {
    const desk = await Desk.open()
    for (const name of [1, 2, 3]) await desk.pay(name)
    const [from, to] = [desk.client(0), desk.client(1)]
    await desk.pipeline.peer(desk.update(from, redeemItem(1)))
    await desk.pipeline.peer(desk.update(from, payment(to, 4)))
    await desk.pipeline.ledger({ height: 7, time: at(20), events: [{ kind: 'timePassed' }] })
    const before = channelBytes(desk.state)
    const rows = await Promise.all([1, 2, 3, 4, 5].map((name) => desk.payment(name)))
    assert.deepEqual(
      rows.map(([row]) => row?.status),
      ['settled', 'claimed', 'claimed', 'pending', undefined],
    )
    await desk.journal.close()

    const again = await Desk.open(desk.path, desk.clients)
    assert.deepEqual(channelBytes(again.state), before)
    assert.equal(again.journal.stored.height, 7)
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map((name) => again.payment(name))), rows)
    assert.deepEqual(
      again.state.channelsOf(to.identity).map(({ party }) => party.ledger.number),
      [2],
    )
    await again.pipeline.peer(again.update(from, redeemItem(2), redeemItem(3)))
    const [row] = await again.payment(3)
    assert.equal(row?.status, 'settled')
    await again.journal.close()
  })

  test('INV-26 what was said before the restart is known after it', async () => {
    const desk = await Desk.open()
    const [from, to] = [desk.client(0), desk.client(1)]
    const event = desk.update(from, payment(to, 1))
    await desk.pipeline.peer(event)
    await desk.journal.close()
    const again = await Desk.open(desk.path, desk.clients)
    await again.pipeline.peer(event)
    assert.deepEqual(again.diary, ['1:stored', '1:idle'])
    await again.journal.close()
  })

  test('a journal of another chain, or one that is held, is refused by name', async () => {
    const desk = await Desk.open()
    await assert.rejects(openSqliteJournal(desk.path, OWNER), { code: 'store_in_use' })
    await desk.journal.close()
    const other = { ...OWNER, chainId: 'ee'.repeat(32) as typeof CHAIN }
    await assert.rejects(openSqliteJournal(desk.path, other), { code: 'store_of_another_chain' })
  })
})

describe('the books of a payment', () => {
  test('INV-27 one that the payee declined has failed once it is given back, and may be tried again', async () => {
    const desk = await Desk.open()
    const [from, to] = [desk.client(0), desk.client(1)]
    await desk.pipeline.peer(desk.update(from, payment(to, 1)))
    const id = onwardItemId(from.channel, itemId(1))
    to.party = { ...to.party, incoming: [{ id, known: undefined, onLedger: 0, declined: true }] }
    const decline = { channel: to.channel, id, code: 'no' }
    await desk.pipeline.peer({ kind: 'decline', decline })
    await desk.pipeline.peer(desk.update(to))
    const [row] = await desk.payment(1)
    assert.equal(row?.status, 'failed')
    const again = { ...payment(to, 2), anchor: anchorFor(1) } as ReturnType<typeof payment>
    await desk.pipeline.peer(desk.update(from, { kind: 'cancel', id: itemId(1) }, again))
    assert.deepEqual(from.declines, ['declined_by_payee'])
    await desk.journal.close()
  })

  test('INV-27 an anchor that a block made public stays used, also after a restart', async () => {
    const desk = await Desk.open()
    const known = { index: 1, link: preimage(1) }
    const seen = { kind: 'revealSeen', anchor: anchorFor(1), known, time: at(1) } as const
    await desk.pipeline.ledger({ height: 2, time: at(1), events: [seen] })
    await desk.journal.close()
    const again = await Desk.open(desk.path, desk.clients)
    const [from, to] = [again.client(0), again.client(1)]
    await again.pipeline.peer(again.update(from, payment(to, 1)))
    assert.deepEqual(from.declines, ['anchor_used'])
    await again.journal.close()
  })

  test('totals are summed beyond 2^53', async () => {
    const desk = await Desk.open()
    await desk.pay(1)
    const [row] = await desk.payment(1)
    assert.ok(row?.parts[0] !== undefined)
    const part = { ...row.parts[0], amount: amount(2n ** 62n + 1n) }
    const huge = (name: number) => {
      const anchor = anchorFor(name) as Anchor
      return [anchor, { ...row, anchor, parts: [part] }] as const
    }
    const payments = new Map([huge(2), huge(3)])
    await desk.journal.commit({ channels: new Map(), payments, reveals: new Set() }, undefined)
    assert.deepEqual(await desk.journal.totals(), [
      { status: 'claimed', count: 3, amount: 9_223_372_036_854_776_810n, fee: 33n },
    ])
    await desk.journal.close()
  })
})
