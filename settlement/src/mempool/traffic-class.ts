import type { Operation, Transaction } from '@tallystick/protocol'

/**
 * What a transaction is for, as far as room is kept for it: `dispute` does nothing but dispute
 * channels (reveals may go along), `reveal` nothing but make links public, `plain` is all else.
 */
export type TrafficClass = 'dispute' | 'reveal' | 'plain'

/** The share of every block, and of the mempool, that others cannot take from a class: sixteenths. */
export const CLASS_SIXTEENTHS: Readonly<Record<TrafficClass, number>> = {
  dispute: 4,
  reveal: 2,
  plain: 10,
}

/** In the order in which a block serves them. */
export const TRAFFIC_CLASSES: readonly TrafficClass[] = ['dispute', 'reveal', 'plain']

export function trafficClassOf({ body }: Transaction): TrafficClass {
  const { operations, reveals } = body
  if (!operations.every(isDispute)) return 'plain'
  if (operations.length > 0) return 'dispute'
  return reveals.length > 0 ? 'reveal' : 'plain'
}

/** Whether a class's transactions have deadlines that somebody may lose money by. */
export function isTimeCritical(traffic: TrafficClass): boolean {
  return traffic !== 'plain'
}

function isDispute({ kind }: Operation): boolean {
  switch (kind) {
    case 'forceClose':
    case 'challenge':
    case 'finalize':
    case 'payFee':
      return true
    case 'open':
    case 'deposit':
    case 'close':
    case 'withdraw':
    case 'issue':
    case 'reissue':
    case 'changeParameters':
      return false
  }
}
