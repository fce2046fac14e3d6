import { amountCodec, type Decoded, flag, struct, timestampCodec, union } from '../codec/codec.js'
import { type Channel, channelTotal, isClosing, withSide } from '../ledger/channel.js'
import type { ChainId } from '../ledger/identifiers.js'
import type { Operation } from '../ledger/operation.js'
import { amount } from '../primitives/amount.js'
import { isRejection, type Rejection } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { challenge } from './challenge.js'
import { forceClose } from './dispute.js'
import { type RevealLookup, settlementBounds } from './settlement.js'
import { roleCodec } from './side.js'

/** How a channel ended, and what it paid; base units. Fees out of the channel are in neither payout. */
export const channelEndCodec = union({
  /** By agreement, in a batch (CH-12). */
  agreed: [0, struct({ time: timestampCodec, client: amountCodec, hub: amountCodec })],
  /** By a force close; client, hub and bounty are all that was paid (DSP-6). */
  disputed: [
    1,
    struct({
      /** Ledger time of the last finalize. */
      time: timestampCodec,
      by: roleCodec,
      unsure: flag,
      /** Whether a challenge has shown that the closing side signed two histories. */
      penalized: flag,
      client: amountCodec,
      hub: amountCodec,
      /** What the closing side lost by that; the bounty is a part of it. */
      penalty: amountCodec,
      /** Paid to a guard of the other side. */
      bounty: amountCodec,
    }),
  ],
})
export type ChannelEnd = Decoded<typeof channelEndCodec>

/** An operation that the ledger has applied, and when. */
export type AppliedOperation = { readonly operation: Operation; readonly time: Timestamp }

/**
 * How a channel ended, from the operations on it that the ledger has applied since `channel`, in
 * order; `undefined` when they do not lead to its end. The ledger has checked them: what would be
 * refused here was left out or invented by whoever listed them. `revealedBy` answers as of now.
 */
export function channelEndOf(
  chainId: ChainId,
  channel: Channel,
  applied: readonly AppliedOperation[],
  revealedBy: RevealLookup,
): ChannelEnd | undefined {
  let current = channel
  for (const { operation, time } of applied.slice(0, -1)) {
    const next = afterOperation(chainId, current, operation, time)
    if (next === undefined) return undefined
    current = next
  }
  const last = applied.at(-1)
  if (last === undefined) return undefined
  const { operation, time } = last
  if (operation.kind === 'close') {
    const close = operation.closes.find((one) => one.channel === channel.number)
    const total = channelTotal(current)
    if (close === undefined || close.clientPayout > total) return undefined
    const { clientPayout: client } = close
    return { kind: 'agreed', time, client, hub: amount(total - client) }
  }
  return operation.kind === 'finalize' ? disputedEnd(current, revealedBy, time) : undefined
}

/** What a closing channel has paid, once its last finalize was applied at `time`. */
export function disputedEnd(
  channel: Channel,
  revealedBy: RevealLookup,
  time: Timestamp,
): ChannelEnd | undefined {
  if (!isClosing(channel)) return undefined
  const { by, unsure, penalized } = channel.status
  const { client, hub, penalty, bounty } = settlementBounds(channel, revealedBy, time)
  return {
    ...{ kind: 'disputed', time, by, unsure, penalized },
    ...{ client: amount(client.least), hub: amount(hub.least) },
    ...{ penalty: amount(penalty.least), bounty: amount(bounty.least) },
  }
}

/** The channel after an operation that did not end it; `undefined`: it cannot have been applied. */
function afterOperation(
  chainId: ChainId,
  channel: Channel,
  operation: Operation,
  time: Timestamp,
): Channel | undefined {
  switch (operation.kind) {
    case 'deposit': {
      const side = channel[operation.role]
      const deposited = amount(side.deposited + operation.amount)
      return withSide(channel, operation.role, { ...side, deposited })
    }
    case 'withdraw': {
      const made = operation.withdrawals.find((one) => one.channel === channel.number)
      if (made === undefined) return undefined
      return withSide(channel, made.role, { ...channel[made.role], withdrawn: made.withdrawn })
    }
    case 'payFee': {
      const side = channel[operation.role]
      const feesPaid = amount(side.feesPaid + operation.amount)
      return withSide(channel, operation.role, { ...side, feesPaid })
    }
    case 'forceClose':
      return unlessRefused(forceClose(chainId, channel, operation, time))
    case 'challenge':
      return unlessRefused(challenge(chainId, channel, operation, time))
    case 'finalize': // What the parts before the last have paid, the last counts in.
      return channel
    case 'open':
    case 'close':
    case 'issue':
    case 'reissue':
    case 'changeParameters':
      return undefined
  }
}

function unlessRefused<C extends Channel>(outcome: C | Rejection): C | undefined {
  return isRejection(outcome) ? undefined : (outcome as C)
}
