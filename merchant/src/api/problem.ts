import { LedgerError, WalletError } from '@tallystick/client-sdk'
import { type Problem, type ProblemAnswer, problemAnswers } from '@tallystick/daemon/http'
import { Refusal } from '../store/merchant-database.js'

/** What this server refuses for by itself. */
export type ProblemCode =
  | 'bad_request'
  | 'field_repeated'
  | 'not_authorized'
  | 'not_permitted'
  | 'not_found'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'idempotency_key_missing'
  | 'idempotency_key_reused'
  | 'spending_limit_exceeded'
  | 'state_conflict'
  | 'refund_above_sale'
  | 'webhook_url_refused'
  | 'too_many_requests'
  | 'hub_unreachable'
  | 'not_ready'
  | 'internal_error'

/** The one table of HTTP statuses. */
const ANSWERS: Record<ProblemCode, ProblemAnswer> = {
  bad_request: [400, false],
  field_repeated: [400, false],
  not_authorized: [401, false],
  not_permitted: [403, false],
  not_found: [404, false],
  method_not_allowed: [405, false],
  unsupported_media_type: [415, false],
  body_too_large: [413, false],
  idempotency_key_missing: [400, false],
  idempotency_key_reused: [409, false],
  spending_limit_exceeded: [403, false],
  state_conflict: [409, false],
  refund_above_sale: [422, false],
  webhook_url_refused: [422, false],
  too_many_requests: [429, true],
  hub_unreachable: [503, true],
  not_ready: [503, true],
  internal_error: [500, true],
}

/** A refusal of this server, to be thrown by whoever answers a request. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** A refusal of this server as it is answered (API-6). */
export const { problemOf: problem } = problemAnswers(ANSWERS)

/** The answer to what went wrong; `undefined`: nobody is to blame but this server. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof RequestRefused) return error.problem
  if (error instanceof Refusal) {
    const known = Object.keys(ANSWERS).find((code): code is ProblemCode => code === error.code)
    return problem({ code: known ?? 'state_conflict', detail: error.message })
  }
  if (error instanceof WalletError && error.code === 'aborted') {
    const detail = 'the hub does not answer now: nothing was begun, try again later'
    return problem({ code: 'hub_unreachable', detail })
  }
  if (error instanceof WalletError || error instanceof LedgerError) {
    const { code, message: detail, retryable } = error
    return { code, detail, status: retryable ? 503 : 422, retryable }
  }
  return undefined
}
