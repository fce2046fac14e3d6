import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Block,
  blockCodec,
  blockId,
  chainIdOf,
  decode,
  encode,
  genesisCodec,
  invariant,
  isRejection,
  toHex,
} from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { writeDurableFile } from '../durable-file.js'
import { LedgerFault } from '../ledger-fault.js'
import { Archive } from './archive.js'
import { checkArchiveFolder, requireNoFiles, withArchiveFolder } from './archive-folder.js'
import {
  ARCHIVE_INDEX,
  type ArchiveFile,
  type ArchiveIndex,
  archiveHeight,
  blocksName,
  checkpointName,
  emptyIndex,
} from './archive-index.js'
import type { BlockSource } from './block-source.js'
import { exportSnapshot } from './export-snapshot.js'
import { writeRecordFile } from './record-file.js'
import { replayArchive } from './replay-archive.js'
import { withScratchStore } from './scratch-store.js'

/** How a new archive is cut; one that is there stays as it was begun. */
export type ArchiveCut = { readonly blocksPerFile: number; readonly checkpointBlocks: number }

export type ArchiveWriting = {
  /** The folder; made if it is not there. */
  readonly out: string
  readonly cut: ArchiveCut
  readonly pool: SignaturePool
  /** This node's own clock, seconds. */
  readonly clock: () => number
  readonly onProgress: (what: string) => void
}

/**
 * Brings an archive up to the newest block of `source`, and adds the checkpoints that are due, for
 * which the blocks are executed. The index is written after what it names, and what it names no more
 * is removed after that: a crash leaves an archive that can be read and gone on with. Throws
 * `store_in_use` while another process writes it, and `history_corrupt` when it is damaged.
 */
export function writeArchive(source: BlockSource, writing: ArchiveWriting): Promise<ArchiveIndex> {
  return withArchiveFolder(writing.out, () => appendArchive(source, writing))
}

async function appendArchive(
  source: BlockSource,
  { out, cut, pool, clock, onProgress }: ArchiveWriting,
): Promise<ArchiveIndex> {
  let index = await archiveStart(source, out, cut)
  while (archiveHeight(index) < source.height) {
    index = await appendFile(index, source, out)
    onProgress(`block ${archiveHeight(index)} of ${source.height}`)
  }
  const due = dueCheckpoints(index)
  if (due.length === 0) return index
  // One store for all of them: each goes on from the one before.
  await withScratchStore(async (store) => {
    for (const height of due) {
      const archive = await Archive.open(out)
      await replayArchive(archive, { store, height, start: 'checkpoint', pool, clock, onProgress })
      const name = checkpointName(height)
      const { facts } = await exportSnapshot(store, archive.genesis, join(out, name))
      index = { ...index, checkpoints: [...index.checkpoints, { name, height, ...facts }] }
      await writeIndex(out, index)
    }
  })
  return index
}

async function archiveStart(
  { genesis }: BlockSource,
  out: string,
  { blocksPerFile, checkpointBlocks }: ArchiveCut,
): Promise<ArchiveIndex> {
  if (!existsSync(join(out, ARCHIVE_INDEX))) {
    await requireNoFiles(out)
    const chosen = { blocks_per_file: blocksPerFile, checkpoint_blocks: checkpointBlocks }
    const index = emptyIndex(genesis, chosen)
    // Before any file: those without an index are of an archive that lost it.
    await writeIndex(out, index)
    return index
  }
  const archive = await Archive.open(out)
  const { index } = archive
  if (index.genesis === toHex(encode(genesisCodec, genesis))) {
    await checkArchiveFolder(out, archive)
    return index
  }
  const detail = `${out} is of chain ${index.chain_id}, the source of ${chainIdOf(genesis)}`
  throw new LedgerFault('store_of_another_chain', detail)
}

/** Writes the next file, or the last one anew if it is not full. */
async function appendFile(
  index: ArchiveIndex,
  source: BlockSource,
  out: string,
): Promise<ArchiveIndex> {
  const isFull = ({ first, last }: ArchiveFile) => last - first + 1 >= index.blocks_per_file
  const newest = index.files.at(-1)
  const replaced = newest === undefined || isFull(newest) ? undefined : newest
  const kept = replaced === undefined ? index.files : index.files.slice(0, -1)
  const first = (kept.at(-1)?.last ?? 0) + 1
  const last = Math.min(first + index.blocks_per_file - 1, source.height)
  const name = blocksName(first, last)
  let tipId: string | undefined = kept.at(-1)?.last_id
  async function* linked() {
    let height = first
    for await (const bytes of source.blocks(first)) {
      tipId = checkLink(bytes, height, tipId)
      yield bytes
      if (height++ === last) return
    }
  }
  const facts = await writeRecordFile(join(out, name), linked())
  invariant(tipId !== undefined, 'a file holds a block')
  const file: ArchiveFile = { name, first, last, last_id: tipId, ...facts }
  const grown = { ...index, files: [...kept, file] }
  await writeIndex(out, grown)
  if (replaced !== undefined) await rm(join(out, replaced.name), { force: true })
  return grown
}

/** The id of a block that follows the one before; whether it follows by the rules, replaying shows. */
function checkLink(bytes: Uint8Array, height: number, parent: string | undefined): string {
  const block = decode(blockCodec, bytes)
  if (isRejection(block)) {
    throw new LedgerFault('history_refused', `block ${height}: ${block.code}: ${block.detail}`)
  }
  const { header } = block as Block
  if (header.height !== height || (parent !== undefined && header.parent !== parent)) {
    const detail = `block ${height}: what was given for it is not the next of this chain`
    throw new LedgerFault('history_refused', detail)
  }
  return blockId(header)
}

function dueCheckpoints(index: ArchiveIndex): readonly number[] {
  const { checkpoint_blocks: step, checkpoints } = index
  const due: number[] = []
  const done = checkpoints.at(-1)?.height ?? 0
  for (let at = done + step - (done % step); at <= archiveHeight(index); at += step) due.push(at)
  return due
}

function writeIndex(out: string, index: ArchiveIndex): Promise<void> {
  const text = `${JSON.stringify(index, undefined, 2)}\n`
  return writeDurableFile(join(out, ARCHIVE_INDEX), text, 0o644)
}
