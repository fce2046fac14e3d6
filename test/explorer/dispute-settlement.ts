import {
  type Anchor,
  type ClosingChannel,
  type GuardedLane,
  isClosing,
  isRejection,
  type KnownLink,
  type LaneState,
  type LockRoot,
  sideStake,
} from '@tallystick/protocol'
import { closingOf, type Future, laneName, linkAt, type Position } from './dispute-position.js'
import { applied, atTime, type ExploredLedger, revealed } from './explored-ledger.js'
import { Violation } from './search.js'

/* How a dispute ends once everybody has said what there is to say: by the ledger's own finalize. */

/** As many links as any chain has. */
const MOST = 1_000_000

/** Payouts by what decides them; a dispute ends the same way wherever it was met before. */
const payouts = new Map<string, bigint>()
const PAYOUTS_MAX = 2_000_000

/**
 * What the honest side is paid in the end, through the ledger's own finalize. Throws `Violation` if
 * that depends on when somebody finalizes: nobody has to race.
 */
export function payout(position: Position, closing: ExploredLedger, future: Future): bigint {
  const channel = closingOf(closing, position.party.ledger.number)
  const name = settlementName(position, closing, channel, future)
  const known = payouts.get(name)
  if (known !== undefined) return known
  const paid = settle(position, closing, channel, future, 'atEveryEdge')
  const late = settle(position, closing, channel, future, 'atTheEnd')
  if (paid !== late) {
    throw new Violation(`DSP-6 ${paid} is paid by early finalizes, ${late} by a late one`)
  }
  if (payouts.size < PAYOUTS_MAX) payouts.set(name, paid)
  return paid
}

/**
 * Time runs to the last second that counts, and what is revealed at each is public in the end.
 * Finalizes come before the reveals of their second, at every one of them, or after the last of all.
 */
function settle(
  position: Position,
  closing: ExploredLedger,
  channel: ClosingChannel,
  future: Future,
  finalizes: 'atEveryEdge' | 'atTheEnd',
): bigint {
  const { closerLane, otherLane, guardCloserLane, guardOtherLane, deadline } = channel.status
  const lanes = [closerLane, otherLane, guardCloserLane?.lane, guardOtherLane?.lane]
  const items = lanes.flatMap((lane) => lane?.items ?? [])
  const edges = items.flatMap(({ expiry }) => [expiry - 1, expiry, expiry + 1] as number[])
  const times = [...new Set([deadline, deadline + 1, ...edges])].filter((t) => t >= closing.time)
  let ledger = closing
  for (const time of times.sort((a, b) => a - b)) {
    ledger = atTime(ledger, time)
    if (finalizes === 'atEveryEdge') ledger = finalizedOnce(ledger, channel.number)
    for (const { anchor, expiry } of items) {
      // Just in time is what the future says; just too late is everything, and counts for nothing.
      const index = time === expiry ? (future.get(anchor) ?? 0) : MOST
      const link = time < expiry ? undefined : linkOf(position, anchor, index)
      if (link !== undefined) ledger = revealed(ledger, link)
    }
  }
  if (finalizes === 'atTheEnd') ledger = finalizedOnce(ledger, channel.number)
  if (ledger.channels.has(channel.number)) {
    throw new Violation('INV-14 a dispute is not over after its last second')
  }
  return (
    paidTo(ledger, channel[position.honest].payoutLock) -
    paidTo(closing, channel[position.honest].payoutLock)
  )
}

function finalizedOnce(ledger: ExploredLedger, number: number): ExploredLedger {
  const channel = ledger.channels.get(number)
  if (channel === undefined || !isClosing(channel)) return ledger
  const part = channel.status.finalizes
  const next = applied(ledger, { kind: 'finalize', channel: number, part }, [])
  return isRejection(next) ? ledger : next
}

function linkOf({ secrets }: Position, anchor: Anchor, index: number): KnownLink | undefined {
  const secret = secrets.get(anchor)
  return index === 0 || secret === undefined
    ? undefined
    : linkAt(secret, Math.min(index, secret.index))
}

function paidTo(ledger: ExploredLedger, lock: LockRoot): bigint {
  return ledger.paid.get(lock) ?? 0n
}

/** What the end depends on, and nothing else: so that every end is played once. */
function settlementName(
  { honest }: Position,
  { time, reveals }: ExploredLedger,
  { client, hub, status, terms }: ClosingChannel,
  future: Future,
): string {
  const { by, deadline, penalized, challenged, replaced, closerLane, otherLane } = status
  const guarded = (shown: GuardedLane | undefined) => laneText(shown?.lane)
  return [
    ...[honest, by, time, deadline, penalized, challenged || replaced],
    ...[sideStake(client), sideStake(hub), terms.clientPenaltyPpm, terms.hubPenaltyPpm],
    ...[laneText(closerLane), laneText(otherLane)],
    ...[guarded(status.guardCloserLane), guarded(status.guardOtherLane)],
    ...[...future].flat(),
    ...[...reveals].flatMap(([anchor, steps]) => [
      anchor,
      ...steps.flatMap(({ index, time: at }) => [index, at]),
    ]),
  ].join('|')
}

function laneText(lane: LaneState | undefined): string {
  return lane === undefined ? '' : laneName(lane)
}
