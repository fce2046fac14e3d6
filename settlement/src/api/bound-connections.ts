import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressPrefix } from '@tallystick/protocol'
import { BoundedShare } from './bounded-share.js'
import { plainProblem } from './problem.js'

/**
 * Takes `perAddressMax` connections of one address at a time, and `max` in all, feeds among them; each
 * more is told so and cut off, before a byte of it is read.
 */
export function boundConnections(
  server: Server,
  { max, perAddressMax }: { readonly max: number; readonly perAddressMax: number },
): void {
  // Beyond this nobody is told: it is the last thing to give way.
  server.maxConnections = max
  const connections = new BoundedShare({ max, perAddressMax })
  server.prependListener('connection', (socket: Socket) => {
    const release = connections.take(addressPrefix(socket.remoteAddress ?? 'unknown'), 1)
    if (release !== undefined) {
      socket.once('close', release)
      return
    }
    const detail = `at most ${perAddressMax} connections of one address are taken at a time`
    socket.on('error', () => socket.destroy())
    socket.write(plainProblem({ code: 'too_many_connections', detail }))
    // At once: who was refused is not to occupy a place.
    socket.destroySoon()
  })
}
