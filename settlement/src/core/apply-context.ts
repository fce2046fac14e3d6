import type { ChainId, Parameters, Timestamp } from '@tallystick/protocol'
import type { LedgerView } from './ledger-view.js'
import { parametersInForce } from './parameters-in-force.js'

/** Where and when a block stands. */
export type BlockPlace = {
  readonly chainId: ChainId
  readonly time: Timestamp
  readonly height: number
}

/** What its transactions are applied under. */
export type ApplyContext = BlockPlace & { readonly parameters: Parameters }

/** The context of the block at `place`; `view` is the state after the block before it. */
export function applyContext(view: LedgerView, place: BlockPlace): ApplyContext {
  return { ...place, parameters: parametersInForce(view, place.height) }
}
