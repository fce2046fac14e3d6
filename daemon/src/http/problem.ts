import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Response } from 'express'

/** A refusal as it is answered; `retryable`: the same request may be taken later. */
export type Problem = {
  readonly code: string
  readonly detail: string
  /** Of HTTP. */
  readonly status: number
  readonly retryable: boolean
}

/** RFC 9457 problem details (API-6). */
export function problemDetails({ code, detail, status, retryable }: Problem, requestId: string) {
  return {
    type: `urn:tallystick:problem:${code}`,
    title: code.replaceAll('_', ' '),
    ...{ status, code, detail, retryable },
    request_id: requestId,
  }
}

/** Answers a request with its refusal. */
export function sendProblem(response: Response, problem: Problem): void {
  const details = problemDetails(problem, requestIdOf(response))
  response
    .status(details.status)
    .set('x-request-id', details.request_id)
    .type('application/problem+json')
    .json(details)
}

/** A refusal over plain HTTP on a bare socket, which ends with it. */
export function plainProblem(problem: Problem): string {
  const details = problemDetails(problem, newRequestId())
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

/** Tells whoever is at the other end of a connection why, as who asked for a WebSocket, and hangs up. */
export function refuseConnection(socket: Duplex, problem: Problem): void {
  // Whoever hangs up first has read enough.
  socket.on('error', () => socket.destroy())
  // Who does not hang up in turn would keep the connection half open.
  socket.end(plainProblem(problem), () => socket.destroy())
}

/** The name of a request: in its answer, in our log, in the header `x-request-id`. */
export function requestIdOf(response: Response): string {
  const known: unknown = response.locals['requestId']
  if (typeof known === 'string') return known
  const id = newRequestId()
  response.locals['requestId'] = id
  return id
}

function newRequestId(): string {
  return `req_${randomUUID()}`
}
