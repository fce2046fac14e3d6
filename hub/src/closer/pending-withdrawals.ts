import {
  type Channel,
  isUsable,
  type Operation,
  type OperationOf,
  type Timestamp,
  withdrawalOf,
} from '@tallystick/protocol'
import type { HubState } from '../core/hub-state.js'

/** Channels with a withdrawal that both are bound to, and that may still be paid at ledger time `latest`. */
export function pendingWithdrawals(state: HubState, latest: Timestamp): Channel[] {
  const ready: Channel[] = []
  for (const { party } of state.busyChannels()) {
    const signed = withdrawalOf(party)
    if (signed !== undefined && isUsable(party) && signed.withdrawal.validUntil >= latest) {
      ready.push(party.ledger)
    }
  }
  return ready
}

/** What pays them out (OP-11): one operation per end of a withdrawal, which clients round. */
export function withdrawOperations(state: HubState, channels: readonly Channel[]): Operation[] {
  const byEnd = new Map<Timestamp, OperationOf<'withdraw'>['withdrawals'][number][]>()
  for (const { id, number } of channels) {
    const party = state.channel(id)?.party
    const signed = party && withdrawalOf(party)
    if (signed === undefined) continue
    const { role, withdrawn, validUntil } = signed.withdrawal
    const withdrawal = { channel: number, role, withdrawn, signature: signed.signature }
    byEnd.set(validUntil, [...(byEnd.get(validUntil) ?? []), withdrawal])
  }
  return [...byEnd].map(([validUntil, withdrawals]) => ({
    kind: 'withdraw',
    validUntil,
    withdrawals,
  }))
}
