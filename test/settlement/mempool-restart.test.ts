import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  amount,
  type Block,
  blockCodec,
  decodeTrusted,
  encode,
  keyLock,
  PROTOCOL_VERSIONS,
  type TxId,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { soloEngine } from '@tallystick/settlement'
import { LedgerNode } from '#settlement/node/ledger-node.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import { temporaryFolder, testMark } from './data-folder.js'
import {
  ALICE,
  BOB,
  genesisCoin,
  keyLockOf,
  START,
  TestLedger,
  testGenesis,
  VALIDATOR,
} from './test-ledger.js'

const FOURTEEN_DAYS_MS = 1_209_600_000
const TIMING = { blockIntervalMs: 1, heartbeatMs: 3_600_000 }

/** A node over a folder, which makes no block before it is started. */
async function openNode(folder: string, nowMs = START * 1_000) {
  const genesis = testGenesis()
  const store = await openSqliteLedgerStore(join(folder, 'ledger.sqlite'))
  const mark = await testMark(folder, genesis)
  const node = await LedgerNode.open({
    ...{ genesis, store, mark, engine: soloEngine(VALIDATOR, TIMING) },
    clock: () => nowMs,
    onFault: (error) => {
      throw error
    },
    versions: PROTOCOL_VERSIONS,
    onUnsupportedUpgrade: () => undefined,
    onDamagedBlock: () => undefined,
    onStall: () => undefined,
  })
  const close = async () => {
    await node.stop()
    await mark.close()
    await store.close()
  }
  return { node, store, close }
}

/** Alice pays all of a coin but the fee. */
function paymentOf(coin: number, fee: bigint): { readonly id: TxId; readonly encoded: Uint8Array } {
  const ledger = new TestLedger()
  const transaction = ledger.sign({
    spends: [
      {
        outpoint: genesisCoin(ledger.genesis, ALICE, coin),
        lock: keyLock(ALICE.publicKey),
      },
    ],
    outputs: [{ asset: 0, amount: amount(10_000n - fee), lock: keyLockOf(BOB.publicKey) }],
    signers: [ALICE],
  })
  const encoded = encode(transactionCodec, transaction)
  return { id: transactionId(ledger.chainId, transaction.body), encoded }
}

/** Hands in a cheap, a dear and a middling payment, and a dearer spender of the middling's coin. */
async function used(context: TestContext) {
  const folder = temporaryFolder(context)
  const [cheap, dear] = [paymentOf(0, 10n), paymentOf(1, 1_000n)]
  const [replaced, better] = [paymentOf(2, 50n), paymentOf(2, 100n)]
  const { node, close } = await openNode(folder)
  for (const { encoded } of [cheap, dear, replaced, better]) {
    assert.equal((await node.submit(encoded)).kind, 'pending')
  }
  await close()
  return { folder, cheap, dear, replaced, better }
}

test('MEM-8 INV-41 what was answered for waits again after a restart, in the order of its rate', async (context) => {
  const { folder, cheap, dear, replaced, better } = await used(context)
  const { node, store, close } = await openNode(folder)
  context.after(close)
  assert.equal(node.mempoolSize, 3)
  const again = await node.transactionStatus(replaced.id)
  assert.ok(again.kind === 'rejected' && again.rejection.code === 'replaced')
  await node.start()
  const block = await node.stored.block(1)
  assert.ok(block !== undefined)
  const { header, transactions } = decodeTrusted<Block>(blockCodec, block.bytes)
  assert.equal(header.height, 1)
  assert.deepEqual(
    transactions,
    [dear, better, cheap].map(({ encoded }) => encoded),
  )
  assert.deepEqual(await store.pending(), [], 'the replaced one has left the disk with the block')
})

test('MEM-7 the age of what waits goes on over a restart; with the next block it leaves the disk', async (context) => {
  const { folder, cheap } = await used(context)
  const old = START * 1_000 + FOURTEEN_DAYS_MS + 1
  const { node, store, close } = await openNode(folder, old)
  context.after(close)
  assert.equal(node.mempoolSize, 0)
  const status = await node.transactionStatus(cheap.id)
  assert.ok(status.kind === 'rejected' && status.rejection.code === 'expired')
  await node.start()
  assert.deepEqual(await store.pending(), [])
})
