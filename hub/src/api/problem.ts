import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Response } from 'express'

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

/** A refusal as it is answered. */
export type Problem = { readonly code: ProblemCode; readonly detail: string }

/** The one table of HTTP statuses. */
const ANSWERS: Record<ProblemCode, readonly [status: number, retryable: boolean]> = {
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
}

/** Answers a request with its refusal (API-6). */
export function sendProblem(response: Response, problem: Problem): void {
  const details = problemDetails(problem)
  response
    .status(details.status)
    .set('x-request-id', details.request_id)
    .type('application/problem+json')
    .json(details)
}

/** Answers a request for a WebSocket with its refusal over plain HTTP, and hangs up (API-6). */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  const details = problemDetails(problem)
  const body = JSON.stringify(details)
  socket.end(
    [
      `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${details.request_id}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    // Who does not hang up in turn would keep the connection half open.
    () => socket.destroy(),
  )
}

/** RFC 9457 problem details, as the ledger's API has them. */
function problemDetails({ code, detail }: Problem) {
  const [status, retryable] = ANSWERS[code]
  return {
    type: `urn:tallystick:problem:${code}`,
    title: code.replaceAll('_', ' '),
    ...{ status, code, detail, retryable },
    request_id: `req_${randomUUID()}`,
  }
}
