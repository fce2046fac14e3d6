import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressPrefix } from '@tallystick/protocol'
import { PLAIN_CONNECTIONS_MAX, PLAIN_CONNECTIONS_PER_ADDRESS_MAX } from '../limits.js'
import { CountByAddress } from '../session/count-by-address.js'

/** Whom a connection counts as where there are bounds per address. */
export function addressOf(socket: Socket): string {
  return addressPrefix(socket.remoteAddress ?? 'unknown')
}

/**
 * Bounds connections that have asked for nothing yet, or for plain HTTP (INV-45): whoever opens too many is
 * hung up on before a byte is read. Answers what to call with one that has become a session.
 */
export function boundPlainConnections(server: Server): (socket: Socket) => void {
  const counts = new CountByAddress()
  const plain = new Map<Socket, string>()
  const release = (socket: Socket) => {
    const address = plain.get(socket)
    if (address === undefined) return
    plain.delete(socket)
    counts.add(address, -1)
  }
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket)
    if (
      counts.total >= PLAIN_CONNECTIONS_MAX ||
      counts.of(address) >= PLAIN_CONNECTIONS_PER_ADDRESS_MAX
    ) {
      socket.destroy()
      return
    }
    plain.set(socket, address)
    counts.add(address, 1)
    socket.once('close', () => release(socket))
  })
  return release
}
