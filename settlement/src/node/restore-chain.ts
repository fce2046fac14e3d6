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
  toHex,
} from '@tallystick/protocol'
import { WorkerPool } from '@tallystick/protocol/workers'
import { genesisHeader, genesisWrites } from '../core/genesis-state.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { LedgerFault } from '../ledger-fault.js'
import { LOAD_ROWS } from '../limits.js'
import { type HashedEntries, hashEntries } from '../state/hash-entries.js'
import { LedgerState } from '../state/ledger-state.js'
import { stateChanges } from '../state/state-changes.js'
import { entryRows } from '../store/entry-row.js'
import type { EntryBatch, LedgerStore } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'
import { checkHandovers } from './stored-handovers.js'

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
    await store.begin(chainId, entryRows(writes, stateChanges(writes)).put)
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
  await checkHandovers(store, genesis, parametersInForce(state, tip.header.height + 1).revision)
  return { state, tip }
}

/** The header of height 0. */
export function genesisTip(genesis: Genesis): BlockHeader {
  const state = new LedgerState()
  state.restore(stateChanges(genesisWrites(genesis)))
  return genesisHeader(genesis, state.root)
}

async function restoreState(store: LedgerStore): Promise<LedgerState> {
  const state = new LedgerState()
  const entries = await store.entryCount()
  state.reserve(entries)
  // Threads take longer to start than a small state to hash.
  const workers =
    entries > LOAD_ROWS ? new WorkerPool<EntryBatch, HashedEntries>(WORKER) : undefined
  try {
    const hash = async (batch: EntryBatch) => workers?.ask(batch) ?? hashEntries(batch)
    const underway: { readonly batch: EntryBatch; readonly hashed: Promise<HashedEntries> }[] = []
    const takeOldest = async () => {
      const oldest = underway.shift()
      if (oldest !== undefined) restoreBatch(state, oldest.batch, await oldest.hashed)
    }
    for await (const batch of store.entries()) {
      underway.push({ batch, hashed: hash(batch) })
      if (underway.length > BATCHES_UNDERWAY) await takeOldest()
    }
    while (underway.length > 0) await takeOldest()
  } finally {
    await workers?.stop()
  }
  return state
}

const WORKER = new URL('../workers/entry-worker.js', import.meta.url)
/** Batches that are being hashed while the one before them is taken in; about 3 MB each. */
const BATCHES_UNDERWAY = 4

function restoreBatch(state: LedgerState, batch: EntryBatch, hashed: HashedEntries): void {
  if (hashed.kind === 'damaged') throw corrupt(hashed.detail)
  const { count, keys, kinds, values, valueLengths } = batch
  const valueEnds = new Uint32Array(count)
  let end = 0
  for (const [position, length] of valueLengths.entries()) {
    end += length
    valueEnds[position] = end
  }
  const { leafHashes } = hashed
  state.restore({
    count,
    keys,
    leafHashes,
    removals: new Uint8Array(count),
    kinds,
    values,
    valueEnds,
  })
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
