import {
  type Anchor,
  amount,
  type ChainId,
  type Channel,
  type ClosingChannel,
  challenge,
  channelTotal,
  type DisputeRejection,
  finalize,
  forceClose,
  isClosing,
  isRejection,
  type LaneState,
  lockedBy,
  type OperationOf,
  otherRole,
  type PayoutBounds,
  paidSoFar,
  penaltyOf,
  type Reveal,
  type RevealLookup,
  type Role,
  settlementBounds,
  type Timestamp,
  withSide,
} from '@tallystick/protocol'

/** The force close that a side has at hand, before it is handed in. */
export type WayOut = {
  readonly operation: OperationOf<'forceClose'>
  /** Links that it makes public along with it. */
  readonly reveals: readonly (Reveal & { readonly anchor: Anchor })[]
  /** What it takes out of the channel, base units. */
  readonly fee: bigint
  /** Whether the side may have signed, or been paid, more than it asserts. */
  readonly mayBeOld: boolean
}

/** An item whose fate decides a part of the payout. */
export type ExitItem = {
  /** Whether this side is paid if its link becomes public in time; else it is paid back if not. */
  readonly incoming: boolean
  /** What depends on it, base units. */
  readonly value: bigint
  /** Last ledger time at which a link counts. */
  readonly expiry: Timestamp
  /** `public`: its link is, or will be with the force close. `expired`: none came in time. */
  readonly fate: 'public' | 'waiting' | 'expired'
}

/** What comes next on the way out of a channel. */
export type ExitStep =
  | {
      /** Not begun: nothing of this was handed in. */
      readonly kind: 'forceClose'
      /** Whether it vouches for nothing: a longer window, and no penalty whatever it shows (DSP-9). */
      readonly unsure: boolean
      readonly fee: bigint
      /** From the block that takes it until others may no more answer, seconds. */
      readonly windowSeconds: number
      /** What the ledger takes at most if a newer state of this side's is shown, base units. */
      readonly penalty: bigint
      readonly mayBeOld: boolean
    }
  | {
      /** Waits until ledger time is above `deadline`. */
      readonly kind: 'window'
      readonly by: Role
      readonly unsure: boolean
      readonly deadline: Timestamp
      readonly penalized: boolean
      /** Whether what was asserted is to be answered first; payouts are those after it. */
      readonly answerDue: boolean
    }
  | { readonly kind: 'finalize'; readonly part: number }
  /** All that is decided is paid; the rest waits for a link or an expiry. */
  | { readonly kind: 'items'; readonly until: Timestamp }

/** What leaving a channel alone brings, and what it still waits for. */
export type ExitPlan = {
  readonly kind: 'plan'
  /** The channel as the ledger proves it. */
  readonly channel: Channel
  readonly role: Role
  readonly step: ExitStep
  /** What this side is paid in the worst and the best case, all finalizes together, base units. */
  readonly payout: PayoutBounds
  /**
   * The same if nothing newer is shown than this side knows. Where that may be, `payout` is all that is
   * possible: what a state says that this side does not know, nobody can tell it.
   */
  readonly known: PayoutBounds
  /** What finalizes have paid it so far. */
  readonly paid: bigint
  /** What this side loses of its share as a penalty, and what it gains of the other's, as it stands. */
  readonly penalty: bigint
  readonly items: readonly ExitItem[]
  /**
   * Ledger time after which nothing is undecided any more, if the force close is in a block by now.
   */
  readonly lastTime: Timestamp
}

export type ExitSight = {
  readonly chainId: ChainId
  readonly now: Timestamp
  /** Answers for the items of every lane that is settled, or would be. */
  readonly revealedBy: RevealLookup
}

/**
 * What the way out of a channel pays, when, and what it waits for (DSP-2, DSP-6, DSP-7), before
 * anything is signed. `answer`: the challenge that this side owes. Refused is what the ledger would
 * refuse of the force close.
 */
export function planExit(
  channel: Channel,
  role: Role,
  { way, answer }: { readonly way: WayOut; readonly answer: OperationOf<'challenge'> | undefined },
  sight: ExitSight,
): ExitPlan | DisputeRejection {
  if (isClosing(channel))
    return planClosing(channel, role, { answer, mayBeOld: way.mayBeOld }, sight)
  const { chainId, now } = sight
  const { operation, fee, mayBeOld } = way
  const { unsure } = operation
  const closing = forceClose(chainId, channel, operation, now)
  if (isRejection(closing)) return closing
  const revealedBy = withReveals(way.reveals, sight)
  const side = closing[role]
  const paying = withSide(closing, role, {
    ...side,
    feesPaid: amount(side.feesPaid + fee),
  })
  const known = settlementBounds(paying, revealedBy, now)[role]
  const { unsureWindowSeconds, disputeWindowSeconds } = channel.terms
  return {
    ...{ kind: 'plan', channel, role, paid: 0n, penalty: 0n },
    step: {
      ...{ kind: 'forceClose', unsure, fee, mayBeOld },
      windowSeconds: unsure ? unsureWindowSeconds : disputeWindowSeconds,
      penalty: unsure ? 0n : penaltyOf(paying, role, channelTotal(paying)),
    },
    ...{ known, payout: mayBeOld || unsure ? anything(paying) : known },
    items: itemsOf(paying, role, revealedBy, now),
    lastTime: lastTimeOf(paying, revealedBy, now),
  }
}

function planClosing(
  channel: ClosingChannel,
  role: Role,
  {
    answer,
    mayBeOld,
  }: Pick<WayOut, 'mayBeOld'> & {
    readonly answer: OperationOf<'challenge'> | undefined
  },
  { chainId, now, revealedBy }: ExitSight,
): ExitPlan {
  const answered = answer && challenge(chainId, channel, answer, now)
  const isAnswered = answered !== undefined && !isRejection(answered)
  const settled = isAnswered ? answered : channel
  const bounds = settlementBounds(settled, revealedBy, now)
  const lastTime = lastTimeOf(settled, revealedBy, now)
  const { by, unsure, deadline } = channel.status
  const isAnswerable = now <= deadline && (mayBeOld || (unsure && by === role))
  return {
    ...{ kind: 'plan', channel, role },
    step: stepOf(settled, { answerDue: isAnswered, lastTime, revealedBy, now }),
    ...{ known: bounds[role], payout: isAnswerable ? anything(settled) : bounds[role] },
    paid: paidSoFar(settled.status, role),
    penalty: bounds.penalty.least,
    items: itemsOf(settled, role, revealedBy, now),
    lastTime,
  }
}

/** What a newer state can come to, whatever it says. */
function anything(channel: ClosingChannel): PayoutBounds {
  return { least: 0n, most: channelTotal(channel) }
}

function stepOf(
  channel: ClosingChannel,
  context: Pick<ExitSight, 'now' | 'revealedBy'> & {
    readonly answerDue: boolean
    readonly lastTime: Timestamp
  },
): ExitStep {
  const { now, revealedBy, answerDue, lastTime } = context
  const { by, unsure, deadline, penalized, finalizes: part } = channel.status
  if (now <= deadline) return { kind: 'window', by, unsure, deadline, penalized, answerDue }
  return isRejection(finalize(channel, part, revealedBy, now))
    ? { kind: 'items', until: lastTime }
    : { kind: 'finalize', part }
}

/** `revealedBy`, with the links that the force close makes public now. */
function withReveals(
  reveals: WayOut['reveals'],
  { now, revealedBy }: Pick<ExitSight, 'now' | 'revealedBy'>,
): RevealLookup {
  const along = new Map(reveals.map(({ anchor, index }) => [anchor, index]))
  return (anchor, notAfter) =>
    Math.max(revealedBy(anchor, notAfter), now <= notAfter ? (along.get(anchor) ?? 0) : 0)
}

function itemsOf(
  { status }: ClosingChannel,
  role: Role,
  revealedBy: RevealLookup,
  now: Timestamp,
): ExitItem[] {
  const of = (lane: LaneState, payer: Role) =>
    lane.items.map((item): ExitItem => {
      const link = revealedBy(item.anchor, item.expiry)
      const fate = link >= item.ticks ? 'public' : now > item.expiry ? 'expired' : 'waiting'
      return { incoming: payer !== role, value: lockedBy(item), expiry: item.expiry, fate }
    })
  return [...of(status.closerLane, status.by), ...of(status.otherLane, otherRole(status.by))]
}

/** The end of the window, or the last expiry that still decides something. */
function lastTimeOf(
  { status }: ClosingChannel,
  revealedBy: RevealLookup,
  now: Timestamp,
): Timestamp {
  const { closerLane, otherLane, guardCloserLane, guardOtherLane } = status
  const lanes = [closerLane, otherLane, guardCloserLane?.lane, guardOtherLane?.lane]
  return lanes
    .flatMap((lane) => lane?.items ?? [])
    .filter(({ anchor, expiry, ticks }) => now <= expiry && revealedBy(anchor, expiry) < ticks)
    .reduce((last, { expiry }) => (expiry > last ? expiry : last), status.deadline)
}
