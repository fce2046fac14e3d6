import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, PROCESS_CLOCK } from '@tallystick/client-sdk'
import { addressPrefix } from '@tallystick/protocol'
import {
  PLAIN_CONNECTIONS_MAX,
  PLAIN_CONNECTIONS_PER_ADDRESS_MAX,
  PLAIN_MS_MAX,
} from '../limits.js'
import { CountByAddress } from '../session/count-by-address.js'

/**
 * Bounds connections that have asked for nothing yet, or for plain HTTP (INV-45): who opens too many is hung
 * up on before a byte is read, and who has stayed too long makes room for the next that comes.
 */
export class PlainConnections<
  Connection extends { readonly remoteAddress?: string | undefined; destroy(): unknown },
> {
  readonly #clock: Clock
  readonly #perAddress = new CountByAddress()
  /** The oldest first. */
  readonly #open = new Map<Connection, { readonly address: string; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(connection: Connection): void {
    const now = this.#clock.nowMs()
    for (const [other, { until }] of this.#open) {
      if (until > now) break
      this.remove(other)
      other.destroy()
    }
    const address = this.addressOf(connection)
    const isFull = this.#open.size >= PLAIN_CONNECTIONS_MAX
    if (isFull || this.#perAddress.of(address) >= PLAIN_CONNECTIONS_PER_ADDRESS_MAX) {
      connection.destroy()
      return
    }
    this.#open.set(connection, { address, until: now + PLAIN_MS_MAX })
    this.#perAddress.add(address, 1)
  }

  /** Whom it counts as where there are bounds per address. */
  addressOf(connection: Connection): string {
    const open = this.#open.get(connection)
    return open?.address ?? addressPrefix(connection.remoteAddress ?? 'unknown')
  }

  /** It is gone, or has become a session. */
  remove(connection: Connection): void {
    const open = this.#open.get(connection)
    if (open === undefined) return
    this.#open.delete(connection)
    this.#perAddress.add(open.address, -1)
  }
}

/** The plain connections of a server: what has become a session is taken out by whoever makes it one. */
export function boundPlainConnections(server: Server): PlainConnections<Socket> {
  const connections = new PlainConnections<Socket>(PROCESS_CLOCK)
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
