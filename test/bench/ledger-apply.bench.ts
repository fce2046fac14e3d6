import { availableParallelism } from 'node:os'
import {
  amount,
  chainIdOf,
  encode,
  type Genesis,
  isRejection,
  keyLock,
  lockRoot,
  lockWitness,
  PROTOCOL_VERSION,
  type Signer,
  signerFromSeed,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import {
  executeTransactions,
  genesisWrites,
  LedgerState,
  ReceivedTransactions,
  type StateWrite,
} from '@tallystick/settlement'
import { putCheck, type SharedChecks, sharedChecks } from '#protocol/workers/signature-check.js'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { collectAlone } from '#settlement/verify/collect-alone.js'
import { verifyReceived } from '#settlement/verify/verify-received.js'
import { progress, report, SCALE } from './benchmark.js'

/*
 * Simple transfers (one coin in, a payment and change out, one signature) executed over a state of a
 * million coins as a node executes a block that it is sent: bytes decoded, signatures checked on all
 * cores, rules, new state root. Held against the bare signature checks on all cores in the same run;
 * at least half of their rate is due. Both take turns, so that whatever else the machine does slows
 * both down.
 */

collectAlone()

const COINS = Math.round(1_000_000 * SCALE)
const TRANSFERS = Math.round(200_000 * SCALE)
const TRANSFERS_PER_BLOCK = 5_000
/** The last block of a round is executed while no signatures are left to check: it should weigh little. */
const BLOCKS_PER_ROUND = 20
const OWNERS = 1_000
const TIME = timestamp(1_700_000_000)

const owners: readonly Signer[] = Array.from({ length: OWNERS }, (_, i) =>
  signerFromSeed(new Uint8Array(32).map((_, byte) => ((i >>> (8 * (byte & 1))) & 0xff) ^ byte)),
)
const genesis: Genesis = {
  network: 'bench',
  time: TIME,
  parameters: {
    protocolVersion: PROTOCOL_VERSION,
    validators: [signerFromSeed(new Uint8Array(32)).publicKey],
    quorum: 1,
    timeStepSecondsMax: 10,
    disputeWindowSecondsMin: 1,
    disputeWindowSecondsMax: 1_000,
    revision: 0,
    feeRates: [{ asset: 0, feePerKiloCost: 1_000 }],
  },
  assets: [{ code: 'GBP', decimals: 2, issuer: undefined }],
  allocations: [],
}
const chainId = chainIdOf(genesis)

function ownerOf(coin: number): Signer {
  return owners[coin % OWNERS] ?? owners[0] ?? signerFromSeed(new Uint8Array(32))
}

/** Coin number `i` lies at an outpoint of its own, under the key of an owner. */
function outpointOf(coin: number) {
  return { txId: toHex(new Uint8Array(32).fill(coin & 0xff)) as TxId, index: coin }
}

function buildState(): LedgerState {
  const state = new LedgerState()
  state.stage(genesisWrites(genesis)).commit()
  const locks = owners.map(({ publicKey }) => lockRoot(keyLock(publicKey)))
  const perBatch = 50_000
  for (let from = 0; from < COINS; from += perBatch) {
    const writes = Array.from({ length: Math.min(perBatch, COINS - from) }, (_, i): StateWrite => {
      const lock = locks[(from + i) % OWNERS] ?? lockRoot(keyLock(ownerOf(0).publicKey))
      const value = { asset: 0, amount: amount(100_000n), lock, createdTime: TIME }
      return { kind: 'coin', key: outpointOf(from + i), value }
    })
    state.stage(writes).commit()
    if (from % 250_000 === 0) progress(`${from} coins`)
  }
  // The asset's books know of the coins, so that conservation holds.
  const asset = state.read('asset', { asset: 0 })
  if (asset === undefined) throw new Error('the genesis has an asset')
  const issued = amount(BigInt(COINS) * 100_000n)
  state.stage([{ kind: 'asset', key: { asset: 0 }, value: { ...asset, issued } }]).commit()
  return state
}

function transfer(number: number): Uint8Array {
  const coin = (number * 7_919) % COINS
  const owner = ownerOf(coin)
  const lock = keyLock(owner.publicKey)
  const payee = lockRoot(keyLock(ownerOf(coin + 1).publicKey))
  const body = {
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
    inputs: [outpointOf(coin)],
    operations: [],
    outputs: [
      { asset: 0, amount: amount(60_000n), lock: payee },
      { asset: 0, amount: amount(39_000n), lock: lockRoot(lock) },
    ],
    reveals: [],
    memo: new Uint8Array(),
  }
  return encode(transactionCodec, signTransaction(chainId, body, [lockWitness(lock, 0)], [owner]))
}

async function applyAll(state: LedgerState, pool: SignaturePool, blocks: readonly Uint8Array[][]) {
  const receive = (encoded: readonly Uint8Array[]) => {
    const received = receivedOf(encoded)
    return { received, verified: verifyReceived(pool, state, received) }
  }
  let next = blocks[0] && receive(blocks[0])
  for (let block = 0; next !== undefined; block++) {
    const { received, verified } = next
    // The signatures of the next block go to the workers before this one is executed.
    const following = blocks[block + 1]
    next = following && receive(following)
    await verified
    const executed = executeTransactions(state, received, { chainId, time: TIME, height: 1 })
    if (isRejection(executed)) throw new Error(executed.detail)
    state.stage(executed.writes).commit()
  }
}

function receivedOf(encoded: readonly Uint8Array[]): ReceivedTransactions {
  const received = ReceivedTransactions.of(chainId, encoded)
  if (isRejection(received)) throw new Error(received.detail)
  return received
}

progress(`a state of ${COINS} coins`)
const state = buildState()
progress(`signing ${TRANSFERS} transfers`)
const transfers = Array.from({ length: TRANSFERS }, (_, i) => transfer(i))
const blocks: Uint8Array[][] = []
for (let from = 0; from < TRANSFERS; from += TRANSFERS_PER_BLOCK) {
  blocks.push(transfers.slice(from, from + TRANSFERS_PER_BLOCK))
}
const pool = new SignaturePool('behind')

function checksOf(blocks: readonly (readonly Uint8Array[])[]): SharedChecks {
  const received = blocks.map(receivedOf)
  const shared = sharedChecks(received.reduce((sum, { signers }) => sum + signers, 0))
  let number = 0
  for (const block of received) {
    for (const signed of block.signed()) putCheck(shared, number++, ...signed)
  }
  return shared
}

async function millisecondsOf(work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

const [warming = []] = blocks
await pool.decide(checksOf([warming]))
let [bareMs, appliedMs] = [0, 0]
for (let from = 0; from < blocks.length; from += BLOCKS_PER_ROUND) {
  const round = blocks.slice(from, from + BLOCKS_PER_ROUND)
  const checks = checksOf(round)
  const bare = await millisecondsOf(pool.decide(checks))
  const applied = await millisecondsOf(applyAll(state, pool, round))
  progress(`${from} blocks: ${bare.toFixed(0)} ms of checks, ${applied.toFixed(0)} ms applied`)
  bareMs += bare
  appliedMs += applied
}
await pool.stop()

const verifications = (1_000 * TRANSFERS) / bareMs
const applied = (1_000 * TRANSFERS) / appliedMs
report('ledger-apply', {
  coins: COINS,
  transfers: TRANSFERS,
  cores: availableParallelism(),
  verificationsPerSecond: verifications,
  transfersPerSecond: applied,
  ratio: applied / verifications,
  limits: {
    ratio: `${(applied / verifications).toFixed(3)} of at least 0.5`,
    isMet: applied / verifications >= 0.5,
  },
})
