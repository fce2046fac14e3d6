import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Response } from 'express'

/** Everything that a tower's HTTP side refuses for. */
export type ProblemCode =
  | 'not_found'
  | 'method_not_allowed'
  | 'not_ready'
  | 'too_many_connections'
  | 'internal_error'

/** A refusal as it is answered. */
export type Problem = { readonly code: ProblemCode; readonly detail: string }

/** The one table of HTTP statuses. */
const ANSWERS: Record<ProblemCode, readonly [status: number, retryable: boolean]> = {
  not_found: [404, false],
  method_not_allowed: [405, false],
  not_ready: [503, true],
  too_many_connections: [429, true],
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

/** A refusal over plain HTTP on a bare socket, as one string (API-6). */
function plainProblem(problem: Problem): string {
  const details = problemDetails(problem)
  const body = JSON.stringify(details)
  return [
    `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${details.request_id}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

/** Tells whoever is at the other end of a connection why, and hangs up. */
export function refuseConnection(socket: Duplex, problem: Problem): void {
  socket.on('error', () => socket.destroy())
  socket.end(plainProblem(problem), () => socket.destroy())
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
