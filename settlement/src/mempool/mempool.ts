import { isRejection, reject, type TxId } from '@tallystick/protocol'
import type { ApplyContext } from '../core/apply-context.js'
import type { Candidate } from '../core/fill-block.js'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import { PENDING_AGE_MS_MAX } from '../limits.js'
import type { PendingRow } from '../store/ledger-store.js'
import { admit } from './admit.js'
import { blockTemplate } from './block-template.js'
import { ratePpm } from './fee-rate.js'
import { findFooting } from './find-footing.js'
import { orderedPlaces } from './footprint.js'
import { leastRate } from './make-room.js'
import type { AdmissionRejection, MempoolRejection } from './mempool-rejection.js'
import { PendingGraph, standingOn } from './pending-graph.js'
import type { PendingTransaction } from './pending-transaction.js'
import { RejectionMemory } from './rejection-memory.js'
import type { Room } from './room.js'

/** Writes a transaction to disk. */
export type KeepTransaction = (row: PendingRow) => Promise<void>

/** A transaction that was on disk already. */
export type StoredCandidate = Candidate & { readonly arrivedMs: number }

/** Why one is not taken: by the rules of the ledger, or by this node's policy. */
type Refusal = TransactionRejection | AdmissionRejection

export type Admission =
  | { readonly kind: 'admitted'; readonly pending: PendingTransaction }
  /** It waits already. */
  | { readonly kind: 'known'; readonly pending: PendingTransaction }

/**
 * Transactions that wait for a block (MEM-*): which ones, and in which order a block takes them. The
 * policy of one node; no verdict of the ledger depends on it.
 */
export class Mempool {
  readonly #rejections = new RejectionMemory()
  readonly #keep: KeepTransaction
  readonly #bounds: Room
  #graph = new PendingGraph()
  #tip: LedgerView
  #arrivals = 0
  /** Of the parameters that those that wait were applied under last. */
  #revision: number | undefined
  /** Those that wait no more and may still be on disk. */
  #gone: { readonly id: TxId; readonly isDurable: () => boolean }[] = []

  constructor(tip: LedgerView, keep: KeepTransaction, bounds: Room) {
    this.#tip = tip
    this.#keep = keep
    this.#bounds = bounds
  }

  get size(): number {
    return this.#graph.size
  }

  /** What a small plain transaction has to pay to get in now, millionths of the least fee. */
  get leastFeeRatePpm(): bigint {
    return ratePpm(leastRate(this.#graph, this.#bounds))
  }

  get(id: TxId): PendingTransaction | undefined {
    return this.#graph.get(id)
  }

  /** Why a transaction that once waited does so no more. */
  rejectionOf(id: TxId): MempoolRejection | undefined {
    return this.#rejections.get(id)
  }

  admit(candidate: Candidate, context: ApplyContext, nowMs: number): Admission | Refusal {
    const known = this.#graph.get(candidate.checks.id)
    if (known !== undefined) return { kind: 'known', pending: known }
    return this.#admit({ ...candidate, arrivedMs: nowMs }, context, nowMs, this.#keep)
  }

  /** Takes back, by the same rules, transactions that were on disk already, in order of arrival. */
  restore(waiting: readonly StoredCandidate[], context: ApplyContext, nowMs: number): void {
    for (const candidate of waiting) {
      const admitted =
        expiryOf(candidate, context, nowMs) ?? this.#admit(candidate, context, nowMs, undefined)
      if (!isRejection(admitted)) continue
      this.#rejections.remember(candidate.checks.id, admitted, nowMs)
      this.#gone.push({ id: candidate.checks.id, isDurable: () => true })
    }
  }

  /** What the next block may take, best first, within what a block holds. */
  template(bounds: Room): readonly PendingTransaction[] {
    return blockTemplate(this.#graph.all(), bounds)
  }

  /** Whether a block could take anything. What is on disk is always the oldest part. */
  hasCandidates(): boolean {
    const [oldest] = this.#graph.all()
    return oldest?.durable === true
  }

  /**
   * Goes over to a new tip. `included` are in its block, `refused` could not be; `writes` are what
   * the block changed. Only what read any of that, or built on what left, is applied anew.
   */
  advance(
    tip: LedgerView,
    block: {
      readonly included: readonly TxId[]
      readonly refused: readonly { readonly id: TxId; readonly rejection: TransactionRejection }[]
      readonly writes: readonly StateWrite[]
    },
    context: ApplyContext,
    nowMs: number,
  ): void {
    const included = new Set(block.included)
    const refused = new Map(block.refused.map(({ id, rejection }) => [id, rejection]))
    for (const [id, rejection] of refused) this.#rejections.remember(id, rejection, nowMs)
    const changed = orderedPlaces(block.writes)
    const before = this.#graph
    this.#graph = new PendingGraph()
    this.#tip = tip
    const renewed = new Set<PendingTransaction>()
    // Under other parameters anything may cost more, or be refused (PAR-1).
    const isSameRule = context.parameters.revision === this.#revision
    this.#revision = context.parameters.revision
    for (const pending of before.all()) {
      const { id } = pending.checks
      if (included.has(id) || refused.has(id)) continue
      const { footprint, ancestors } = pending.standing
      const isUntouched =
        isSameRule &&
        [...footprint.reads].every((place) => !changed.has(place)) &&
        ancestors.every((ancestor) => this.#graph.has(ancestor) && !renewed.has(ancestor))
      if (!isUntouched) renewed.add(pending)
      const footing =
        expiryOf(pending, context, nowMs) ??
        (isUntouched ? pending.standing : findFooting(tip, this.#graph, pending, context))
      if (isRejection(footing)) {
        this.#dismiss(pending, footing, nowMs)
      } else {
        pending.standing = standingOn(footing)
        this.#graph.add(pending)
      }
    }
  }

  /** Ids to remove from disk with the next block; one that was handed in again meanwhile stays. */
  takeGone(): readonly TxId[] {
    const gone = this.#gone
    // A row that is still on its way to the disk can be removed only behind it.
    this.#gone = gone.filter(({ isDurable }) => !isDurable())
    return gone
      .filter(({ id, isDurable }) => isDurable() && this.#graph.get(id) === undefined)
      .map(({ id }) => id)
  }

  #admit(
    candidate: StoredCandidate,
    context: ApplyContext,
    nowMs: number,
    keep: KeepTransaction | undefined,
  ): Admission | Refusal {
    const admitted = admit(this.#tip, this.#graph, this.#bounds, candidate, context)
    if (isRejection(admitted)) return admitted
    const { newcomer, replaced, evicted } = admitted
    const { encoded, checks, arrivedMs } = candidate
    for (const pending of [...replaced, ...evicted]) this.#graph.remove(pending)
    const taken = reject('replaced', `${checks.id} took its place, or that of one it builds on`)
    for (const pending of replaced) this.#dismiss(pending, taken, nowMs)
    const outbid = reject('evicted', 'others that wait pay more for the room')
    for (const pending of evicted) this.#dismiss(pending, outbid, nowMs)
    const stored = keep?.({ id: checks.id, encoded, arrivedMs }) ?? Promise.resolve()
    const pending: PendingTransaction = {
      ...candidate,
      arrival: this.#arrivals++,
      traffic: newcomer.traffic,
      stored: stored.then(() => {
        pending.durable = true
      }),
      durable: keep === undefined,
      standing: standingOn(newcomer.footing),
    }
    this.#graph.add(pending)
    this.#rejections.forget(checks.id)
    return { kind: 'admitted', pending }
  }

  #dismiss(pending: PendingTransaction, why: MempoolRejection, nowMs: number): void {
    const { id } = pending.checks
    this.#rejections.remember(id, why, nowMs)
    this.#gone.push({ id, isDurable: () => pending.durable })
  }
}

/** Why one that waits has waited long enough. */
function expiryOf(
  { transaction, arrivedMs }: StoredCandidate,
  { time }: ApplyContext,
  nowMs: number,
): MempoolRejection | undefined {
  const { validUntil } = transaction.body
  if (time > validUntil) {
    return reject('no_longer_valid', `ledger time is ${time}, valid until ${validUntil}`)
  }
  return nowMs - arrivedMs > PENDING_AGE_MS_MAX
    ? reject('expired', `no block took it in ${PENDING_AGE_MS_MAX / 86_400_000} days`)
    : undefined
}
