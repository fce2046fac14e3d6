import type { ChainId } from '@tallystick/protocol'
import { Archive } from '../history/archive.js'
import { replayArchive } from '../history/replay-archive.js'
import { withScratchStore } from '../history/scratch-store.js'
import { blockFacts } from '../import-ledger.js'
import { LedgerFault } from '../ledger-fault.js'
import { newLedgerFolder } from '../new-ledger-folder.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { SignaturePool } from '../verify/signature-pool.js'
import { printFacts } from './print-facts.js'
import { progressOf } from './progress.js'

/** `ledger replay`. */
export async function replayLedger(options: {
  readonly archive: string
  readonly height: number
  readonly fromGenesis?: true
  readonly chainId?: ChainId
  readonly data?: string
  readonly json?: true
}): Promise<void> {
  const { height, fromGenesis, chainId, data, json } = options
  const archive = await Archive.open(options.archive)
  if (chainId !== undefined && archive.chainId !== chainId) {
    const detail = `${options.archive} is of chain ${archive.chainId}, not ${chainId}`
    throw new LedgerFault('store_of_another_chain', detail)
  }
  const pool = new SignaturePool()
  const replay = async (store: LedgerStore) => {
    const { tip } = await replayArchive(archive, {
      ...{ store, height, pool, onProgress: progressOf('replay') },
      start: fromGenesis ? 'genesis' : 'checkpoint',
      clock: () => Math.floor(Date.now() / 1_000),
    })
    return tip
  }
  try {
    const { header } = await (data === undefined
      ? withScratchStore(replay)
      : newLedgerFolder(data, archive.genesis, replay))
    const facts = blockFacts(header)
    const text = `chain       ${facts.chain_id}\nheight      ${height}\nblock       ${facts.block_id}\nstate root  ${facts.state_root}`
    printFacts(json, facts, text)
  } finally {
    await pool.stop()
  }
}
