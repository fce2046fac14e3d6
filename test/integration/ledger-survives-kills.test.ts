import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import {
  type Block,
  type BlockHeader,
  blockCodec,
  blockId,
  decodeTrusted,
  fromHex,
  type Genesis,
  genesisCodec,
  isRejection,
  type TxId,
} from '@tallystick/protocol'
import { applyBlock, genesisHeader, genesisWrites, LedgerState } from '@tallystick/settlement'
import { temporaryFolder } from '../settlement/data-folder.js'
import { afterBlock, ask, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { LedgerProcess } from './ledger-process.js'

const ROUNDS = 6
const COINS = 3_000
const FAST = ['--block-interval-ms', '5', '--heartbeat-ms', '50'] as const

/** Hands in payments one after the other on several connections until the node is gone. */
async function load(
  node: LedgerProcess,
  nextCoin: () => number,
  taken: Map<TxId, number>,
): Promise<void> {
  const client = async () => {
    for (;;) {
      const coin = nextCoin()
      const { id, hex } = paymentOf(node.chainId, coin)
      const answer = await submit(node.url, hex).catch(() => undefined)
      if (answer === undefined) return
      assert.equal(answer.status, 202, JSON.stringify(answer.body))
      taken.set(id, coin)
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
}

async function tipOf(node: LedgerProcess): Promise<{ height: number; id: string }> {
  const { body } = await ask(node.url, '/v1/status')
  return { height: Number(body['height']), id: String(body['block_id']) }
}

async function fetchBlock(node: LedgerProcess, height: number): Promise<Block> {
  const { body } = await ask(node.url, `/v1/blocks/${height}`)
  return decodeTrusted<Block>(blockCodec, fromHex(String(body['block'])))
}

/** Executes every block of a node again, by the pure rules alone: the state root after the last. */
async function replay(
  node: LedgerProcess,
  height: number,
): Promise<{ readonly state: LedgerState; readonly header: BlockHeader }> {
  const { body } = await ask(node.url, '/v1/genesis')
  const genesis = decodeTrusted<Genesis>(genesisCodec, fromHex(String(body['genesis'])))
  const state = new LedgerState()
  state.stage(genesisWrites(genesis)).commit()
  let header = genesisHeader(genesis, state.root)
  for (let next = 1; next <= height; next++) {
    const block = await fetchBlock(node, next)
    const clock = Math.floor(Date.now() / 1_000)
    const applied = applyBlock({ state, header }, block, clock)
    if (isRejection(applied)) assert.fail(`block ${next}: ${applied.code}: ${applied.detail}`)
    applied.staged.commit()
    header = block.header
  }
  return { state, header }
}

async function killUnderLoad(
  context: TestContext,
  dataDir: string,
  nextCoin: () => number,
  taken: Map<TxId, number>,
): Promise<{ height: number; id: string }> {
  const node = await LedgerProcess.start(dataDir, ...FAST)
  context.after(() => node.kill())
  const loaded = load(node, nextCoin, taken)
  const due = taken.size + randomInt(20, 200)
  await afterBlock(node.url, async () => taken.size >= due)
  const shown = await tipOf(node)
  // A moment of its own choice inside a block: so many turns of the event loop from now.
  for (let turns = randomInt(0, 200); turns > 0; turns--) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  await node.kill()
  await loaded
  return shown
}

test('INV-41 a ledger killed again and again under load loses nothing that it answered for', async (context) => {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir, COINS)
  const taken = new Map<TxId, number>()
  let coin = 0
  const nextCoin = () => coin++ % COINS
  const shown: { height: number; id: string }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    shown.push(await killUnderLoad(context, dataDir, nextCoin, taken))
  }
  context.diagnostic(`${taken.size} transactions were answered for, ${coin} handed in`)
  assert.ok(coin <= COINS, 'every coin was spent once at most')

  const node = await LedgerProcess.start(dataDir, ...FAST)
  context.after(() => node.kill())
  const status = async (id: TxId) => (await ask(node.url, `/v1/transactions/${id}`)).body
  for (const id of taken.keys()) {
    const { status: stands } = await status(id)
    assert.ok(stands === 'included' || stands === 'pending', `${id} is ${stands}`)
  }
  await afterBlock(node.url, async () => {
    const { body } = await ask(node.url, '/v1/status')
    return body['mempool_transactions'] === 0
  })
  for (const id of taken.keys()) assert.equal((await status(id))['status'], 'included')

  const tip = await tipOf(node)
  for (const { height, id } of shown) {
    assert.ok(height <= tip.height, 'the tip never goes back')
    assert.equal(blockId((await fetchBlock(node, height)).header), id, 'a shown block stays')
  }
  const replayed = await replay(node, tip.height)
  assert.equal(blockId(replayed.header), tip.id)
  assert.deepEqual(replayed.state.root, replayed.header.stateRoot)
  assert.equal(await node.stop(), 0)
})
