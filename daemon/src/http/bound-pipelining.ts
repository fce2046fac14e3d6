import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/** Requests of one connection that are under way at a time; browsers, and what people write, have one. */
const PIPELINED_MAX = 16

/**
 * Hands on the requests of a server, and hangs up on a connection that sends more of them than it waits for
 * answers to (API-12, INV-45). Node reads 64 KiB before it can stop, which are 1,900 requests; a hundred connections
 * that sent so much and read nothing took 700 MB and 40 seconds of a hub.
 */
export function boundPipelining(listener: RequestListener): RequestListener {
  const underWay = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    // What had been read of a connection that is hung up on comes nevertheless.
    if (socket.destroyed) return
    const count = underWay.get(socket) ?? 0
    if (count === PIPELINED_MAX) {
      socket.destroy()
      return
    }
    underWay.set(socket, count + 1)
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1))
    listener(request, response)
  }
}
