import {
  type Block,
  type BlockHeader,
  blockCodec,
  blockId,
  chainIdOf,
  checkCertificate,
  decode,
  equalBytes,
  type Genesis,
  holdsTransactions,
  isRejection,
  STATE_ENTRIES,
  stateValueHash,
  TAG,
  taggedHash,
  toHex,
} from '@tallystick/protocol'
import { genesisHeader, genesisWrites } from '../core/genesis-state.js'
import { LedgerFault } from '../ledger-fault.js'
import { LedgerState } from '../state/ledger-state.js'
import { stateChange } from '../state/state-change.js'
import { entryRows } from '../store/entry-row.js'
import type { LedgerStore, StoredEntry } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'

/**
 * The chain as it lies in `store`; an empty store begins with the genesis. Nothing is believed: the
 * entries must hash to the root that the newest header names, and the validators must have signed
 * that header. Throws `store_of_another_chain` and `store_corrupt`.
 */
export async function restoreChain(store: LedgerStore, genesis: Genesis): Promise<Chain> {
  const chainId = chainIdOf(genesis)
  const stored = await store.chainId()
  if (stored === undefined) {
    const writes = genesisWrites(genesis)
    await store.begin(
      chainId,
      entryRows(
        writes,
        writes.map((write) => stateChange(write)),
      ).put,
    )
  } else if (stored !== chainId) {
    const detail = `the store holds chain ${stored}, the genesis is of ${chainId}`
    throw new LedgerFault('store_of_another_chain', detail)
  }
  const state = await restoreState(store)
  const tip = await restoreTip(store, genesis, state)
  const [root, due] = [state.root, tip.header.stateRoot]
  if (!equalBytes(root, due)) {
    throw corrupt(
      `the entries hash to ${toHex(root)}, block ${tip.header.height} says ${toHex(due)}`,
    )
  }
  return { state, tip }
}

/** The header of height 0. */
export function genesisTip(genesis: Genesis): BlockHeader {
  const state = new LedgerState()
  state.restore(genesisWrites(genesis).map((write) => stateChange(write)))
  return genesisHeader(genesis, state.root)
}

async function restoreState(store: LedgerStore) {
  const state = new LedgerState()
  state.reserve(await store.entryCount())
  for await (const entries of store.entries()) {
    state.restore(
      entries.map((entry) => {
        checkEntry(entry)
        const { kind, key, value } = entry
        return { kind, key, value, valueHash: stateValueHash(kind, value) }
      }),
    )
  }
  return state
}

/**
 * The root covers place and value, so a value that hashes to it is one that we encoded; that the
 * entry's own key, which lists are answered from, belongs there is checked here (STATE-3).
 */
function checkEntry({ key, kind, entryKey }: StoredEntry): void {
  const due = taggedHash(TAG.stateKey, Uint8Array.of(STATE_ENTRIES[kind].byte), entryKey)
  if (!equalBytes(due, key)) throw corrupt(`entry ${toHex(key)} is no ${kind}`)
}

async function restoreTip(
  store: LedgerStore,
  genesis: Genesis,
  state: LedgerState,
): Promise<ChainTip> {
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
