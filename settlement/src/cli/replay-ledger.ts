import { printFacts } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import { SignaturePool } from '@tallystick/protocol/workers'
import { blockFacts } from '../import-ledger.js'
import { recreateLedger } from '../recreate-ledger.js'
import { progressOf } from './progress.js'

/** `ledger replay`. */
export async function replayLedger(options: {
  readonly archive: string
  readonly height?: number
  readonly fromGenesis?: true
  readonly chainId?: ChainId
  readonly data?: string
  readonly json?: true
}): Promise<void> {
  const { archive, height, fromGenesis, chainId, data, json } = options
  const pool = new SignaturePool('behind')
  try {
    const { header } = await recreateLedger({
      ...{ archive, height, chainId, dataDir: data, pool, onProgress: progressOf('replay') },
      start: fromGenesis ? 'genesis' : 'checkpoint',
    })
    const facts = blockFacts(header)
    const text = `chain       ${facts.chain_id}\nheight      ${facts.height}\nblock       ${facts.block_id}\nstate root  ${facts.state_root}`
    printFacts(json, facts, text)
  } finally {
    await pool.stop()
  }
}
