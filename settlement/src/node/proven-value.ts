import type { SparseProof } from '@tallystick/protocol'
import type { ChainTip } from './chain.js'

/** An entry of the state at the tip with what proves it; no value: it is proved that there is none. */
export type ProvenValue = {
  readonly tip: ChainTip
  readonly value: Uint8Array | undefined
  readonly proof: SparseProof
}
