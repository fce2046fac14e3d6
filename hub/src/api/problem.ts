import { problemAnswers, type Refusal } from '@tallystick/daemon/http'

/** Everything that the hub's HTTP side refuses for. */
export type ProblemCode =
  | 'not_found'
  | 'method_not_allowed'
  | 'not_ready'
  | 'not_authorized'
  | 'bad_request'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'hub_busy'
  | 'bad_backup_signature'
  | 'backup_unserved'
  | 'backup_too_large'
  | 'backup_mismatch'
  | 'backup_version_falls'
  | 'backup_missing'
  | 'backup_request_stale'
  | 'too_many_sessions'
  | 'journal_damaged'
  | 'internal_error'

export type Problem = Refusal<ProblemCode>

/** The one table of HTTP statuses (API-6). */
export const { sendProblem, refuseConnection } = problemAnswers<ProblemCode>({
  not_found: [404, false],
  method_not_allowed: [405, false],
  not_ready: [503, true],
  not_authorized: [401, false],
  bad_request: [400, false],
  unsupported_media_type: [415, false],
  too_many_requests: [429, true],
  hub_busy: [503, true],
  bad_backup_signature: [403, false],
  backup_unserved: [403, true],
  backup_too_large: [413, false],
  backup_mismatch: [400, false],
  backup_version_falls: [409, false],
  backup_missing: [404, false],
  backup_request_stale: [403, true],
  too_many_sessions: [503, true],
  journal_damaged: [500, false],
  internal_error: [500, true],
})
