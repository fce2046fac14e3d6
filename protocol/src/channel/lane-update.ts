import { type Decoded, integer, list, struct } from '../codec/codec.js'
import { channelIdCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { changeCodec } from './change.js'
import { evidenceCodec } from './evidence.js'
import { CHANGES_MAX } from './limits.js'

/**
 * A payer's next proof as it travels (CH-8): what changed and the signature. The receiver computes
 * the proof from the lane that it holds, so a difference of opinion shows as a wrong signature.
 */
export const laneUpdateCodec = struct({
  channel: channelIdCodec,
  epoch: integer(COUNTER_MAX),
  version: integer(COUNTER_MAX, 1),
  acked: integer(COUNTER_MAX),
  changes: list(changeCodec, CHANGES_MAX),
  evidence: evidenceCodec,
})
export type LaneUpdate = Decoded<typeof laneUpdateCodec>
