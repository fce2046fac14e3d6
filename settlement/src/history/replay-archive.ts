import { blockId, isRejection, PROTOCOL_VERSIONS } from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { applyBlock } from '../core/apply-block.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { MalformedBlock, readBlocks } from '../follow/read-blocks.js'
import { LedgerFault } from '../ledger-fault.js'
import type { Chain } from '../node/chain.js'
import { blockCommit } from '../node/final-block.js'
import { restoreChain } from '../node/restore-chain.js'
import { requireSupportedVersion } from '../node/upgrade.js'
import type { LedgerStore } from '../store/ledger-store.js'
import type { Archive } from './archive.js'
import { archiveHeight } from './archive-index.js'
import { importSnapshot } from './import-snapshot.js'

/** What replaying an archive needs besides it. */
export type Replay = {
  /** Empty, or as an earlier replay left it. */
  readonly store: LedgerStore
  readonly height: number
  /** Whether an empty store may begin with a checkpoint, or has to with the genesis. */
  readonly start: 'checkpoint' | 'genesis'
  readonly pool: SignaturePool
  /** This node's own clock, seconds. */
  readonly clock: () => number
  readonly onProgress: (what: string) => void
}

/**
 * Recreates the ledger of a height: from the store, the nearest checkpoint, or the genesis, every block
 * after it is executed, with all that BLK-5 checks. Throws `history_refused` at the first that does
 * not follow, `snapshot_refused` for a checkpoint, `history_corrupt` for a file.
 */
export async function replayArchive(archive: Archive, replay: Replay): Promise<Chain> {
  const { store, height, start, pool, clock, onProgress } = replay
  const top = archiveHeight(archive.index)
  if (height > top) {
    throw new LedgerFault('history_refused', `the archive ends with block ${top}, not ${height}`)
  }
  if (start === 'checkpoint' && (await store.chainId()) === undefined) {
    const checkpoint = await archive.checkpoint(height)
    if (checkpoint !== undefined) {
      const at = checkpoint.block.header.height
      await importSnapshot(store, checkpoint, (entries) => {
        onProgress(`checkpoint ${at}: ${entries} of ${checkpoint.entries} entries`)
      })
    }
  }
  const restored = await restoreChain(store, archive.genesis)
  const { state } = restored
  let { tip } = restored
  if (tip.header.height > height) {
    const detail = `the folder is at block ${tip.header.height} already, above ${height}`
    throw new LedgerFault('history_refused', detail)
  }
  if (tip.header.height === height) return { state, tip }
  const blocks = readBlocks(archive.blocks(tip.header.height + 1), archive.chainId, state, pool)
  try {
    for await (const { block, bytes, received } of blocks) {
      const { header, certificate } = block
      const due = tip.header.height + 1
      requireSupportedVersion(parametersInForce(state, due), due, PROTOCOL_VERSIONS)
      const parent = { state, header: tip.header }
      const applied = applyBlock(parent, block, clock(), received)
      if (isRejection(applied)) throw refused(due, applied)
      if (isRejection(received)) throw refused(header.height, received)
      const final = { header, certificate, bytes, ...applied, included: received, refused: [] }
      await store.commitBlock(blockCommit(state, final, []))
      applied.staged.commit()
      tip = { header, id: blockId(header), certificate }
      onProgress(`block ${header.height} of ${height}`)
      if (header.height === height) break
    }
  } catch (error) {
    if (error instanceof MalformedBlock) throw refused(tip.header.height + 1, error.rejection)
    throw error
  }
  return { state, tip }
}

function refused(
  height: number,
  { code, detail }: { readonly code: string; readonly detail: string },
): LedgerFault {
  return new LedgerFault('history_refused', `block ${height}: ${code}: ${detail}`)
}
