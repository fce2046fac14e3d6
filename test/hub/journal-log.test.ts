import assert from 'node:assert/strict'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  type Amount,
  type Anchor,
  amount,
  type ChannelId,
  encode,
  type ItemId,
  type LaneState,
  newParty,
  type PendingItem,
  type PublicKey,
  sha256,
  timestamp,
  toHex,
  utf8,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { openDatabase } from '#client-sdk/node/sqlite-database.js'
import { type HubChannel, hubChannelCodec, idOf } from '#hub/core/hub-channel.js'
import type { HubState } from '#hub/core/hub-state.js'
import type { Payment, PaymentStatus } from '#hub/core/payment.js'
import type { Journal } from '#hub/store/journal.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { fillDisk, HAS_FULL_DEVICE } from '../client-sdk/full-disk.js'
import { CHAIN, NOW, SIGNERS, testChannel } from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { testPayment } from './test-payment.js'
import { testPipeline } from './test-pipeline.js'

const OWNER = { chainId: CHAIN, hub: SIGNERS.hub.publicKey }
const hex = (byte: number, bytes: number) => byte.toString(16).padStart(2, '0').repeat(bytes)
const anchorNamed = (name: number) => hex(name, 32) as Anchor

/** What one batch does to some channel, and to a payment. */
type Step = {
  readonly channel: number
  readonly what: 'open' | 'pay' | 'be paid' | 'settle' | 'confirm' | 'hand over'
  readonly name: number
  readonly payment: PaymentStatus | undefined
}

const steps = fc.array(
  fc.record<Step>({
    channel: fc.nat(99),
    what: fc.constantFrom('open', 'pay', 'be paid', 'settle', 'confirm', 'hand over'),
    name: fc.integer({ min: 1, max: 200 }),
    payment: fc.constantFrom(undefined, 'pending', 'claimed', 'settled', 'failed'),
  }),
  { minLength: 40, maxLength: 120 },
)

function item(name: number): PendingItem {
  const named = { id: hex(name, 16) as ItemId, anchor: anchorNamed(name) }
  return { ...named, unit: amount(BigInt(name)), ticks: 1, paid: 0, expiry: timestamp(2_000) }
}

function withItem(lane: LaneState, name: number): LaneState {
  const items = lane.items.filter(({ id }) => id !== item(name).id)
  const sorted = [...items, item(name)].sort((a, b) => (a.id < b.id ? -1 : 1))
  return { ...lane, version: lane.version + 1, items: sorted }
}

function changed(held: HubChannel, { what, name }: Step): HubChannel {
  const { party } = held
  const carried = { id: item(name).id, channel: hex(name, 32) as ChannelId, otherId: item(7).id }
  switch (what) {
    case 'open':
      return held
    case 'pay': {
      const own = withItem(party.own, name)
      const signature = new Uint8Array(64).fill(name)
      const { epoch, version, acked } = own
      const update = { channel: idOf(held), epoch, version, acked, changes: [] }
      const evidence = { kind: 'single', signature } as const
      const unconfirmed = [...party.unconfirmed, { ...update, evidence }]
      return { ...held, party: { ...party, own, unconfirmed }, origin: [...held.origin, carried] }
    }
    case 'be paid':
      return {
        ...held,
        party: { ...party, peer: withItem(party.peer, name) },
        onward: [...held.onward.slice(-63), carried],
      }
    case 'settle': {
      const [first] = party.peer.items
      const transferred = (party.peer.transferred + (first?.unit ?? 1n)) as Amount
      const items = party.peer.items.slice(1)
      const paid = { ...party, peer: { ...party.peer, transferred, items } }
      return { ...held, party: paid, onward: held.onward.slice(1) }
    }
    case 'confirm':
      return { ...held, party: { ...party, unconfirmed: party.unconfirmed.slice(1) } }
    case 'hand over':
      return { ...held, owner: hex(name, 32) as PublicKey }
  }
}

function paymentOf({ name, channel, payment }: Step): Payment | undefined {
  if (payment === undefined) return undefined
  return testPayment(anchorNamed(name), payment, {
    toItem: hex(channel, 16) as ItemId,
    amount: amount(BigInt(name)),
    fee: amount(1n),
    time: 1_000 + channel,
  })
}

/** The first channels are opened in their order, whatever steps say; so are those that steps name. */
async function carryOut(journal: Journal, { channel: wanted, ...step }: Step): Promise<void> {
  const { state } = journal.stored
  const channel = Math.min(wanted, state.pages.size)
  const payment = paymentOf({ ...step, channel })
  const known = state.channelByNumber(channel + 1)
  const fresh = { party: newParty('hub', channelNumbered(channel + 1)), owner: undefined }
  const held = known ?? { ...fresh, onward: [], origin: [], waiting: [] }
  const after = changed(held, { ...step, channel })
  const payments = new Map(payment === undefined ? [] : [[payment.anchor, payment]])
  // As before a batch: what the state does not know by itself is looked up.
  state.preload(await journal.payments([...payments.keys()]), new Set())
  const channels = new Map([[idOf(after), after]])
  await journal.commit({ channels, payments, reveals: new Set() }, undefined)
}

function channelNumbered(number: number) {
  return testChannel({ client: 1_000n, hub: 1_000n, number })
}

function bytesOf(state: HubState): string[] {
  return [...state.channels()].map((channel) => toHex(encode(hubChannelCodec, channel)))
}

/** Everything that a journal says it holds. */
async function contentOf(journal: Journal) {
  const { state } = journal.stored
  const anchors = Array.from({ length: 200 }, (_, i) => anchorNamed(i + 1))
  const unknown = anchors.filter((anchor) => state.recentPayment(anchor) === undefined)
  state.preload(await journal.payments(unknown), new Set())
  const totals = [...(await journal.totals())].sort((a, b) => (a.status < b.status ? -1 : 1))
  return {
    channels: bytesOf(state),
    busy: [...state.busyChannels()].map(idOf).sort(),
    owners: anchors.map((name) =>
      state
        .channelsOf(name as string as PublicKey)
        .map(idOf)
        .sort(),
    ),
    payments: anchors.map((anchor) => state.payment(anchor)),
    totals,
  }
}

/** How long the log gets, and what rests in memory or is ready there: next to nothing to everything. */
const sizes = fc.record({
  logBytes: fc.constantFrom(200, 2_000, 20_000, 1_000_000),
  restBytes: fc.constantFrom(1, 10_000, 1_000_000),
  readyMax: fc.constantFrom(1, 20, 1_000),
})

/** The files as a crash would leave them. */
function crashed(path: string, to: string): string {
  for (const end of ['', '-wal', '.mark']) {
    if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, `${to}${end}`)
  }
  return to
}

describe('JRN-9 INV-17 INV-41 a journal that is opened again', () => {
  test('holds what it held, after a crash and after a stop, however much of its log was written elsewhere', async (context) => {
    const folder = temporaryFolder(context)
    let files = 0
    await fc.assert(
      fc.asyncProperty(steps, sizes, async (all, size) => {
        const path = join(folder, `${++files}.db`)
        const journal = await openSqliteJournal(path, OWNER, size)
        // Most steps are about channels of several pages, some open one more.
        const open = { what: 'open', name: 1, payment: undefined } as const
        for (let channel = 0; channel < 70; channel++) await carryOut(journal, { ...open, channel })
        for (const step of all) await carryOut(journal, step)
        const held = await contentOf(journal)
        const copy = await openSqliteJournal(crashed(path, `${path}.crashed`), OWNER, size)
        assert.deepEqual(await contentOf(copy), held)
        // What comes after a crash is on top of what was found.
        for (const step of all.slice(0, 20)) {
          await carryOut(journal, step)
          await carryOut(copy, step)
        }
        const later = await contentOf(journal)
        assert.deepEqual(await contentOf(copy), later)
        await copy.close()
        await journal.close()
        const again = await openSqliteJournal(path, OWNER, size)
        assert.deepEqual(await contentOf(again), later)
        await again.close()
      }),
      { numRuns: 12 },
    )
  })

  test('INV-48 has a log that does not grow with what was paid, and no record of a stopped hub to do again', async (context) => {
    const path = join(temporaryFolder(context), 'hub.db')
    const journal = await openSqliteJournal(path, OWNER, { logBytes: 4_000 })
    for (let name = 1; name <= 200; name++) {
      await carryOut(journal, { channel: name % 3, what: 'be paid', name, payment: 'settled' })
      await carryOut(journal, { channel: name % 3, what: 'settle', name, payment: undefined })
    }
    const bytes = await logBytesOf(crashed(path, `${path}.crashed`))
    assert.ok(bytes > 0 && bytes <= 8_000 + 1_000, `${bytes} bytes of log`)
    await journal.close()
    assert.equal(await logBytesOf(path), 0)
  })
})

test('INV-17 a disk that has no room for channels at rest keeps them in memory, and nothing ends', {
  skip: !HAS_FULL_DEVICE,
}, async (context) => {
  const path = join(temporaryFolder(context), 'hub.db')
  const troubles: string[] = []
  const onShelfTrouble = (detail: string) => troubles.push(detail)
  const sizes = { logBytes: 2_000, restBytes: 1, readyMax: 1 }
  const held = await openSqliteJournal(`${path}.held`, OWNER, sizes)
  const journal = await openSqliteJournal(path, OWNER, { ...sizes, onShelfTrouble })
  fillDisk(`${path}.rest (deleted)`)
  for (const one of [held, journal]) {
    for (let name = 1; name <= 200; name++) {
      await carryOut(one, { channel: name % 70, what: 'hand over', name, payment: 'settled' })
    }
  }
  assert.deepEqual(await contentOf(journal), await contentOf(held))
  assert.equal(troubles.length, 1)
  await held.close()
  await journal.close()
})

test('INV-42 JRN-3 is refused by name where one of its pages is gone, or is one of before', async (context) => {
  const path = join(temporaryFolder(context), 'hub.db')
  const rowsOf = async (sql: string, values: readonly unknown[] = []) => {
    const database = await openDatabase(path)
    const rows = await database.all(sql, values)
    await database.close()
    return rows
  }
  const openMore = async (from: number, to: number) => {
    const journal = await openSqliteJournal(path, OWNER)
    for (let channel = from; channel < to; channel++) {
      await carryOut(journal, { channel, what: 'open', name: 1, payment: undefined })
    }
    await journal.close()
  }
  await openMore(0, 5)
  const [before] = await rowsOf('SELECT * FROM page')
  await openMore(5, 50)
  const refused = { code: 'store_corrupt', message: /missing, or older/ }
  const [now] = await rowsOf('SELECT * FROM page WHERE number = 0')
  const putBack = (row: Readonly<Record<string, unknown>> | undefined) =>
    rowsOf('INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)', Object.values(row ?? {}))
  await putBack(before)
  await assert.rejects(openSqliteJournal(path, OWNER), refused)
  await putBack(now)
  const whole = await openSqliteJournal(path, OWNER)
  assert.equal(whole.stored.state.pages.size, 50)
  await whole.close()
  await rowsOf('DELETE FROM page WHERE number = 1')
  await assert.rejects(openSqliteJournal(path, OWNER), refused)
})

async function logBytesOf(path: string): Promise<number> {
  const database = await openDatabase(path)
  const [row] = await database.all('SELECT coalesce(sum(length(record)), 0) AS bytes FROM log')
  await database.close()
  return Number(row?.['bytes'])
}

describe('what has ended', () => {
  test('is listed page by page, nothing twice and nothing left out, wherever it lies', async (context) => {
    const path = join(temporaryFolder(context), 'hub.db')
    const journal = await openSqliteJournal(path, OWNER, { logBytes: 20_000 })
    const ended: string[] = []
    for (let name = 1; name <= 120; name++) {
      const payment = name % 5 === 0 ? 'pending' : 'settled'
      await carryOut(journal, { channel: 0, what: 'confirm', name, payment })
      if (payment === 'settled') ended.push(anchorNamed(name))
    }
    const before = timestamp(2_000)
    const listed: string[] = []
    for (let after: Payment | undefined; ; ) {
      const page = await journal.finished(after, before, 7)
      if (page.length === 0) break
      listed.push(...page.map(({ anchor }) => anchor))
      after = page.at(-1)
    }
    assert.deepEqual(listed, ended)
    assert.deepEqual(
      await journal.finished(undefined, timestamp(1_000), 7),
      [],
      'none before its time',
    )
    await journal.close()
  })
})

/** A payment that ended in the second of its number. */
function endedIn(name: number): Payment {
  const step = { channel: 0, what: 'confirm', name, payment: 'settled' } as const
  const payment = paymentOf(step) ?? assert.fail()
  return { ...payment, time: timestamp(1_000 + name) }
}

const commitPayment = (journal: Journal, payment: Payment) =>
  journal.commit(
    { channels: new Map(), payments: new Map([[payment.anchor, payment]]), reveals: new Set() },
    undefined,
  )

test('HUB-12 who lists while payments end is shown all that ended before, whenever they come into their table', async (context) => {
  const path = join(temporaryFolder(context), 'hub.db')
  const journal = await openSqliteJournal(path, OWNER, { logBytes: 400_000 })
  // Anchors do not follow the order of time: in one second payments come into the table anywhere.
  const secondOf = (batch: number) => 1_001 + Math.floor(batch / 20)
  const ended = new Map<number, string[]>()
  let batches = 0
  const write = async () => {
    const time = secondOf(batches)
    const payments = Array.from({ length: 40 }, (_, i) => {
      const anchor = toHex(sha256(utf8(`${batches} ${i}`))) as Anchor
      return { ...endedIn(1), anchor, time: timestamp(time) }
    })
    const all = new Map(payments.map((payment) => [payment.anchor, payment]))
    await journal.commit({ channels: new Map(), payments: all, reveals: new Set() }, undefined)
    ended.set(time, [...(ended.get(time) ?? []), ...all.keys()])
    batches++
  }
  while (batches < 60) await write()
  let isOver = false
  const writing = (async () => {
    while (!isOver) await write()
  })()
  try {
    for (let round = 0; round < 12; round++) {
      const before = timestamp(secondOf(batches))
      const listed = await journal.finished(undefined, before, 1_000_000)
      const due = [...ended].flatMap(([time, anchors]) => (time < before ? anchors : []))
      const shown = new Set<string>(listed.map(({ anchor }) => anchor))
      assert.deepEqual(
        due.filter((anchor) => !shown.has(anchor)),
        [],
      )
    }
  } finally {
    isOver = true
    await writing
  }
  await journal.close()
})

test('JRN-9 the sums of payments are those of all records after a stop that left nothing but them', async (context) => {
  const path = join(temporaryFolder(context), 'hub.db')
  const first = await openSqliteJournal(path, OWNER)
  await carryOut(first, { channel: 0, what: 'open', name: 1, payment: undefined })
  await first.close()
  const second = await openSqliteJournal(path, OWNER)
  for (const name of [1, 2, 3, 4, 5]) await commitPayment(second, endedIn(name))
  await second.close()
  const third = await openSqliteJournal(path, OWNER)
  for (const name of [6, 7]) await commitPayment(third, endedIn(name))
  const again = await openSqliteJournal(crashed(path, `${path}.crashed`), OWNER)
  assert.deepEqual(
    (await again.totals()).map(({ status, count }) => [status, count]),
    [['settled', 7]],
  )
  await third.close()
  await again.close()
})

test('INV-48 a block after a start looks up what goes on once, and not again at every block', async (context) => {
  const path = join(temporaryFolder(context), 'hub.db')
  const first = await openSqliteJournal(path, OWNER)
  const steps = [1, 2, 3].map((name) => {
    return { channel: 0, what: 'be paid', name, payment: 'pending' } as const
  })
  for (const step of steps) await carryOut(first, step)
  await first.close()
  const journal = await openSqliteJournal(path, OWNER)
  let asked = 0
  const pipeline = testPipeline(journal, {
    payments: (anchors) => {
      asked += anchors.length
      return journal.payments(anchors)
    },
  })
  for (const height of [1, 2, 3]) {
    await pipeline.ledger({
      height,
      time: NOW,
      events: [{ kind: 'channelGone', channel: CHAIN as never }],
    })
  }
  assert.equal(asked, 3)
  await journal.close()
})
