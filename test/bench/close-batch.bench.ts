import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  amount,
  type BlockHeader,
  blockCodec,
  blockDigest,
  blockId,
  type Channel,
  chainIdOf,
  closeAgreementDigest,
  encode,
  fromHex,
  isRejection,
  keyLock,
  lockRoot,
  lockWitness,
  type Operation,
  type Signer,
  signerFromSeed,
  signTransaction,
  TIMESTAMP_MAX,
  type Transaction,
  type TxId,
  timestamp,
  transactionCodec,
  transactionRoot,
} from '@tallystick/protocol'
import {
  applyBlock,
  executeTransactions,
  genesisHeader,
  genesisWrites,
  LedgerState,
  ReceivedTransactions,
} from '@tallystick/settlement'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { entryRows } from '#settlement/store/entry-row.js'
import { openSqliteLedgerStore } from '#settlement/store/sqlite-ledger-store.js'
import { verifyReceived } from '#settlement/verify/verify-received.js'
import { HUB, openOperation, START, testGenesis, VALIDATOR } from '../settlement/test-ledger.js'
import { progress, report, SCALE } from './benchmark.js'

/*
 * Ten thousand channels closed by agreement in one block: the bytes of each on the ledger, with all
 * signatures and its share of the block (96 at most are due), the time in which a node takes the
 * block, its signatures checked, executed, stored and synced (under two seconds), and what each leaves
 * behind. Held against the bare check of as many signatures on all cores.
 */

const CHANNELS = Math.round(10_000 * SCALE)
const CLOSES_PER_TRANSACTION = 2_500
const OPENS_PER_TRANSACTION = 250
const DEPOSIT = 100_000n

const clients: readonly Signer[] = Array.from({ length: CHANNELS }, (_, i) =>
  signerFromSeed(new Uint8Array(32).map((_, byte) => (i >>> (8 * (byte % 3))) & 0xff)),
)
const lock = lockRoot(keyLock(HUB.publicKey))
const opensCount = Math.ceil(CHANNELS / OPENS_PER_TRANSACTION)
const genesis = {
  ...testGenesis(),
  allocations: Array.from({ length: opensCount }, () => {
    return { asset: 0, amount: amount(DEPOSIT * BigInt(OPENS_PER_TRANSACTION) * 2n), lock }
  }),
}
const chainId = chainIdOf(genesis)
const time = timestamp(START + 1)

function signed(parts: Partial<Transaction['body']>): Uint8Array {
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs: [], operations: [] },
    ...{ outputs: [], reveals: [], memo: new Uint8Array(), ...parts },
  }
  const witnesses = body.inputs.map(() => lockWitness(keyLock(HUB.publicKey), 0))
  return encode(transactionCodec, signTransaction(chainId, body, witnesses, [HUB]))
}

function opening(number: number): Uint8Array {
  const some = clients.slice(OPENS_PER_TRANSACTION * number, OPENS_PER_TRANSACTION * (number + 1))
  return signed({
    inputs: [{ txId: chainId as string as TxId, index: number }],
    operations: some.map((client): Operation => {
      const open = openOperation({ client: 0n, hub: DEPOSIT })
      const payoutLock = lockRoot(keyLock(client.publicKey))
      return { ...open, client: { ...open.client, key: client.publicKey, payoutLock } }
    }),
  })
}

function closing(channels: readonly Channel[], number: number): Uint8Array {
  const validUntil = timestamp(START + 600)
  const from = CLOSES_PER_TRANSACTION * number
  const some = channels.slice(from, from + CLOSES_PER_TRANSACTION)
  const closes = some.map(({ id, number: channel }, i) => {
    const clientPayout = amount(BigInt(1 + ((from + i) % 99_000)))
    const digest = closeAgreementDigest(chainId, { channel: id, clientPayout, validUntil })
    const signature = (clients[from + i] ?? HUB).sign(digest)
    return { channel, clientPayout, signature }
  })
  const paid = closes.reduce((sum, { clientPayout }) => sum + clientPayout, 0n)
  const fee = BigInt(some.length)
  const rest = amount(BigInt(some.length) * DEPOSIT - paid - fee)
  const operations: Operation[] = [{ kind: 'close', validUntil, closes }]
  return signed({ operations, outputs: [{ asset: 0, amount: rest, lock }] })
}

function candidatesOf(encoded: readonly Uint8Array[]) {
  const candidates = ReceivedTransactions.of(chainId, encoded)
  if (isRejection(candidates)) throw new Error(candidates.detail)
  return candidates
}

function diskBytes(dir: string): number {
  return readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0)
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-close-'))
const pool = new SignaturePool('behind')
try {
  progress(`opening ${CHANNELS} channels`)
  const state = new LedgerState()
  const started = state.stage(genesisWrites(genesis))
  started.commit()
  const store = await openSqliteLedgerStore(join(dir, 'ledger.sqlite'))
  await store.begin(chainId, entryRows(genesisWrites(genesis), started.changes).put)
  let header: BlockHeader = genesisHeader(genesis, state.root)

  /** Stores a block whose writes are staged, as a node does. */
  const commit = async (
    encoded: readonly Uint8Array[],
    certificate: ReturnType<typeof certify>,
    { writes, staged }: Pick<Executed, 'writes' | 'staged'>,
    next: BlockHeader,
  ) => {
    const bytes = encode(blockCodec, { header: next, certificate, transactions: encoded })
    await store.commitBlock({
      ...{
        height: next.height,
        id: fromHex(blockId(next)),
        bytes,
        settled: [],
        handover: undefined,
      },
      ...entryRows(writes, staged.changes),
      uses: { spends: [], channels: [] },
      transactions: candidatesOf(encoded).ids(),
    })
    staged.commit()
    header = next
    return bytes.length
  }
  const openings = Array.from({ length: opensCount }, (_, i) => opening(i))
  const opened = execute(state, openings, 1)
  const openedHeader = headerOver(header, openings, opened.staged.root)
  await commit(openings, certify(openedHeader), opened, openedHeader)
  const channels = clients.map((_, channel) => {
    const found = state.read('channel', { channel })
    if (found === undefined) throw new Error(`channel ${channel} was not opened`)
    return found
  })

  progress(`signing ${CHANNELS} close agreements`)
  const count = Math.ceil(CHANNELS / CLOSES_PER_TRANSACTION)
  const closings = Array.from({ length: count }, (_, i) => closing(channels, i))
  const executed = execute(state, closings, 2)
  executed.staged.discard()
  const next = headerOver(header, closings, executed.staged.root)
  const certificate = certify(next)
  const block = { header: next, certificate, transactions: closings }
  await store.close()
  const reopened = await openSqliteLedgerStore(join(dir, 'ledger.sqlite'))
  const before = { state: state.byteLength, entries: state.size, disk: diskBytes(dir) }

  progress('taking the block')
  const blockStarted = performance.now()
  const candidates = candidatesOf(closings)
  await verifyReceived(pool, state, candidates)
  const clock = START + 10
  const applied = applyBlock({ state, header }, block, clock, candidates)
  if (isRejection(applied)) throw new Error(`${applied.code}: ${applied.detail}`)
  const bytes = encode(blockCodec, block)
  await reopened.commitBlock({
    ...{ height: next.height, id: fromHex(blockId(next)), bytes, settled: [], handover: undefined },
    uses: { spends: [], channels: [] },
    ...entryRows(applied.writes, applied.staged.changes),
    transactions: candidates.ids(),
  })
  applied.staged.commit()
  const seconds = (performance.now() - blockStarted) / 1_000
  await reopened.close()

  const checks = Array.from({ length: CHANNELS }, () => {
    const digest = blockDigest(next)
    return { publicKey: HUB.publicKey, digest, signature: HUB.sign(digest) }
  })
  const bareStarted = performance.now()
  await pool.verify(checks)
  const bareSeconds = (performance.now() - bareStarted) / 1_000
  const bytesPerChannel = bytes.length / CHANNELS
  report('close-batch', {
    channels: CHANNELS,
    transactions: closings.length,
    blockBytes: bytes.length,
    bytesPerChannel,
    secondsToTakeTheBlock: seconds,
    bareSignatureSeconds: bareSeconds,
    stateEntriesPerChannel: (state.size - before.entries) / CHANNELS,
    diskBytesPerChannel: (diskBytes(dir) - before.disk) / CHANNELS,
    limits: {
      bytesPerChannel: `${bytesPerChannel.toFixed(1)} of 96`,
      seconds: `${seconds.toFixed(2)} of 2`,
      isMet: bytesPerChannel <= 96 && seconds < 2,
    },
  })
} finally {
  await pool.stop()
  rmSync(dir, { recursive: true, force: true })
}

type Executed = ReturnType<typeof execute>

function execute(state: LedgerState, encoded: readonly Uint8Array[], height: number) {
  const executed = executeTransactions(state, candidatesOf(encoded), { chainId, time, height })
  if (isRejection(executed)) throw new Error(`${executed.code}: ${executed.detail}`)
  return { writes: executed.writes, staged: state.stage(executed.writes) }
}

function headerOver(
  parent: BlockHeader,
  encoded: readonly Uint8Array[],
  stateRoot: Uint8Array,
): BlockHeader {
  return {
    ...parent,
    ...{ height: parent.height + 1, time, parent: blockId(parent), stateRoot },
    transactionRoot: transactionRoot(encoded),
  }
}

function certify(header: BlockHeader) {
  return [{ validator: 0, signature: VALIDATOR.sign(blockDigest(header)) }]
}
