import type { WebSocket } from 'ws'
import { GOODBYE_MS_MAX } from '../limits.js'

/** Closes a WebSocket with a code and a reason; whoever does not answer with a goodbye is cut off. */
export function hangUp(socket: WebSocket, code: number, reason: string): void {
  const impatient = setTimeout(() => socket.terminate(), GOODBYE_MS_MAX)
  socket.once('close', () => clearTimeout(impatient))
  socket.close(code, reason)
}
