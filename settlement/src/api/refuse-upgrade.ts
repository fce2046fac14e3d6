import type { Duplex } from 'node:stream'
import { GOODBYE_MS_MAX } from '../limits.js'
import { type Problem, plainProblem } from './problem.js'

/** Answers a request for a WebSocket with problem details over plain HTTP, and hangs up. */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  // Whoever hangs up first has read enough.
  socket.on('error', () => socket.destroy())
  // Whoever does not hang up is not waited for; what was sent is on its way by then.
  const impatient = setTimeout(() => socket.destroy(), GOODBYE_MS_MAX)
  socket.once('close', () => clearTimeout(impatient))
  socket.end(plainProblem(problem))
}
