import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { blockCodec, blockId, encode, fromHex, timestamp } from '@tallystick/protocol'
import { Horizon } from '#settlement/node/horizon.js'
import type { LedgerStore } from '#settlement/store/ledger-store.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import { temporaryFolder } from './data-folder.js'
import { paymentOf } from './node-on-disk.js'
import { testBlock } from './test-block.js'
import { START, TestLedger } from './test-ledger.js'

/** A store of so many blocks with the same transactions. */
async function storeOf(
  context: TestContext,
  blocks: number,
  transactions: readonly Uint8Array[],
): Promise<LedgerStore> {
  const store = await openSqliteLedgerStore(join(temporaryFolder(context), 'ledger'), 'scratch')
  context.after(() => store.close())
  const block = testBlock(new TestLedger(), timestamp(START), [])
  for (let height = 1; height <= blocks; height++) {
    const header = { ...block.header, height }
    await store.commitBlock({
      ...{ height, id: fromHex(blockId(header)), transactions: [], handover: undefined },
      bytes: encode(blockCodec, { ...block, header, transactions }),
      uses: { spends: [], channels: [] },
      ...{ put: [], remove: [], settled: [] },
    })
  }
  return store
}

/** Where the horizon is after each of the next blocks, until it rises no more. */
async function horizons(store: LedgerStore, keepBlocks: number, height: number): Promise<number[]> {
  const horizon = await Horizon.of(store, keepBlocks)
  const found: number[] = []
  for (let at = height; found.at(-1) !== found.at(-2) || found.length < 2; at++) {
    await horizon.prune(at)
    assert.equal(await store.firstHeight(), horizon.first, 'what is told is so')
    found.push(horizon.first)
  }
  return found
}

describe('API-11 a node that is to keep fewer blocks than it has', () => {
  test('removes at most 256 for each new block, until fewer than 256 more are left', async (context) => {
    const store = await storeOf(context, 1_000, [])
    assert.deepEqual(await horizons(store, 10, 1_000), [257, 513, 769, 769])
  })

  test('removes large ones two at a time: fewer would not catch up, more would keep a block waiting', async (context) => {
    const { encoded } = paymentOf(new TestLedger().chainId, 0)
    const large = Array.from({ length: Math.ceil(262_144 / encoded.length) }, () => encoded)
    const store = await storeOf(context, 266, large)
    const found = await horizons(store, 1, 264)
    assert.deepEqual(found.slice(0, 4), [3, 5, 7, 9])
  })
})
