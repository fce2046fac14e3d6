import { createReadStream } from 'node:fs'
import { type BlockHeader, blockId, type ChainId, toHex } from '@tallystick/protocol'
import { importSnapshot } from './history/import-snapshot.js'
import { readRecordFile } from './history/record-file.js'
import { openSnapshot } from './history/snapshot.js'
import { LedgerFault } from './ledger-fault.js'
import { newLedgerFolder } from './new-ledger-folder.js'

/**
 * Makes a data folder from a snapshot file, checked entry by entry against the root that its block
 * certifies. `chainId`: the chain that is meant; absent, the file's word is taken for that.
 */
export async function importLedger(options: {
  readonly file: string
  readonly dataDir: string
  readonly chainId: ChainId | undefined
  readonly onProgress: (what: string) => void
}): Promise<BlockHeader> {
  const { file, dataDir, chainId, onProgress } = options
  const records = readRecordFile(createReadStream(file), file, undefined)
  const snapshot = await openSnapshot(records, file)
  const { genesis, block, entries } = snapshot
  const { header } = block
  if (chainId !== undefined && header.chainId !== chainId) {
    const detail = `${file} is of chain ${header.chainId}, not ${chainId}`
    throw new LedgerFault('store_of_another_chain', detail)
  }
  await newLedgerFolder(dataDir, genesis, async (store) => {
    const stored = await store.tip()
    if ((await store.chainId()) === undefined) {
      await importSnapshot(store, snapshot, (done) => onProgress(`${done} of ${entries} entries`))
    } else if (stored?.height !== header.height || (await store.chainId()) !== header.chainId) {
      // An import that was killed at its very end left all of it, and only the genesis is missing.
      throw new LedgerFault('already_initialized', `${dataDir} holds another ledger already`)
    }
  })
  return header
}

/** What a command says about the block that it ended with. */
export function blockFacts(header: BlockHeader) {
  return {
    chain_id: header.chainId,
    height: header.height,
    block_id: blockId(header),
    state_root: toHex(header.stateRoot),
  }
}
