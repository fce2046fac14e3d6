import {
  type Block,
  type BlockHeader,
  blockCodec,
  blockId,
  chainIdOf,
  checkCertificate,
  decode,
  EMPTY_TREE,
  type EntryKind,
  equalBytes,
  type Genesis,
  holdsTransactions,
  isRejection,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
  stateValueHash,
  toHex,
  treeRoot,
} from '@tallystick/protocol'
import { genesisHeader, genesisWrites } from '../core/genesis-state.js'
import { advanceTree, treeOf } from '../core/state-root.js'
import { LedgerFault } from '../ledger-fault.js'
import { entryRows } from '../store/entry-row.js'
import type { LedgerStore, StoredEntry } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'
import { LedgerState } from './ledger-state.js'

/**
 * The chain as it lies in `store`; an empty store begins with the genesis. Nothing is believed: the
 * entries must hash to the root that the newest header names, and the validators must have signed
 * that header. Throws `store_of_another_chain` and `store_corrupt`.
 */
export async function restoreChain(store: LedgerStore, genesis: Genesis): Promise<Chain> {
  const chainId = chainIdOf(genesis)
  const stored = await store.chainId()
  if (stored === undefined) {
    await store.begin(chainId, entryRows(genesisWrites(genesis)).put)
  } else if (stored !== chainId) {
    const detail = `the store holds chain ${stored}, the genesis is of ${chainId}`
    throw new LedgerFault('store_of_another_chain', detail)
  }
  const { state, tree } = await restoreState(store)
  const tip = await restoreTip(store, genesis, state)
  const [root, due] = [treeRoot(tree), tip.header.stateRoot]
  if (!equalBytes(root, due)) {
    throw corrupt(
      `the entries hash to ${toHex(root)}, block ${tip.header.height} says ${toHex(due)}`,
    )
  }
  return { state, tip: { ...tip, tree } }
}

/** The header of height 0. */
export function genesisTip(genesis: Genesis): BlockHeader {
  const root = treeRoot(advanceTree(EMPTY_TREE, genesisWrites(genesis)))
  return genesisHeader(genesis, root)
}

async function restoreState(store: LedgerStore) {
  const state = new LedgerState()
  const leaves: { readonly key: Uint8Array; readonly valueHash: Uint8Array }[] = []
  for await (const entries of store.entries()) {
    for (const entry of entries) {
      state.restore(entry.key, checkedValue(entry))
      leaves.push({ key: entry.key, valueHash: stateValueHash(entry.kind, entry.value) })
    }
  }
  return { state, tree: treeOf(leaves) }
}

/** The root covers place and value; that the entry's own key belongs there is checked here. */
function checkedValue({
  key,
  kind,
  entryKey,
  value,
}: StoredEntry): StateEntries[EntryKind]['value'] {
  const description = STATE_ENTRIES[kind]
  const ownKey = decode<StateEntries[EntryKind]['key']>(description.key, entryKey)
  const decoded = decode<StateEntries[EntryKind]['value']>(description.value, value)
  const sound =
    !isRejection(ownKey) &&
    !isRejection(decoded) &&
    equalBytes(stateKey(kind, ownKey as StateEntries[typeof kind]['key']), key)
  if (!sound) throw corrupt(`entry ${toHex(key)} is no ${kind}`)
  return decoded as StateEntries[EntryKind]['value']
}

async function restoreTip(
  store: LedgerStore,
  genesis: Genesis,
  state: LedgerState,
): Promise<Omit<ChainTip, 'tree'>> {
  const stored = await store.tip()
  if (stored === undefined) {
    const header = genesisTip(genesis)
    return { header, id: blockId(header), certificate: undefined }
  }
  const block = decode(blockCodec, stored.bytes)
  if (isRejection(block)) throw corrupt(`block ${stored.height} is malformed`)
  const { header, certificate, transactions } = block as Block
  const parameters = state.read('parameters', {})
  if (header.height !== stored.height || header.chainId !== chainIdOf(genesis)) {
    throw corrupt(`the block stored at height ${stored.height} belongs elsewhere`)
  }
  if (parameters === undefined) throw corrupt('the state has no parameters')
  const uncertified = checkCertificate(header, certificate, parameters)
  if (uncertified !== undefined) throw corrupt(uncertified.detail)
  if (!holdsTransactions(header, transactions)) {
    throw corrupt(`block ${stored.height} holds other transactions than its header says`)
  }
  return { header, id: blockId(header), certificate }
}

function corrupt(detail: string): LedgerFault {
  return new LedgerFault('store_corrupt', detail)
}
