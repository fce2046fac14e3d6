import { problemAnswers } from '@tallystick/daemon/http'

/** Everything that a tower's HTTP side refuses for. */
type ProblemCode =
  | 'not_found'
  | 'method_not_allowed'
  | 'not_ready'
  | 'too_many_connections'
  | 'internal_error'

/** The one table of HTTP statuses (API-6). */
export const { sendProblem, refuseConnection } = problemAnswers<ProblemCode>({
  not_found: [404, false],
  method_not_allowed: [405, false],
  not_ready: [503, true],
  too_many_connections: [429, true],
  internal_error: [500, true],
})
