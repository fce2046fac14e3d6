import { existsSync } from 'node:fs'
import { chainIdOf, type Genesis } from '@tallystick/protocol'
import { dataFolder } from './data-folder.js'
import { Upstream } from './follow/upstream.js'
import { readGenesisFile } from './genesis-file.js'
import { LedgerFault } from './ledger-fault.js'
import { checkTipMark, shownGenesis, storedTip } from './node/check-tip-mark.js'
import { restoreChain } from './node/restore-chain.js'
import { checkNewestBlocks } from './node/verify-history.js'
import { checkFolderBegins, markWithoutStore } from './open-node-folder.js'
import type { LedgerStore } from './store/ledger-store.js'
import { readTipMark, type TipMarkRecord, writeTipMark } from './store/tip-mark.js'
import { withLedgerStore } from './with-ledger-store.js'

/** What an operator knows of the blocks that were ever shown. */
export type TipWitness = {
  /** The highest block that anybody was shown; 0: none was. */
  readonly atLeast: number | undefined
  /** Addresses of nodes that followed until the end: what they show has to be here. */
  readonly seenAt: readonly string[]
}

/**
 * Takes an operator's word that a folder's newest block is the newest that was ever shown, so that a
 * node, and a validator whose key is there, may go on from it. The store is checked as at a start,
 * and has to hold what the witnesses name and what a mark that can be read does. Throws
 * `store_rolled_back` where it does not, `store_missing`, and what a start throws.
 */
export async function acceptTip(dataDir: string, witness: TipWitness): Promise<TipMarkRecord> {
  const paths = dataFolder(dataDir)
  const part = existsSync(paths.validatorKey) ? 'validator' : 'follower'
  const accepted = existsSync(paths.ledger)
    ? await withLedgerStore(dataDir, (store, genesis) => {
        return checkedTip(store, genesis, witness, paths.tipMark)
      })
    : await unbegunTip(dataDir, witness)
  const mark = { ...accepted, part } as const
  await writeTipMark(paths.tipMark, mark)
  return mark
}

async function checkedTip(
  store: LedgerStore,
  genesis: Genesis,
  { atLeast = 0, seenAt }: TipWitness,
  markPath: string,
) {
  const chain = await restoreChain(store, genesis)
  await checkNewestBlocks(store, chain.tip)
  const tip = await storedTip(store, genesis)
  const mark = await readTipMark(markPath).catch(unlessUnusable)
  if (mark !== undefined) await checkTipMark(store, genesis, mark, tip)
  requireHeight(tip.height, atLeast, 'was shown')
  for (const url of seenAt) {
    const { blockId, ...seen } = await seenTip(url, genesis)
    requireHeight(tip.height, seen.height, `is at ${url}`)
    await checkTipMark(store, genesis, { ...seen, id: blockId }, tip)
  }
  return tip
}

/** Of a folder whose node never ran, and whose key never signed a block elsewhere. */
async function unbegunTip(dataDir: string, { atLeast = 0, seenAt }: TipWitness) {
  const paths = dataFolder(dataDir)
  const genesis = await readGenesisFile(paths.genesis)
  checkFolderBegins(dataDir, await markWithoutStore(dataDir))
  requireHeight(0, atLeast, 'was shown')
  for (const url of seenAt) requireHeight(0, (await seenTip(url, genesis)).height, `is at ${url}`)
  return shownGenesis(genesis)
}

async function seenTip(url: string, genesis: Genesis) {
  const seen = await new Upstream(url).status()
  if (seen.chainId === chainIdOf(genesis)) return seen
  const detail = `${url} is of chain ${seen.chainId}, not ${chainIdOf(genesis)}`
  throw new LedgerFault('store_of_another_chain', detail)
}

function requireHeight(tip: number, due: number, why: string): void {
  if (tip >= due) return
  const detail = `block ${due} ${why}, the store ends with ${tip}: fill a folder up to there first`
  throw new LedgerFault('store_rolled_back', detail)
}

/** A mark that says nothing is what the operator's word is for. */
function unlessUnusable(error: unknown): undefined {
  if (error instanceof LedgerFault && error.code === 'tip_mark_unusable') return undefined
  throw error
}
