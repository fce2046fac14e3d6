import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { GOODBYE_MS_MAX } from '../limits.js'
import { type Problem, problemDetails } from './problem.js'

/** Answers a request for a WebSocket with problem details over plain HTTP, and hangs up. */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  // Whoever hangs up first has read enough.
  socket.on('error', () => socket.destroy())
  // Whoever does not hang up is not waited for; what was sent is on its way by then.
  const impatient = setTimeout(() => socket.destroy(), GOODBYE_MS_MAX)
  socket.once('close', () => clearTimeout(impatient))
  socket.end(plainProblem(problem))
}

/** A refusal as bytes on a connection that ends with it. */
export function plainProblem(problem: Problem): string {
  const details = problemDetails(problem, `req_${randomUUID()}`)
  const body = JSON.stringify(details)
  return [
    `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
