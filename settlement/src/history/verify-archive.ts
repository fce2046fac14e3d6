import {
  type Block,
  type BlockId,
  blockCodec,
  blockId,
  decode,
  isRejection,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { ChainTip } from '../node/chain.js'
import { LedgerState } from '../state/ledger-state.js'
import type { Archive } from './archive.js'
import { type ArchiveFile, archiveHeight } from './archive-index.js'
import { type Replay, replayArchive } from './replay-archive.js'
import { withScratchStore } from './scratch-store.js'
import { verifiedEntries } from './snapshot.js'

/**
 * Reads every file of an archive to its end, checks every entry of its checkpoints, and executes
 * every block from the genesis on, certificates and all. Throws at the first that is wrong, naming
 * it: `history_corrupt`, `snapshot_refused`, `history_refused`.
 */
export async function verifyArchive(
  archive: Archive,
  work: Pick<Replay, 'pool' | 'clock' | 'onProgress'>,
): Promise<ChainTip> {
  const { files, checkpoints } = archive.index
  const ids = new Map<number, BlockId>()
  for (const file of files) {
    work.onProgress(file.name)
    await verifyArchiveFile(archive, file, ids)
  }
  for (const { name, height } of checkpoints) {
    work.onProgress(name)
    const snapshot = await archive.checkpoint(height)
    if (snapshot === undefined || blockId(snapshot.block.header) !== ids.get(height)) {
      throw corrupt(name, `it is of another block than the archive has at height ${height}`)
    }
    for await (const _ of verifiedEntries(snapshot, new LedgerState())) work.onProgress(name)
  }
  return withScratchStore(async (store) => {
    const height = archiveHeight(archive.index)
    return (await replayArchive(archive, { ...work, store, height, start: 'genesis' })).tip
  })
}

/**
 * Whether a file of blocks is the one that the index names, and holds blocks that follow one another
 * up to the one that it names last. Puts what they are called into `ids`. Throws `history_corrupt`.
 */
export async function verifyArchiveFile(
  archive: Archive,
  { name, first, last, last_id }: ArchiveFile,
  ids: Map<number, BlockId> = new Map(),
): Promise<void> {
  let height = first
  for await (const bytes of archive.blocks(first, last)) {
    const block = decode(blockCodec, bytes)
    if (isRejection(block)) throw corrupt(name, `block ${height}: ${block.detail}`)
    const { header } = block as Block
    const parent = ids.get(height - 1)
    if (header.height !== height || (parent !== undefined && header.parent !== parent)) {
      throw corrupt(name, `block ${height} does not follow the one before`)
    }
    ids.set(height++, blockId(header))
  }
  if (ids.get(last) !== last_id)
    throw corrupt(name, 'it ends with another block than the index says')
}

function corrupt(name: string, why: string): LedgerFault {
  return new LedgerFault('history_corrupt', `${name}: ${why}`)
}
