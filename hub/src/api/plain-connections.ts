import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, PROCESS_CLOCK } from '@tallystick/client-sdk'
import { addressPrefix } from '@tallystick/protocol'
import {
  PLAIN_CONNECTIONS_MAX,
  PLAIN_CONNECTIONS_PER_ADDRESS_MAX,
  PLAIN_GRACE_MS,
} from '../limits.js'
import { SharedPlaces } from '../session/shared-places.js'

/**
 * Bounds connections that have asked for nothing yet, or for plain HTTP (INV-45): one that finds no place is
 * hung up on before a byte is read.
 */
export class PlainConnections<
  Connection extends { readonly remoteAddress?: string | undefined; destroy(): unknown },
> {
  readonly #clock: Clock
  readonly #places: SharedPlaces<Connection>

  /** Behind proxies all come from their addresses: one address may have all places then. */
  constructor(clock: Clock, trustedProxies: number) {
    this.#clock = clock
    this.#places = new SharedPlaces({
      max: PLAIN_CONNECTIONS_MAX,
      perAddressMax: trustedProxies > 0 ? PLAIN_CONNECTIONS_MAX : PLAIN_CONNECTIONS_PER_ADDRESS_MAX,
      graceMs: PLAIN_GRACE_MS,
    })
  }

  add(connection: Connection): void {
    const now = this.#clock.nowMs()
    const address = addressPrefix(connection.remoteAddress ?? 'unknown')
    const room = this.#places.roomFor(address, now)
    if (room.kind === 'none') {
      connection.destroy()
      return
    }
    if (room.kind === 'instead') {
      this.remove(room.of)
      room.of.destroy()
    }
    this.#places.add(connection, address, now)
  }

  /** It is gone, or has become a session. */
  remove(connection: Connection): void {
    this.#places.remove(connection)
  }
}

/** The plain connections of a server: what has become a session is taken out by whoever makes it one. */
export function boundPlainConnections(
  server: Server,
  trustedProxies: number,
): PlainConnections<Socket> {
  const connections = new PlainConnections<Socket>(PROCESS_CLOCK, trustedProxies)
  // One function for all: what each connection has of its own is paid for by every session.
  function gone(this: Socket) {
    connections.remove(this)
  }
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.on('close', gone)
  })
  return connections
}
