import {
  type ChannelNumber,
  TIMESTAMP_MAX,
  type Transaction,
  timestamp,
} from '@tallystick/protocol'

/**
 * The finalize of a channel: no inputs, no signature, no fee, because the force close paid for it.
 * Everybody builds the same bytes, so it does not matter how many send it.
 */
export function finalizeTransaction(channel: ChannelNumber, part: number): Transaction {
  return {
    body: {
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
      inputs: [],
      operations: [{ kind: 'finalize', channel, part }],
      outputs: [],
      reveals: [],
      memo: new Uint8Array(),
    },
    witnesses: [],
    signers: [],
  }
}
