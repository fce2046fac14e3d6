import { bountyCodec } from '../channel/appointment.js'
import { laneStateCodec } from '../channel/lane-state.js'
import { type Role, roleCodec } from '../channel/side.js'
import { channelTermsCodec } from '../channel/terms.js'
import {
  amountCodec,
  type Decoded,
  fixedBytes,
  flag,
  integer,
  optional,
  struct,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { type Amount, ZERO } from '../primitives/amount.js'
import { assetIdCodec } from './asset.js'
import { channelIdCodec, lockRootCodec, publicKeyCodec, resumeNonceCodec } from './identifiers.js'
import { COUNTER_MAX } from './limits.js'

/** Position of a channel in the order of openings: its short name inside transactions. */
export type ChannelNumber = number
export const channelNumberCodec = integer(COUNTER_MAX)

/** What the ledger keeps of one party of a channel. */
export const channelSideCodec = struct({
  /** Signs this side's balance proofs and its operations on the ledger. */
  key: publicKeyCodec,
  deposited: amountCodec,
  /** Paid out to this side while the channel was in use, cumulative; only ever rises (OP-11). */
  withdrawn: amountCodec,
  /** Fees of this side's own operations that came out of the channel; at most `exitReserve`. */
  feesPaid: amountCodec,
  /** Where this side is paid when the channel ends. */
  payoutLock: lockRootCodec,
})
export type ChannelSide = Decoded<typeof channelSideCodec>

/** A lane state without its items, which the digest of its balance proof stands for. */
export const laneHeadCodec = struct({
  epoch: integer(COUNTER_MAX),
  resumeNonce: optional(resumeNonceCodec),
  version: integer(COUNTER_MAX),
  acked: integer(COUNTER_MAX),
  transferred: amountCodec,
  /** Digest of the balance proof that states it: tells another content of the same version. */
  digest: fixedBytes(32),
})
export type LaneHead = Decoded<typeof laneHeadCodec>

/** A lane that a guard has shown for its owner, and what it was promised for that (DSP-11). */
export const guardedLaneCodec = struct({ lane: laneStateCodec, bounty: bountyCodec })
export type GuardedLane = Decoded<typeof guardedLaneCodec>

/** A dispute in constant storage (DSP-1): two states per lane at most, whatever was shown. */
export const closingCodec = struct({
  by: roleCodec,
  /** Last ledger second in which a challenge counts; never moves. */
  deadline: timestampCodec,
  /** Whether the closing side did not vouch for its own lane being its newest (DSP-9). */
  unsure: flag,
  /** What the closing side asserted of its own lane. Challenges are judged against it for ever. */
  asserted: laneHeadCodec,
  /** The resume that it showed of its own lane: proofs given up by it count no more (DSP-10). */
  resume: optional(
    struct({ epoch: integer(COUNTER_MAX, 1), nonce: resumeNonceCodec, base: fixedBytes(32) }),
  ),
  /** The other side's proof that was chosen. Challenges are judged against it for ever as well. */
  chosen: laneHeadCodec,
  /** Whether `closerLane` is a challenge's proof rather than the asserted one. */
  challenged: flag,
  /** Whether `otherLane` is the challenger's word rather than the chosen proof. */
  replaced: flag,
  /** Whether a challenge has shown that the closing side signed two histories. */
  penalized: flag,
  /** The lanes that will be settled. */
  closerLane: laneStateCodec,
  otherLane: laneStateCodec,
  /**
   * The best that guards have shown of each lane: it counts where it pays their owner more than the
   * lane above.
   */
  guardCloserLane: optional(guardedLaneCodec),
  guardOtherLane: optional(guardedLaneCodec),
  /** Paid out by finalizes so far, and how many there were. */
  paidClient: amountCodec,
  paidHub: amountCodec,
  finalizes: integer(COUNTER_MAX),
})
export type Closing = Decoded<typeof closingCodec>

/** A channel as it stands in the state (CH-1). */
export const channelCodec = struct({
  number: channelNumberCodec,
  id: channelIdCodec,
  asset: assetIdCodec,
  client: channelSideCodec,
  hub: channelSideCodec,
  terms: channelTermsCodec,
  openedTime: timestampCodec,
  status: union({ open: [0, struct({})], closing: [1, closingCodec] }),
})
export type Channel = Decoded<typeof channelCodec>

/** A channel whose dispute window was started. */
export type ClosingChannel = Channel & { readonly status: { readonly kind: 'closing' } & Closing }

/** Whether a force close has been applied to the channel. */
export function isClosing(channel: Channel): channel is ClosingChannel {
  return channel.status.kind === 'closing'
}

/** What the channel holds for both sides together before any finalize, base units. */
export function channelTotal({ client, hub }: Channel): bigint {
  return sideStake(client) + sideStake(hub)
}

/**
 * What a side has put in less what it has taken out, base units. Negative where it has withdrawn
 * what the other side had paid it.
 */
export function sideStake({ deposited, withdrawn, feesPaid }: ChannelSide): bigint {
  return deposited - withdrawn - feesPaid
}

/** The channel that an `open` operation makes (OP-1), given what the ledger names it. */
export function openedChannel(
  { asset, client, hub, terms }: OpenedAs,
  { number, id, openedTime }: Pick<Channel, 'number' | 'id' | 'openedTime'>,
): Channel {
  const side = ({ key, deposit, payoutLock }: OpenedAs['client']) => ({
    key,
    deposited: deposit,
    withdrawn: ZERO,
    feesPaid: ZERO,
    payoutLock,
  })
  const sides = { client: side(client), hub: side(hub) }
  return { number, id, asset, ...sides, terms, openedTime, status: { kind: 'open' } }
}

/** What an opening states of a channel. */
type OpenedAs = Pick<Channel, 'asset' | 'terms'> &
  Readonly<Record<Role, Pick<ChannelSide, 'key' | 'payoutLock'> & { readonly deposit: Amount }>>

/** `channel` with one side replaced. */
export function withSide<C extends Channel>(channel: C, role: Role, side: ChannelSide): C {
  return { ...channel, [role]: side }
}
