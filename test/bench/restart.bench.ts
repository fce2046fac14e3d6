import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  amount,
  encode,
  keyLock,
  lockWitness,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { initLedger } from '@tallystick/settlement'
import { LedgerProcess } from '../integration/ledger-process.js'
import { ask, included, submit } from '../settlement/node-on-disk.js'
import { ALICE, keyLockOf } from '../settlement/test-ledger.js'
import { median, progress, report, SCALE } from './benchmark.js'

/*
 * From `kill -9` of a ledger process with a million unspent outputs to its next answer about the tip;
 * under five seconds is due. Nothing is believed at a start: every entry is hashed again, up to the
 * root that the validators signed. Held against reading the same file with nothing but the disk.
 */

const OUTPUTS = 1_000
const FANS = Math.round(1_000 * SCALE)
const ROUNDS = 3

const dir = mkdtempSync(join(tmpdir(), 'tallystick-restart-'))
try {
  const lock = keyLockOf(ALICE.publicKey)
  const { chainId } = await initLedger({
    ...{ dataDir: dir, kind: 'new', network: 'bench' },
    assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: 1 }],
    allocations: Array.from({ length: FANS }, () => {
      return { asset: 0, amount: amount(10_000_000n), lock }
    }),
  })
  let node = await LedgerProcess.start(dir, '--block-interval-ms', '200')
  let last: TxId | undefined
  for (let fan = 0; fan < FANS; fan++) {
    const body = {
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
      inputs: [{ txId: chainId as string as TxId, index: fan }],
      operations: [],
      outputs: Array.from({ length: OUTPUTS }, () => ({ asset: 0, amount: amount(9_900n), lock })),
      reveals: [],
      memo: new Uint8Array(),
    }
    const witness = lockWitness(keyLock(ALICE.publicKey), 0)
    const signed = signTransaction(chainId, body, [witness], [ALICE])
    const answer = await submit(node.url, toHex(encode(transactionCodec, signed)))
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
    last = transactionId(chainId, body)
    // A tenth of the mempool's bytes: the next hundred waits until this one is in a block.
    if (fan % 100 === 99) {
      await included(node, last)
      progress(`${(fan + 1) * OUTPUTS} outputs`)
    }
  }
  if (last !== undefined) await included(node, last)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await node.kill()
    const started = performance.now()
    node = await LedgerProcess.start(dir, '--block-interval-ms', '200')
    const { status } = await ask(node.url, '/v1/status')
    if (status !== 200) throw new Error(`the node answers ${status}`)
    times.push((performance.now() - started) / 1_000)
    progress(`round ${round + 1}: ${times.at(-1)?.toFixed(2)} s`)
  }
  await node.kill()
  const seconds = median(times)
  report('restart', {
    unspentOutputs: FANS * OUTPUTS,
    fileBytesPerOutput: statSync(join(dir, 'ledger.sqlite')).size / (FANS * OUTPUTS),
    secondsToServing: seconds,
    limits: { secondsToServing: `${seconds.toFixed(2)} of 5`, isMet: seconds < 5 },
  })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
