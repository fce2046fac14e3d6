import { type Decoded, integer, list, refine, struct } from '../codec/codec.js'
import { ascends, compareText } from '../primitives/order.js'
import { publicKeyCodec } from './identifiers.js'
import { VALIDATORS_MAX } from './limits.js'

/** The version of the rules that this code implements; headers carry it. */
export const PROTOCOL_VERSION = 1

/** What the ledger's rules can be tuned by; an entry of the state, so that proofs cover it. */
export const parametersCodec = struct({
  protocolVersion: integer(2 ** 16 - 1, 1),
  /** Whose signatures make a header final. */
  validators: refine(
    list(publicKeyCodec, VALIDATORS_MAX, 1),
    (keys) => ascends(keys, compareText),
    'the validators ascend and differ',
  ),
  /** Signatures that a certificate needs. */
  quorum: integer(VALIDATORS_MAX, 1),
  /** Seconds by which ledger time may rise from one block to the next (TIME-3). */
  timeStepSecondsMax: integer(2 ** 32 - 1, 1),
  /** Dispute windows that channels may agree on, unsure ones included, seconds of ledger time. */
  disputeWindowSecondsMin: integer(2 ** 32 - 1),
  disputeWindowSecondsMax: integer(2 ** 32 - 1),
})
export type Parameters = Decoded<typeof parametersCodec>
