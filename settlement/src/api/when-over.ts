import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What is to be given back when a connection ends: several requests may wait on one. */
const PENDING = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `release` once: when the answer was given, or its connection ended before. An answer that
 * waits behind another on its connection is not told of that end.
 */
export function whenOver(response: ServerResponse, release: () => void): void {
  const { socket } = response.req
  const pending = PENDING.get(socket) ?? watched(socket)
  const over = () => {
    if (pending.delete(over)) release()
  }
  pending.add(over)
  response.once('close', over)
  if (socket.destroyed) over()
}

/** How much waits for the end of answers on a connection. */
export function countUnderWay(socket: Socket): number {
  return PENDING.get(socket)?.size ?? 0
}

function watched(socket: Socket): Set<() => void> {
  const pending = new Set<() => void>()
  PENDING.set(socket, pending)
  socket.once('close', () => {
    for (const over of pending) over()
  })
  return pending
}
