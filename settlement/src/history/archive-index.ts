import {
  type ChainId,
  chainIdOf,
  decode,
  encode,
  fromHex,
  type Genesis,
  genesisCodec,
  isRejection,
  toHex,
} from '@tallystick/protocol'
import { z } from 'zod'
import { complaint } from '../api/parameters.js'
import { LedgerFault } from '../ledger-fault.js'

/** The name of the index in the folder of an archive. */
export const ARCHIVE_INDEX = 'archive.json'
/** Raised with every change of the index or the files. */
const ARCHIVE_FORMAT = 1

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const height = z.int().positive()
const facts = { bytes: z.int().positive(), sha256: hash }

/** What an archive holds. Only the chain id is to be believed, and only if it is known from elsewhere. */
const archiveIndexSchema = z.strictObject({
  format: z.literal(ARCHIVE_FORMAT),
  chain_id: hash,
  /** Encoded, in hex; its hash is the chain id. */
  genesis: z.string().regex(/^(?:[0-9a-f]{2})+$/),
  blocks_per_file: height,
  checkpoint_blocks: height,
  /** Blocks without gaps from height 1 on; a file that is full never changes. */
  files: z.array(
    z.strictObject({
      name: z.string().regex(/^\d{10}-\d{10}\.blocks\.gz$/),
      first: height,
      last: height,
      last_id: hash,
      ...facts,
    }),
  ),
  /** Snapshots, ascending. */
  checkpoints: z.array(
    z.strictObject({ name: z.string().regex(/^\d{10}\.snapshot\.gz$/), height, ...facts }),
  ),
})
export type ArchiveIndex = z.infer<typeof archiveIndexSchema>
export type ArchiveFile = ArchiveIndex['files'][number]

/** The index of an archive that holds nothing yet. */
export function emptyIndex(
  genesis: Genesis,
  chosen: Pick<ArchiveIndex, 'blocks_per_file' | 'checkpoint_blocks'>,
): ArchiveIndex {
  return {
    format: ARCHIVE_FORMAT,
    chain_id: chainIdOf(genesis),
    genesis: toHex(encode(genesisCodec, genesis)),
    ...chosen,
    files: [],
    checkpoints: [],
  }
}

/** Reads an index and its genesis. Throws `history_corrupt` unless it is sound and without gaps. */
export function parseArchiveIndex(
  text: string,
  where: string,
): { readonly index: ArchiveIndex; readonly genesis: Genesis; readonly chainId: ChainId } {
  const parsed = archiveIndexSchema.safeParse(parsedJson(text))
  if (!parsed.success) throw unsound(where, complaint(parsed.error))
  const index = parsed.data
  const genesis = decode(genesisCodec, fromHex(index.genesis))
  if (isRejection(genesis)) throw unsound(where, `its genesis is malformed: ${genesis.detail}`)
  const chainId = chainIdOf(genesis as Genesis)
  if (index.chain_id !== chainId) throw unsound(where, 'its chain id is not that of its genesis')
  let due = 1
  for (const { name, first, last } of index.files) {
    if (first !== due || last < first || name !== blocksName(first, last)) {
      throw unsound(where, `${name} does not begin with block ${due}`)
    }
    due = last + 1
  }
  for (const { name, height: at } of index.checkpoints) {
    if (name !== checkpointName(at)) throw unsound(where, `${name} is not of height ${at}`)
  }
  return { index, genesis: genesis as Genesis, chainId }
}

/** The highest block of an archive, 0 when there is none. */
export function archiveHeight({ files }: ArchiveIndex): number {
  return files.at(-1)?.last ?? 0
}

export function blocksName(first: number, last: number): string {
  return `${padded(first)}-${padded(last)}.blocks.gz`
}

export function checkpointName(at: number): string {
  return `${padded(at)}.snapshot.gz`
}

function padded(at: number): string {
  return String(at).padStart(10, '0')
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // `JSON.parse` has no other way to say so; the schema refuses what is missing.
    return undefined
  }
}

function unsound(where: string, why: string): LedgerFault {
  return new LedgerFault('history_corrupt', `${where}: ${why}`)
}
