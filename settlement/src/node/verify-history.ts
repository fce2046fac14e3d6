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
import type { LedgerStore, StoredBlock } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'
import type { Damages } from './damages.js'
import { IndexCheck } from './index-check.js'

/** Throws `store_corrupt` unless the newest blocks are there, whole, and lead to the tip. */
export async function checkNewestBlocks(store: LedgerStore, tip: ChainTip): Promise<void> {
  const first = await store.firstHeight()
  const from = Math.max(first, tip.header.height - START_CHECK_BLOCKS + 1)
  const [damage] = await damagedBlocks(store, tip, from, async () => [])
  if (damage !== undefined) throw new LedgerFault('store_corrupt', damage)
}

/**
 * Looks at every block from the horizon to the tip: it is what was written, holds the transactions
 * of its header, names the block before as its parent, and the index knows each of its transactions,
 * what they used, and no others. `onProgress` hears each height.
 */
export async function verifyHistory(
  store: LedgerStore,
  { state, tip }: Chain,
  onProgress: (height: number) => void,
): Promise<Damages> {
  const index = new IndexCheck(
    store,
    tip.header.chainId,
    state.read('channelCount', {})?.count ?? 0,
  )
  const damages = await damagedBlocks(store, tip, await store.firstHeight(), async (block) => {
    onProgress(block.height)
    return index.look(block)
  })
  return damages.length > 0 ? damages : index.finish()
}

/** `look` finds what else is wrong with a block that is whole. */
async function damagedBlocks(
  store: LedgerStore,
  tip: ChainTip,
  from: number,
  look: (block: StoredBlock) => Promise<Damages>,
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
