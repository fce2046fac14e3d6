import { printFacts, showProgress } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import { exportSnapshot } from '../history/export-snapshot.js'
import { blockFacts, importLedger } from '../import-ledger.js'
import { withLedgerStore } from '../with-ledger-store.js'
import { progressOf } from './progress.js'

/** `ledger snapshot export`. */
export function exportLedgerSnapshot(options: {
  readonly data: string
  readonly out: string
  readonly json?: true
}): Promise<void> {
  const { data, out, json } = options
  return withLedgerStore(data, async (store, genesis) => {
    const { tip, entries, facts } = await showProgress('snapshot export', () =>
      exportSnapshot(store, genesis, out),
    )
    const block = blockFacts(tip.header)
    const text = `height   ${block.height}\nentries  ${entries}\nbytes    ${facts.bytes}\nsha256   ${facts.sha256}`
    printFacts(json, { ...block, entries, ...facts }, text)
  })
}

/** `ledger snapshot import`. */
export async function importLedgerSnapshot(options: {
  readonly file: string
  readonly data: string
  readonly chainId?: ChainId
  readonly json?: true
}): Promise<void> {
  const { file, data, chainId, json } = options
  const onProgress = progressOf('snapshot import')
  const facts = blockFacts(await importLedger({ file, dataDir: data, chainId, onProgress }))
  const text = `chain       ${facts.chain_id}\nheight      ${facts.height}\nstate root  ${facts.state_root}`
  printFacts(json, facts, text)
}
