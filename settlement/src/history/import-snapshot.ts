import {
  type Block,
  blockCodec,
  blockId,
  chainIdOf,
  encode,
  fromHex,
  handoverCodec,
  transactionId,
} from '@tallystick/protocol'
import { storedTransactions } from '../node/stored-transactions.js'
import { LedgerState } from '../state/ledger-state.js'
import { entryUses } from '../store/entry-use.js'
import type { BlockRow, LedgerStore } from '../store/ledger-store.js'
import { type Snapshot, verifiedEntries } from './snapshot.js'

/**
 * Puts a snapshot into an empty store, all or nothing, while its entries are checked one by one.
 * Throws `snapshot_refused`, after which the store must not be used any more in this process.
 */
export async function importSnapshot(
  store: LedgerStore,
  snapshot: Snapshot,
  onProgress: (entries: number) => void = () => undefined,
): Promise<void> {
  const { genesis, block } = snapshot
  const state = new LedgerState()
  let entries = 0
  async function* counted() {
    for await (const rows of verifiedEntries(snapshot, state)) {
      yield rows
      entries += rows.length
      onProgress(entries)
    }
  }
  const handovers = snapshot.handovers.map((handover) => ({
    activationHeight: handover.change.activationHeight,
    bytes: encode(handoverCodec, handover),
  }))
  await store.beginAt(chainIdOf(genesis), handovers, counted(), () => blockRow(block, state))
}

/** `state` is the one under the block. */
function blockRow(block: Block, state: LedgerState): BlockRow {
  const { header } = block
  const bytes = encode(blockCodec, block)
  const transactions = storedTransactions(bytes)
  return {
    ...{ height: header.height, id: fromHex(blockId(header)), bytes },
    transactions: transactions.map(({ body }) => transactionId(header.chainId, body)),
    // A handover of this block is one of those before.
    handover: undefined,
    uses: entryUses(transactions, state.read('channelCount', {})?.count ?? 0),
  }
}
