import {
  type Block,
  blockCodec,
  blockId,
  decode,
  holdsTransactions,
  isRejection,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { DAMAGES_MAX, START_CHECK_BLOCKS } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'
import type { ChainTip } from './chain.js'
import { transactionIds } from './prune-blocks.js'

/** What is wrong with stored history, a sentence each; at most `DAMAGES_MAX`. */
export type Damages = readonly string[]

/** Throws `store_corrupt` unless the newest blocks are there, whole, and lead to the tip. */
export async function checkNewestBlocks(store: LedgerStore, tip: ChainTip): Promise<void> {
  const first = await store.firstHeight()
  const from = Math.max(first, tip.header.height - START_CHECK_BLOCKS + 1)
  const [damage] = await damagedBlocks(store, tip, from, async () => [])
  if (damage !== undefined) throw new LedgerFault('store_corrupt', damage)
}

/**
 * Looks at every block from the horizon to the tip: it is what was written, holds the transactions
 * of its header, names the block before as its parent, and the index knows each of its transactions
 * and no others. `onProgress` hears each height.
 */
export async function verifyHistory(
  store: LedgerStore,
  tip: ChainTip,
  onProgress: (height: number) => void,
): Promise<Damages> {
  let indexed = 0
  const damages = await damagedBlocks(store, tip, await store.firstHeight(), async (block) => {
    onProgress(block.height)
    const ids = transactionIds(tip.header.chainId, block.bytes)
    indexed += ids.length
    const positions = await Promise.all(ids.map((id) => store.position(id)))
    return ids
      .filter((_, position) => {
        const found = positions[position]
        return found?.height !== block.height || found.position !== position
      })
      .map((id) => `the index does not find transaction ${id} in block ${block.height}`)
  })
  const known = await store.transactionCount()
  if (damages.length > 0 || known === indexed) return damages
  return [`the index knows ${known} transactions, the blocks hold ${indexed}`]
}

/** `look` finds what else is wrong with a block that is whole. */
async function damagedBlocks(
  store: LedgerStore,
  tip: ChainTip,
  from: number,
  look: (block: { readonly height: number; readonly bytes: Uint8Array }) => Promise<Damages>,
): Promise<Damages> {
  const damages: string[] = []
  /** Of the block before; absent when that is not here or damaged. */
  let parent: string | undefined
  for (let height = from; height <= tip.header.height; height++) {
    const found = await readBlock(store, height)
    if (typeof found === 'string') {
      damages.push(found)
      parent = undefined
    } else {
      const { block, bytes } = found
      damages.push(...brokenLinks(height, block, parent), ...(await look({ height, bytes })))
      parent = blockId(block.header)
    }
    if (damages.length >= DAMAGES_MAX) break
  }
  if (parent !== undefined && parent !== tip.id && damages.length === 0) {
    damages.push(`the blocks lead to ${parent}, the tip is ${tip.id}`)
  }
  return damages.slice(0, DAMAGES_MAX)
}

async function readBlock(
  store: LedgerStore,
  height: number,
): Promise<string | { readonly block: Block; readonly bytes: Uint8Array }> {
  try {
    const stored = await store.block(height)
    if (stored === undefined) return `block ${height} is missing`
    const block = decode(blockCodec, stored.bytes)
    if (isRejection(block)) return `block ${height} is malformed: ${block.detail}`
    return { block: block as Block, bytes: stored.bytes }
  } catch (error) {
    if (error instanceof LedgerFault && error.code === 'store_corrupt') return error.message
    throw error
  }
}

function brokenLinks(
  height: number,
  { header, transactions }: Block,
  parent: string | undefined,
): Damages {
  return [
    ...(header.height === height ? [] : [`block ${header.height} lies at height ${height}`]),
    ...(parent === undefined || header.parent === parent
      ? []
      : [`block ${height} follows another block than ${height - 1}`]),
    ...(holdsTransactions(header, transactions)
      ? []
      : [`block ${height} holds other transactions than its header says`]),
  ]
}
