import { EXIT, printFacts } from '@tallystick/daemon'
import type { Genesis } from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'
import { dataFolder } from '../data-folder.js'
import { LedgerFault } from '../ledger-fault.js'
import type { Chain } from '../node/chain.js'
import { checkTipMark, storedTip } from '../node/check-tip-mark.js'
import type { Damages } from '../node/damages.js'
import { restoreChain } from '../node/restore-chain.js'
import { verifyHistory } from '../node/verify-history.js'
import { verifyOwners } from '../node/verify-owners.js'
import type { LedgerStore } from '../store/ledger-store.js'
import { readTipMark } from '../store/tip-mark.js'
import { withLedgerStore } from '../with-ledger-store.js'
import { progressOf } from './progress.js'
import { verifyArchiveAt } from './verify-archive.js'

/** `ledger verify`: prints what is damaged, and ends with 1 if anything is. */
export async function verifyLedger(options: {
  readonly data?: string
  readonly archive?: string
  readonly json?: true
}): Promise<void> {
  const { data, archive, json } = options
  if (archive !== undefined) return verifyArchiveAt(archive, json)
  if (data !== undefined) return verifyFolder(data, json)
  throw new InvalidArgumentError('--data or --archive is due: what is to be looked at')
}

function verifyFolder(data: string, json: true | undefined): Promise<void> {
  return withLedgerStore(data, async (store, genesis) => {
    const tell = progressOf('verify')
    tell('the file')
    const fileDamage = await store.fileDamage()
    const found = await restoreChain(store, genesis).catch(damageOf)
    const damages: Damages = [
      ...fileDamage,
      ...('state' in found ? await verifyAll(store, found, tell) : found),
      ...(await markDamages(data, store, genesis)),
    ]
    const facts = { ...(await rangeOf(store)), damages }
    const verdict = damages.length === 0 ? 'whole' : `${damages.length} damages:`
    const text = [`blocks ${facts.first_block} to ${facts.height}: ${verdict}`, ...damages]
    printFacts(json, facts, text.join('\n'))
    if (damages.length > 0) process.exitCode = EXIT.failed
  })
}

async function verifyAll(
  store: LedgerStore,
  chain: Chain,
  tell: (what: string) => void,
): Promise<Damages> {
  const unlisted = await verifyOwners(store)
  const history = await verifyHistory(store, chain, (height) => {
    tell(`block ${height} of ${chain.tip.header.height}`)
  })
  return [...unlisted, ...history]
}

/** A mark that protects nothing, or that the store has fallen behind. */
async function markDamages(data: string, store: LedgerStore, genesis: Genesis): Promise<Damages> {
  try {
    const mark = await readTipMark(dataFolder(data).tipMark)
    await checkTipMark(store, genesis, mark, await storedTip(store, genesis))
    return []
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error
    switch (error.code) {
      case 'tip_mark_unusable':
      case 'store_rolled_back':
        return [error.message]
      case 'store_corrupt':
        // The tip or the marked block is damaged, and was named for that.
        return []
      default:
        throw error
    }
  }
}

async function rangeOf(store: LedgerStore) {
  const tip = await store.tip().catch(damageOf)
  const height = tip !== undefined && 'height' in tip ? tip.height : 0
  return { first_block: await store.firstHeight(), height }
}

/** A state or a tip that cannot be used is one of the damages; other faults are none. */
function damageOf(error: unknown): Damages {
  if (error instanceof LedgerFault && error.code === 'store_corrupt') return [error.message]
  throw error
}
