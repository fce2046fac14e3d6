import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ChainId, TxId } from '@tallystick/protocol'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask, included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { LedgerProcess } from './ledger-process.js'

const LEDGER = fileURLToPath(new URL('../../../settlement/dist/command/ledger.js', import.meta.url))
/** Files may grow to so many blocks of 512 bytes, 2 MB: some dozens of blocks fit, 600 do not. */
const FILE_BLOCKS_MAX = 4_000
const COINS = 600

test('INV-43 a ledger that cannot write stops by name, and nothing that it answered for is lost', async (context) => {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir, COINS)
  const run = `trap '' XFSZ; ulimit -f ${FILE_BLOCKS_MAX}; exec "$0" "$@"`
  const args = [process.execPath, LEDGER, 'run', '--data', dataDir, '--port', '0', '--json']
  const child = spawn('sh', ['-c', run, ...args, '--block-interval-ms', '5'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  context.after(() => child.kill('SIGKILL'))
  const said = text(child.stderr)
  const ended = once(child, 'exit')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url, chain_id } = JSON.parse(line) as { url: string; chain_id: ChainId }

  const taken: TxId[] = []
  for (let coin = 0; coin < COINS; coin++) {
    const { id, hex } = paymentOf(chain_id, coin)
    const answer = await submit(url, hex).catch(() => undefined)
    if (answer?.status !== 202) break
    taken.push(id)
  }
  assert.deepEqual(await ended, [70, null])
  assert.match(await said, /store_failed/)
  assert.ok(taken.length < COINS, 'the disk was full before the end')

  const node = await LedgerProcess.start(dataDir, '--block-interval-ms', '5')
  context.after(() => node.kill())
  for (const id of taken) await included(node, id)
  assert.equal((await ask(node.url, '/readyz')).status, 200)
  context.diagnostic(`${taken.length} transactions were answered for`)
})
