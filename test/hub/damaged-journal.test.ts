import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  type Anchor,
  amount,
  type ChainId,
  newParty,
  type PublicKey,
  timestamp,
} from '@tallystick/protocol'
import type { HubChannel } from '#hub/core/hub-channel.js'
import { beginSqliteJournal, openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { testChannel } from '../protocol/test-channel.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import { testPayment } from './test-payment.js'

const CHAIN = 'c1'.repeat(32) as ChainId
const OWNER = { chainId: CHAIN, hub: '0b'.repeat(32) as PublicKey }
const ANCHOR = 'a1'.repeat(32) as Anchor
const PAYMENT = testPayment(ANCHOR, 'claimed', {
  amount: amount(9_223_372_036_854_775_807n),
  fee: amount(3n),
  time: 1_800_000_000,
})

/** The file of a journal that holds one payment. */
async function usedJournal(context: TestContext): Promise<string> {
  const path = join(temporaryFolder(context), 'hub.db')
  const journal = await openSqliteJournal(path, OWNER)
  const payments = new Map([[ANCHOR, PAYMENT]])
  const party = newParty('hub', testChannel())
  const channel = { party, owner: undefined, onward: [], origin: [], waiting: [] }
  const channels = new Map([[party.ledger.id, channel]])
  await journal.commit({ channels, payments, reveals: new Set() }, 7)
  await journal.addJob({ id: 'ef'.repeat(32) as never, transaction: Uint8Array.of(1, 2) })
  await journal.close()
  return path
}

describe('what a journal gives back', () => {
  test('is the payment that was written, to the last unit', async (context) => {
    const journal = await openSqliteJournal(await usedJournal(context), OWNER)
    assert.deepEqual(await journal.payments([ANCHOR]), [PAYMENT])
    assert.deepEqual(await journal.totals(), [
      { status: 'claimed', count: 1, amount: 9_223_372_036_854_775_807n, fee: 3n },
    ])
    assert.equal(journal.stored.height, 7)
    await journal.close()
  })

  for (const [what, sql, isOfPayment] of [
    ['a payment that is cut', 'UPDATE payment SET payment = substr(payment, 2)', true],
    ['a payment that is text', "UPDATE payment SET payment = 'paid'", true],
    ['a payment that is nothing', 'UPDATE payment SET payment = zeroblob(0)', true],
    ['a time with a fraction', 'UPDATE payment SET time = 1.5', true],
    ['sums that are none', "UPDATE meta SET value = '7; paid 1' WHERE name = 'sums'", false],
    ['a page that is cut', 'UPDATE page SET channels = substr(channels, 2)', false],
    ['a page without its number', 'UPDATE page SET number = 1', false],
    ['no page', 'DELETE FROM page', false],
    ['a record that nobody wrote', "INSERT INTO log VALUES (9, x'0000', x'00')", false],
    ['a height that is none', "UPDATE meta SET value = '7e3' WHERE name = 'height'", false],
    ['no height', "DELETE FROM meta WHERE name = 'height'", false],
    ['a job without its whole id', 'UPDATE job SET id = substr(id, 2)', false],
    ['a job that is text', "UPDATE job SET bytes = 'x'", false],
  ] as const) {
    test(`INV-42 is refused by name where the file holds ${what}`, async (context) => {
      const path = await usedJournal(context)
      await tamper(path, sql)
      const fault = { name: 'StoreFault', code: 'store_corrupt' }
      if (!isOfPayment) return assert.rejects(openSqliteJournal(path, OWNER), fault)
      const journal = await openSqliteJournal(path, OWNER)
      context.after(() => journal.close())
      await assert.rejects(journal.payments([ANCHOR]), fault)
    })
  }

  test('INV-42 JRN-3 is no list with a damaged payment in it, and nothing is committed then', async (context) => {
    const path = await usedJournal(context)
    await tamper(path, 'UPDATE payment SET payment = zeroblob(length(payment))')
    const journal = await openSqliteJournal(path, OWNER)
    context.after(() => journal.close())
    const fault = { code: 'store_corrupt', message: /row of payment.*move it away/ }
    await assert.rejects(journal.finished(undefined, timestamp(1_900_000_000), 10), fault)
    const nothing = { channels: new Map(), payments: new Map(), reveals: new Set<never>() }
    await assert.rejects(journal.commit(nothing, 8), fault)
  })

  test('INV-42 JRN-3 a payment under another anchor is found behind the start, and nothing is committed then', async (context) => {
    const path = await usedJournal(context)
    await tamper(path, "UPDATE payment SET anchor = x'ff' || substr(anchor, 2)")
    const journal = await openSqliteJournal(path, OWNER)
    context.after(() => journal.close())
    assert.deepEqual(await journal.payments([ANCHOR]), [])
    await assert.rejects(journal.checkHistory(), {
      code: 'store_corrupt',
      message: /payment is not what was written.*move it away/,
    })
    const nothing = { channels: new Map(), payments: new Map(), reveals: new Set<never>() }
    await assert.rejects(journal.commit(nothing, 8), { code: 'store_corrupt' })
  })

  test('INV-42 JRN-3 is no channel that is older than the newest commit, or missing', async (context) => {
    for (const sql of [
      'DELETE FROM page',
      'DELETE FROM job',
      "DELETE FROM meta WHERE name = 'height'",
    ]) {
      const path = await usedJournal(context)
      await tamper(path, sql)
      await assert.rejects(openSqliteJournal(path, OWNER), {
        code: 'store_corrupt',
        message: /missing, or older.*move it away with its "-wal" and "hub run --restored"/,
      })
    }
  })

  test('INV-42 JRN-7 is refused by name to a hub of another key, or of another chain', async (context) => {
    const path = await usedJournal(context)
    for (const [code, owner] of [
      ['store_of_another_key', { ...OWNER, hub: '0c'.repeat(32) as PublicKey }],
      ['store_of_another_chain', { ...OWNER, chainId: 'c2'.repeat(32) as ChainId }],
    ] as const) {
      await assert.rejects(openSqliteJournal(path, owner), { name: 'StoreFault', code })
    }
    await (await openSqliteJournal(path, OWNER)).close()
  })

  test('INV-42 JRN-7 is nothing where the journal of a key is gone', async (context) => {
    const path = join(temporaryFolder(context), 'hub.db')
    const lost = openSqliteJournal(path, OWNER, { unmarked: 'refused' })
    await assert.rejects(lost, { code: 'mark_missing', message: /"hub run --restored"/ })
    await beginSqliteJournal(path)
    const journal = await openSqliteJournal(path, OWNER, { unmarked: 'refused' })
    assert.deepEqual([...journal.stored.state.channels()], [])
    await journal.close()
  })

  test('JRN-6 of a restored copy is what it is told to become, and the time of it, for ever', async (context) => {
    const path = await usedJournal(context)
    rmSync(`${path}.mark`)
    await assert.rejects(openSqliteJournal(path, OWNER), { code: 'mark_missing' })
    const owner = '05'.repeat(32) as PublicKey
    const restored = {
      time: timestamp(1_800_000_500),
      channel: (channel: HubChannel) => ({ ...channel, owner }),
    }
    await (await openSqliteJournal(path, OWNER, { restored })).close()
    const journal = await openSqliteJournal(path, OWNER)
    context.after(() => journal.close())
    const { state, restoredTime, height } = journal.stored
    assert.deepEqual(
      [[...state.channels()].map((channel) => channel.owner), restoredTime, height],
      [[owner], 1_800_000_500, 7],
    )
    assert.deepEqual(await journal.payments([ANCHOR]), [PAYMENT])
  })

  test('JRN-6 KEY-4 of a restored copy that holds nothing is the time of it', async (context) => {
    const path = join(temporaryFolder(context), 'hub.db')
    const time = timestamp(1_800_000_500)
    const restored = { time, channel: (channel: HubChannel) => channel }
    await (await openSqliteJournal(path, OWNER, { restored, unmarked: 'refused' })).close()
    const journal = await openSqliteJournal(path, OWNER, { unmarked: 'refused' })
    context.after(() => journal.close())
    assert.equal(journal.stored.restoredTime, time)
  })
})
