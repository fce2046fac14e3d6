import { once } from 'node:events'
import { WebSocket } from 'ws'

/**
 * Has a process drop what it holds and does not need, so that its memory can be measured: over its
 * inspector (`node --inspect`), at `ws://host:port/id`.
 */
export async function collectGarbage(inspectorUrl: string): Promise<void> {
  const socket = new WebSocket(inspectorUrl)
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }))
  const [answer] = (await once(socket, 'message')) as [Buffer]
  const { error } = JSON.parse(answer.toString()) as { error?: { message: string } }
  socket.terminate()
  if (error !== undefined) throw new Error(error.message)
}
