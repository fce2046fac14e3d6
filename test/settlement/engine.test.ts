import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  amount,
  type Block,
  type BlockHeader,
  blockCodec,
  blockDigest,
  encode,
  invariant,
  PROTOCOL_VERSIONS,
  timestamp,
} from '@tallystick/protocol'
import {
  type BlockRejection,
  type Engine,
  LedgerFault,
  ReceivedTransactions,
  soloEngine,
  type Turn,
} from '@tallystick/settlement'
import { LedgerNode } from '#settlement/node/ledger-node.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import { temporaryFolder, testMark } from './data-folder.js'
import { testBlock } from './test-block.js'
import { ALICE, BOB, keyLockOf, START, TestLedger, testGenesis, VALIDATOR } from './test-ledger.js'

/** A node over an empty store, driven by `engine`. */
async function openNode(context: TestContext, engine: Engine) {
  const folder = temporaryFolder(context)
  const store = await openSqliteLedgerStore(join(folder, 'ledger.sqlite'))
  const genesis = testGenesis()
  const mark = await testMark(folder, genesis)
  const node = await LedgerNode.open({
    ...{ genesis, store, mark, engine },
    clock: () => (START + 5) * 1_000,
    onFault: () => undefined,
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
  return { node, close }
}

/** An engine that gives these turns, one after the other, and then none. */
class ScriptedEngine implements Engine {
  readonly candidates: BlockHeader[] = []
  readonly finalized: number[] = []
  /** What the node says of each of `foreign`, a candidate of somebody else. */
  readonly judged: (string | undefined)[] = []
  foreign: readonly Block[] = []
  /** Kept when the script is over. */
  readonly played: Promise<void>
  readonly #turns: Turn[]
  readonly #wins: boolean
  #over = () => {}

  constructor(turns: readonly Turn[], wins: boolean) {
    this.#turns = [...turns]
    this.#wins = wins
    this.played = new Promise((resolve) => {
      this.#over = resolve
    })
  }

  async propose({ judge, signal }: Parameters<Engine['propose']>[0]): Promise<Turn> {
    for (const candidate of this.foreign) this.judged.push(judge(candidate)?.code)
    this.foreign = []
    const turn = this.#turns.shift()
    if (turn !== undefined) return turn
    this.#over()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    return { kind: 'stopped' }
  }

  async certify({ header }: Parameters<Engine['certify']>[0]) {
    this.candidates.push(header)
    if (!this.#wins) return undefined
    return [{ validator: 0, signature: VALIDATOR.sign(blockDigest(header)) }]
  }

  finalize({ height }: BlockHeader): void {
    this.finalized.push(height)
  }
}

function decided(block: Block, refused: BlockRejection[] = []): Turn {
  return {
    ...{ kind: 'decided', block, bytes: encode(blockCodec, block) },
    received: ReceivedTransactions.of(block.header.chainId, block.transactions),
    refuse: (rejection) => refused.push(rejection),
  }
}

/** A block over the genesis in which Alice pays Bob. */
function payingBlock(change: Partial<BlockHeader> = {}): Block {
  const ledger = new TestLedger()
  const outputs = [{ asset: 0, amount: amount(9_990n), lock: keyLockOf(BOB.publicKey) }]
  const payment = ledger.sign({ spends: [ledger.coin(ALICE)], outputs, signers: [ALICE] })
  return testBlock(ledger, timestamp(START + 5), [payment], { change })
}

test('BLK-5 a candidate that does not win is dropped, and the block that wins is executed', async (context) => {
  const winner = payingBlock()
  const engine = new ScriptedEngine([{ kind: 'build' }, decided(winner), { kind: 'build' }], false)
  const { node, close } = await openNode(context, engine)
  const before = node.prove('channelCount', {}).tip.header.stateRoot
  await node.start()
  await engine.played
  assert.deepEqual(
    engine.candidates.map(({ height }) => height),
    [1, 2],
  )
  // The candidate of height 1 was empty: its state was that of the genesis.
  assert.deepEqual(engine.candidates[0]?.stateRoot, before)
  assert.deepEqual(engine.candidates[1]?.stateRoot, winner.header.stateRoot)
  assert.deepEqual(engine.finalized, [1])
  assert.deepEqual(node.tip.header, winner.header)
  const [stored] = await node.stored.blocks(1, 1, 1)
  assert.deepEqual(stored?.bytes, encode(blockCodec, winner))
  await close()
})

test('INV-37 a delivered block that is refused leaves no trace, and its engine is told why', async (context) => {
  const refused: BlockRejection[] = []
  const wrong = payingBlock({ stateRoot: new Uint8Array(32).fill(1) })
  const right = payingBlock()
  const engine = new ScriptedEngine([decided(wrong, refused), decided(right)], true)
  const { node, close } = await openNode(context, engine)
  const heights: number[] = []
  node.onBlock(({ height }) => heights.push(height))
  await node.start()
  await engine.played
  assert.deepEqual(
    refused.map(({ code }) => code),
    ['wrong_state_root'],
  )
  assert.deepEqual([heights, engine.finalized], [[1], [1]])
  assert.deepEqual(node.tip.header, right.header)
  await close()
})

test('BLK-5 a candidate of somebody else is judged before anybody signs it, and changes nothing', async (context) => {
  const right = payingBlock()
  const engine = new ScriptedEngine([{ kind: 'build' }, decided(right)], false)
  engine.foreign = [
    { ...right, certificate: [] },
    payingBlock({ stateRoot: new Uint8Array(32).fill(1) }),
    { ...right, transactions: [] },
    payingBlock({ height: 2 }),
    { ...right, certificate: [] },
  ]
  const { node, close } = await openNode(context, engine)
  const before = node.tip.header.stateRoot
  await node.start()
  await engine.played
  assert.deepEqual(engine.judged, [
    ...[undefined, 'wrong_state_root', 'wrong_transaction_root', 'wrong_height', undefined],
  ])
  assert.deepEqual(engine.candidates[0]?.stateRoot, before)
  assert.deepEqual(node.tip.header, right.header)
  await close()
})

test('BLK-4 solo certifies one header of a height, and none where its key is no quorum', async () => {
  const { parameters } = testGenesis()
  const timing = { blockIntervalMs: 1, heartbeatMs: 1 }
  const { header, transactions } = payingBlock()
  const standing = {
    ...{ parent: header, authority: parameters, signal: new AbortController().signal },
    isWaiting: () => true,
    view: new TestLedger().state,
    judge: () => undefined,
    conflict: async () => undefined,
  }
  const notOne = { name: 'LedgerFault', code: 'not_a_validator' }
  await assert.rejects(soloEngine(ALICE, timing).propose(standing), notOne)
  const engine = soloEngine(VALIDATOR, timing)
  const many = { ...parameters, quorum: 2 }
  await assert.rejects(engine.propose({ ...standing, authority: many }), notOne)
  await assert.rejects(engine.certify({ header, transactions }, many), notOne)
  const certificate = await engine.certify({ header, transactions }, parameters)
  invariant(certificate !== undefined, 'solo wins every round')
  assert.deepEqual(certificate[0]?.signature, VALIDATOR.sign(blockDigest(header)))
  await assert.rejects(engine.certify({ header, transactions }, parameters), LedgerFault)
})
