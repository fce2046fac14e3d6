import { type ProblemAnswer, problemAnswers, type Refusal } from '@tallystick/daemon/http'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import type { DamagedBlock } from '../ledger-fault.js'
import type { AdmissionRejection } from '../mempool/mempool-rejection.js'
import type { NodeBusy } from '../node/reveal-hashing.js'

/** Everything that the API refuses for. */
export type ProblemCode =
  | TransactionRejection['code']
  | AdmissionRejection['code']
  | NodeBusy['code']
  | 'bad_request'
  | 'not_found'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'too_many_feeds'
  | 'too_many_refusals'
  | 'too_many_connections'
  | 'not_ready'
  | 'pruned'
  | 'state_not_kept'
  | 'upstream_unreachable'
  | 'block_damaged'
  | 'internal_error'

export type Problem = Refusal<ProblemCode>

const REFUSED: ProblemAnswer = [422, false]
/** The same transaction may be taken once the ledger has moved on. */
const TOO_EARLY: ProblemAnswer = [422, true]

/** The one table of HTTP statuses. */
export const ANSWERS: Record<ProblemCode, ProblemAnswer> = {
  malformed: [400, false],
  transaction_too_large: [413, false],
  not_in_force: TOO_EARLY,
  transaction_empty: REFUSED,
  transaction_repeatable: REFUSED,
  not_yet_valid: TOO_EARLY,
  no_longer_valid: REFUSED,
  transaction_too_costly: REFUSED,
  coin_missing: REFUSED,
  amount_out_of_range: REFUSED,
  asset_unknown: REFUSED,
  terms_out_of_bounds: REFUSED,
  keys_not_distinct: REFUSED,
  channel_missing: REFUSED,
  agreement_expired: REFUSED,
  bad_agreement_signature: REFUSED,
  withdrawal_not_newer: REFUSED,
  payout_above_total: REFUSED,
  fee_above_reserve: REFUSED,
  fee_above_payout: REFUSED,
  wrong_asset_number: REFUSED,
  supply_fixed: REFUSED,
  wrong_revision: REFUSED,
  activation_too_near: REFUSED,
  version_falls: REFUSED,
  nothing_scheduled: REFUSED,
  already_revealed: REFUSED,
  inputs_below_outputs: REFUSED,
  fee_spent_otherwise: REFUSED,
  fee_too_low: REFUSED,
  asset_not_balanced: REFUSED,
  signer_unused: REFUSED,
  bad_signature: REFUSED,
  lock_mismatch: REFUSED,
  missing_signature: REFUSED,
  lock_not_yet_open: TOO_EARLY,
  not_revealed: TOO_EARLY,
  lock_never_opens: REFUSED,
  channel_closing: REFUSED,
  channel_not_closing: REFUSED,
  unsure_not_allowed: REFUSED,
  lane_start_malformed: REFUSED,
  appointment_expired: REFUSED,
  bad_appointment_signature: REFUSED,
  bad_proof_signature: REFUSED,
  bad_resume_signature: REFUSED,
  resume_missing: REFUSED,
  resume_not_followed: REFUSED,
  proofs_contradict: REFUSED,
  proofs_insolvent: REFUSED,
  window_closed: REFUSED,
  window_open: TOO_EARLY,
  challenge_empty: REFUSED,
  challenge_not_relevant: REFUSED,
  challenge_not_newer: REFUSED,
  own_proof_too_old: REFUSED,
  finalize_out_of_order: REFUSED,
  nothing_decided: TOO_EARLY,
  mempool_full: [503, true],
  replacement_fee_too_low: TOO_EARLY,
  too_many_dependents: TOO_EARLY,
  node_busy: [503, true],
  bad_request: [400, false],
  not_found: [404, false],
  method_not_allowed: [405, false],
  unsupported_media_type: [415, false],
  too_many_feeds: [429, true],
  too_many_refusals: [429, true],
  too_many_connections: [429, true],
  not_ready: [503, true],
  pruned: [410, false],
  state_not_kept: [410, false],
  upstream_unreachable: [502, true],
  block_damaged: [500, false],
  internal_error: [500, true],
}

/** Whether a code says that a transaction is not good, rather than that a request failed. */
export function isRefusal(code: string): boolean {
  const [status] = Object.entries(ANSWERS).find(([known]) => known === code)?.[1] ?? []
  return status === 422 || code === 'malformed' || code === 'transaction_too_large'
}

/** What is below the horizon was here once. `firstHeight`: the lowest height that is. */
export function prunedProblem(firstHeight: number): Problem {
  return { code: 'pruned', detail: `blocks below ${firstHeight} are not kept here` }
}

/** A block that this node once had whole. */
export function damagedProblem({ message }: DamagedBlock): Problem {
  return { code: 'block_damaged', detail: `${message}: it is damaged here, ask another node` }
}

/** Its ways to refuse (API-6). */
export const { problemDetails, sendProblem, plainProblem } = problemAnswers(ANSWERS)
