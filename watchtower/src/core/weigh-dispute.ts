import { entrustedChallenge } from '@tallystick/client-sdk'
import {
  type ChainId,
  type Channel,
  challenge,
  finalize,
  isClosing,
  isRejection,
  type OperationOf,
  type RevealLookup,
  type Timestamp,
} from '@tallystick/protocol'
import type { AppointmentRecord } from './appointment-record.js'

/** What a tower owes for one record, by what the ledger has proved of the channel. */
export type Dispute =
  /** Settled, or the appointment is over: nothing is kept any more. */
  | { readonly kind: 'over' }
  /** Nobody has closed it alone. */
  | { readonly kind: 'quiet' }
  /** Closing; nothing can be done before `deadline` has passed, or something pending is decided. */
  | { readonly kind: 'waiting'; readonly deadline: Timestamp }
  | {
      readonly kind: 'challenge'
      readonly deadline: Timestamp
      readonly operation: OperationOf<'challenge'>
    }
  | { readonly kind: 'finalize'; readonly part: number }

/** What the ledger knows when a dispute is weighed. */
export type DisputeContext = {
  readonly chainId: ChainId
  readonly now: Timestamp
  readonly revealedBy: RevealLookup
}

/** Looks at one channel; absent: the ledger has it no more (DSP-12). */
export function weighDispute(
  { entrusted }: AppointmentRecord,
  ledger: Channel | undefined,
  context: DisputeContext,
): Dispute {
  const { now, revealedBy } = context
  if (ledger === undefined) return { kind: 'over' }
  if (!isClosing(ledger)) {
    return now > entrusted.appointment.validUntil ? { kind: 'over' } : { kind: 'quiet' }
  }
  const { deadline, finalizes: part } = ledger.status
  const operation = entrustedChallenge(entrusted, ledger, context)
  if (operation !== undefined) return { kind: 'challenge', deadline, operation }
  return isRejection(finalize(ledger, part, revealedBy, now))
    ? { kind: 'waiting', deadline }
    : { kind: 'finalize', part }
}

/**
 * The challenge that is owed whatever is revealed: it proves a lie. So a flood of old states is
 * answered without asking the ledger for a reveal of every item.
 */
export function penalizingChallenge(
  { entrusted }: AppointmentRecord,
  ledger: Channel,
  { chainId, now }: Pick<DisputeContext, 'chainId' | 'now'>,
): Extract<Dispute, { readonly kind: 'challenge' }> | undefined {
  if (!isClosing(ledger) || ledger.status.penalized) return undefined
  const context = { chainId, now, revealedBy: () => 0 }
  const operation = entrustedChallenge(entrusted, ledger, context)
  if (operation === undefined) return undefined
  const after = challenge(chainId, ledger, operation, now)
  return isRejection(after) || !after.status.penalized
    ? undefined
    : { kind: 'challenge', deadline: ledger.status.deadline, operation }
}
