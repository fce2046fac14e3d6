import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  amount,
  type ChainId,
  encode,
  keyLock,
  lockWitness,
  type Output,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { initLedger } from '@tallystick/settlement'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { LedgerProcess, ledgerCommand } from '../integration/ledger-process.js'
import { ask } from '../settlement/node-on-disk.js'
import { ALICE, keyLockOf } from '../settlement/test-ledger.js'
import { progress, report, SCALE } from './benchmark.js'

/*
 * A new follower from nothing to serving at the tip: the last checkpoint of an archive, the blocks
 * behind it, and the upstream's newest. Everything is checked: entries up to the certified root,
 * signatures, rules and state roots. Held against the bare signature checks on all cores.
 */

const FANS = Math.max(1, Math.round(200 * SCALE))
const OUTPUTS = 1_000
const TRANSFERS = Math.max(1, Math.round(40_000 * SCALE))
/** More than the transfers take. */
const BLOCKS_BEFORE = 200
/** Submissions on the way at a time. */
const LANES = 16
/** Waiting at once; below what the mempool takes. */
const WINDOW = 8_000

const lock = keyLockOf(ALICE.publicKey)

/** Alice's coin, paid to herself in parts. */
function payment(chainId: ChainId, txId: TxId, index: number, parts: readonly bigint[]) {
  const body = {
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
    inputs: [{ txId, index }],
    operations: [],
    outputs: parts.map((part): Output => ({ asset: 0, amount: amount(part), lock })),
    reveals: [],
    memo: new Uint8Array(),
  }
  const witness = lockWitness(keyLock(ALICE.publicKey), 0)
  const signed = signTransaction(chainId, body, [witness], [ALICE])
  return { id: transactionId(chainId, body), encoded: encode(transactionCodec, signed) }
}

async function send(url: string, encoded: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Uint8Array(encoded),
  })
  if (response.status !== 202) throw new Error(await response.text())
  await response.arrayBuffer()
}

/** Hands transactions in and waits until no more of them wait. */
async function sendAll(url: string, count: number, transactionOf: (at: number) => Uint8Array) {
  for (let from = 0; from < count; from += WINDOW) {
    let next = from
    const until = Math.min(count, from + WINDOW)
    const lane = async () => {
      while (next < until) await send(url, transactionOf(next++))
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    while (Number((await ask(url, '/v1/status')).body['mempool_transactions']) > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    progress(`${until} of ${count}`)
  }
}

async function archive(url: string, out: string, checkpointBlocks: number): Promise<void> {
  const cut = ['--checkpoint-blocks', String(checkpointBlocks)]
  const { code, stderr } = await ledgerCommand('archive', '--from', url, '--out', out, ...cut)
  if (code !== 0) throw new Error(stderr)
}

async function heightOf(url: string): Promise<number> {
  return Number((await ask(url, '/v1/status')).body['height'])
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-sync-'))
try {
  const [dataDir, out, copy] = [join(dir, 'data'), join(dir, 'archive'), join(dir, 'copy')]
  const { chainId } = await initLedger({
    ...{ dataDir, kind: 'new', network: 'bench' },
    assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: 1 }],
    allocations: Array.from({ length: FANS }, () => ({
      ...{ asset: 0, amount: amount(10_000_000n), lock },
    })),
  })
  const many = ['--block-interval-ms', '20', '--heartbeat-ms', '20'] as const
  let node = await LedgerProcess.start(dataDir, ...many)
  const fans = Array.from({ length: FANS }, (_, index) =>
    payment(chainId, chainId as string as TxId, index, Array<bigint>(OUTPUTS).fill(9_900n)),
  )
  progress(`${FANS * OUTPUTS} outputs`)
  for (let from = 0; from < FANS; from += 100) {
    const some = fans.slice(from, from + 100).map(({ encoded }) => encoded)
    await sendAll(node.url, some.length, (at) => some[at] ?? new Uint8Array())
  }
  // The one checkpoint lies between the outputs and the transfers: the next is as many blocks away.
  while ((await heightOf(node.url)) < BLOCKS_BEFORE) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await node.stop()
  node = await LedgerProcess.start(dataDir, '--block-interval-ms', '500')
  const checkpoint = await heightOf(node.url)
  await archive(node.url, out, checkpoint)
  progress(`${TRANSFERS} transfers`)
  await sendAll(node.url, TRANSFERS, (at) => {
    const fan = fans[at % FANS]?.id ?? (chainId as string as TxId)
    return payment(chainId, fan, Math.floor(at / FANS), [5_000n, 4_890n]).encoded
  })
  const height = await heightOf(node.url)
  await archive(node.url, out, checkpoint)

  progress('a new follower')
  const started = performance.now()
  const options = ['--archive', out, '--chain-id', chainId] as const
  const follower = await LedgerProcess.follow(copy, node.url, ...options)
  while ((await ask(follower.url, '/readyz')).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const seconds = (performance.now() - started) / 1_000
  const reached = await heightOf(follower.url)
  await follower.kill()
  await node.kill()

  const digest = new Uint8Array(32).fill(7)
  const check = { publicKey: ALICE.publicKey, digest, signature: ALICE.sign(digest) }
  const pool = new SignaturePool('behind')
  const checks = Array.from({ length: TRANSFERS }, () => check)
  await pool.verify(checks.slice(0, 2_000))
  const bareStarted = performance.now()
  await pool.verify(checks)
  const bareSeconds = (performance.now() - bareStarted) / 1_000
  await pool.stop()

  const files = readdirSync(out).map((name) => statSync(join(out, name)).size)
  report(
    'sync',
    {
      checkpointEntries: FANS * OUTPUTS,
      transfersBehindIt: TRANSFERS,
      blocks: height - checkpoint,
      archiveBytes: files.reduce((sum, size) => sum + size, 0),
      secondsToServing: seconds,
      signatureChecksAloneSeconds: bareSeconds,
      limits: {
        reachesTheTip: `block ${reached} of at least ${height}`,
        isMet: reached >= height,
      },
    },
    'any size',
  )
} finally {
  rmSync(dir, { recursive: true, force: true })
}
