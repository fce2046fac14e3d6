import { printFacts, showProgress } from '@tallystick/daemon'
import { pruneBlocks } from '../node/prune-blocks.js'
import { withLedgerStore } from '../with-ledger-store.js'
import { progressOf } from './progress.js'

/** `ledger prune`. */
export function pruneLedger(options: {
  readonly data: string
  readonly keepBlocks: number
  readonly json?: true
}): Promise<void> {
  const { data, keepBlocks, json } = options
  return withLedgerStore(data, async (store) => {
    const tell = progressOf('prune')
    const before = await store.firstHeight()
    const height = (await store.tip())?.height ?? 0
    const first = Math.max(before, height - keepBlocks + 1)
    await pruneBlocks(store, first, (removed) => {
      tell(`${removed} of ${first - before} blocks`)
    })
    await showProgress('prune: giving the space back', () => store.compact())
    const facts = { height, first_block: first, removed_blocks: first - before }
    printFacts(json, facts, `blocks ${first} to ${height} are kept, ${first - before} were removed`)
  })
}
