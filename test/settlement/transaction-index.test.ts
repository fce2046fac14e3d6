import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  amount,
  type ChannelNumber,
  keyLock,
  type Operation,
  type Transaction,
  type TxId,
} from '@tallystick/protocol'
import { entryUses } from '#settlement/store/entry-use.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import { temporaryFolder } from './data-folder.js'
import { ALICE, genesisCoin, openOperation, TestLedger } from './test-ledger.js'

const idOf = (name: string) => createHash('sha256').update(name).digest('hex') as TxId

/** A block of so many transactions, each of which spends coin 0 of another one. */
function paymentsBlock(height: number, count: number) {
  const transactions = Array.from({ length: count }, (_, i) => idOf(`${height}:${i}`))
  return {
    ...{ height, id: Buffer.from(idOf(`block ${height}`), 'hex'), bytes: new Uint8Array(1) },
    ...{ put: [], remove: [], settled: [], handover: undefined, transactions },
    uses: {
      spends: transactions.map((_, position) => ({
        outpoint: { txId: idOf(`spent ${height}:${position}`), index: 0 },
        position,
      })),
      channels: [] as { readonly channel: ChannelNumber; readonly position: number }[],
    },
  }
}

describe('the index of transactions', () => {
  test('OP-1 knows the numbers of channels that are opened in the block that uses them', () => {
    const ledger = new TestLedger()
    const open = openOperation({ client: 100n, hub: 0n })
    const deposit: Operation = { kind: 'deposit', channel: 7, role: 'hub', amount: amount(5n) }
    const acting = (operations: readonly Operation[], coin: number): Transaction =>
      ledger.sign({
        spends: [
          { outpoint: genesisCoin(ledger.genesis, ALICE, coin), lock: keyLock(ALICE.publicKey) },
        ],
        operations,
        signers: [ALICE],
      })
    const transactions = [acting([open, open], 0), acting([deposit], 1), acting([open, deposit], 2)]
    const { spends, channels } = entryUses(transactions, 9)
    assert.deepEqual(channels, [
      { channel: 6, position: 0 },
      { channel: 7, position: 0 },
      { channel: 7, position: 1 },
      { channel: 8, position: 2 },
      { channel: 7, position: 2 },
    ])
    assert.deepEqual(
      spends.map(({ outpoint, position }) => [outpoint.index, position]),
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    )
  })

  test('API-3 pages of transactions go on where they were while blocks are added', async (context) => {
    const store = await openSqliteLedgerStore(join(temporaryFolder(context), 'ledger.sqlite'))
    context.after(() => store.close())
    const uses = (height: number, positions: readonly number[]) => {
      const block = paymentsBlock(height, 5)
      const channels = positions.map((position) => ({ channel: 3, position }))
      return { ...block, uses: { ...block.uses, channels } }
    }
    await store.commitBlock(uses(1, [0, 4]))
    await store.commitBlock(uses(2, [1]))
    const first = await store.index.usesOf(3, { after: undefined, limit: 2 })
    assert.deepEqual(first, [
      { height: 1, position: 0 },
      { height: 1, position: 4 },
    ])
    await store.commitBlock(uses(3, [0, 2]))
    const second = await store.index.usesOf(3, { after: first[1], limit: 2 })
    assert.deepEqual(second, [
      { height: 2, position: 1 },
      { height: 3, position: 0 },
    ])
    assert.deepEqual(await store.index.usesOf(3, { after: second[1], limit: 2 }), [
      { height: 3, position: 2 },
    ])
    assert.deepEqual(await store.index.position(idOf('3:4')), { height: 3, position: 4 })
    assert.equal(await store.index.position(idOf('4:4')), undefined)
    assert.deepEqual(await store.index.spendOf({ txId: idOf('spent 2:3'), index: 0 }), {
      ...{ height: 2, position: 3 },
    })
    assert.equal(await store.index.spendOf({ txId: idOf('spent 2:3'), index: 1 }), undefined)
    const heights = async (from: number, limit: number) =>
      (await store.blocksDown(from, limit, 1_000)).map(({ height }) => height)
    assert.deepEqual([await heights(3, 2), await heights(1, 2)], [[3, 2], [1]])
  })

  test('a transaction with one input takes at most 110 bytes of index', async (context) => {
    const path = join(temporaryFolder(context), 'ledger.sqlite')
    const empty = await openSqliteLedgerStore(path)
    await empty.close()
    const before = statSync(path).size
    const store = await openSqliteLedgerStore(path)
    for (const height of [1, 2, 3, 4]) await store.commitBlock(paymentsBlock(height, 10_000))
    await store.close()
    const each = (statSync(path).size - before) / 40_000
    context.diagnostic(`${each.toFixed(0)} bytes`)
    assert.ok(each <= 110, `${each} bytes`)
  })
})
