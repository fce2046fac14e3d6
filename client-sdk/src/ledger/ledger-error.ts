import type { Rejection } from '@tallystick/protocol'

/**
 * Something about the ledger did not work. `code` is stable: `ledger_unreachable`,
 * `ledger_answer_malformed`, `ledger_answer_too_large`, `wrong_genesis`, `no_longer_valid`,
 * `feed_gap`, `feed_closed`, `feed_silent`, `feed_overrun`, `ledger_moved_on`; a code of the light client or of a
 * state proof; or the server's own, the rejection of a transaction among them.
 */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code: string
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean
  /** The server's name for the request, for its operator. */
  readonly requestId: string | undefined
  /** HTTP status of a refusal; absent: it was not the server that refused. */
  readonly status: number | undefined

  constructor(problem: {
    readonly code: string
    readonly detail: string
    readonly retryable: boolean
    readonly requestId?: string
    readonly status?: number
    readonly cause?: unknown
  }) {
    super(problem.detail, { cause: problem.cause })
    this.code = problem.code
    this.retryable = problem.retryable
    this.requestId = problem.requestId
    this.status = problem.status
  }
}

/** What a server says that is not what its ledger can have said; another server may do better. */
export function malformedAnswer(detail: string): LedgerError {
  return new LedgerError({ code: 'ledger_answer_malformed', detail, retryable: false })
}

/** Codes of refused evidence that an honest server can cause: it lags behind another one. */
const LAGGING = new Set(['older_than_tip', 'genesis_not_certified'])

/** A refusal by the protocol's own rules, thrown. */
export function refusedEvidence({ code, detail }: Rejection): LedgerError {
  return new LedgerError({ code, detail, retryable: LAGGING.has(code) })
}
