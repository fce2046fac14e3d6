import {
  type ChainId,
  type Challenge,
  type ClosingChannel,
  challenge,
  isRejection,
  type LaneState,
  type OperationOf,
  otherRole,
  type RevealLookup,
  type Role,
  type Timestamp,
} from '@tallystick/protocol'
import { laneOutpays } from './lane-outpays.js'

/** What the ledger knows when an answer is weighed. */
export type AnswerContext = {
  readonly chainId: ChainId
  readonly now: Timestamp
  readonly revealedBy: RevealLookup
}

/**
 * The challenge that a force close calls for, from all that whoever answers could show (DSP-8):
 * `undefined` if nothing of it would be taken, or could change what is paid. The ledger would take
 * the newest proof also where it is worth less than what was asserted: the other side may have
 * redeemed an item in an update that never arrived. Then the assertion is left as it is. Of an
 * unsure side nothing is proved but what it owes and what it had given up (DSP-9).
 */
export function answerForceClose(
  all: Challenge,
  ledger: ClosingChannel,
  { chainId, now, revealedBy }: AnswerContext,
): OperationOf<'challenge'> | undefined {
  const { by, penalized } = ledger.status
  const owner = otherRole(by)
  for (const shown of partsOf(all)) {
    const after = challenge(chainId, ledger, shown, now)
    if (isRejection(after)) continue
    const outpays = (more: LaneState, less: LaneState) => laneOutpays(more, less, revealedBy, now)
    const isWorth =
      (after.status.penalized && !penalized) ||
      isGain(settledLanes(ledger, by), settledLanes(after, by), outpays) ||
      isGain(settledLanes(ledger, owner), settledLanes(after, owner), (a, b) => outpays(b, a))
    return isWorth ? { kind: 'challenge', channel: ledger.number, ...shown } : undefined
  }
  return undefined
}

/** Whether a lane that is settled with only now could be better than all that were before. */
function isGain(
  before: readonly LaneState[],
  after: readonly LaneState[],
  isBetter: (a: LaneState, b: LaneState) => boolean,
): boolean {
  return after
    .filter((lane) => !before.includes(lane))
    .some((lane) => before.every((settled) => isBetter(lane, settled)))
}

/** The lanes of `payer` of which one will be settled: which, depends on what is revealed (DSP-11). */
export function settledLanes({ status }: ClosingChannel, payer: Role): readonly LaneState[] {
  const { by, closerLane, otherLane, guardCloserLane, guardOtherLane } = status
  const [lane, guarded] = payer === by ? [closerLane, guardCloserLane] : [otherLane, guardOtherLane]
  return guarded === undefined ? [lane] : [lane, guarded.lane]
}

/** What can be shown of it, the most first: the ledger takes the first that fits. */
function partsOf({ proof, own, resume, guard }: Challenge): readonly Challenge[] {
  const withOwn = { own, guard }
  const proofAlone = {
    ...{ proof, own: undefined, resume: undefined },
    guard: guard && { ...guard, ownEvidence: undefined },
  }
  const parts: Challenge[] = []
  if (resume !== undefined) parts.push({ proof, resume, ...withOwn })
  if (proof !== undefined) {
    if (own !== undefined) parts.push({ proof, resume: undefined, ...withOwn })
    parts.push(proofAlone)
  }
  if (resume !== undefined) parts.push({ proof: undefined, resume, ...withOwn })
  return parts
}
