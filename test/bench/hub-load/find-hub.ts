import { once } from 'node:events'
import { connect } from 'node:net'

/** Milliseconds between two tries. */
const RETRY_MS = 50

/** Resolves once somebody listens at `ws://host:port/path`; nothing is said to it. */
export async function findHub(url: string): Promise<void> {
  while (!(await isListening(url))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
