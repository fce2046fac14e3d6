import type { ChainId } from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { archiveHeight } from './history/archive-index.js'
import { openArchiveOf } from './history/open-archive-of.js'
import { replayArchive } from './history/replay-archive.js'
import { withScratchStore } from './history/scratch-store.js'
import { newLedgerFolder } from './new-ledger-folder.js'
import type { ChainTip } from './node/chain.js'
import type { LedgerStore } from './store/ledger-store.js'

/** Which ledger is recreated from an archive, and where. */
export type Recreation = {
  /** A folder, or the address of one. */
  readonly archive: string
  /** Absent: the last block of the archive. */
  readonly height?: number | undefined
  readonly start: 'checkpoint' | 'genesis'
  /** The chain that is meant. Absent: the archive's word for it is taken. */
  readonly chainId: ChainId | undefined
  /** A new data folder, or one that an earlier run did not finish. Absent: nothing is kept. */
  readonly dataDir: string | undefined
  readonly pool: SignaturePool
  readonly onProgress: (what: string) => void
}

/**
 * Recreates the ledger of a height from an archive, all of it checked as `replayArchive` does. Throws
 * what that throws, `store_of_another_chain` and `already_initialized`.
 */
export async function recreateLedger(recreation: Recreation): Promise<ChainTip> {
  const { chainId, dataDir, start, pool, onProgress } = recreation
  const archive = await openArchiveOf(recreation.archive, chainId)
  const height = recreation.height ?? archiveHeight(archive.index)
  const replay = async (store: LedgerStore) => {
    const clock = () => Math.floor(Date.now() / 1_000)
    const { tip } = await replayArchive(archive, { store, height, start, pool, clock, onProgress })
    return tip
  }
  return dataDir === undefined
    ? withScratchStore(replay)
    : newLedgerFolder(dataDir, archive.genesis, replay)
}
