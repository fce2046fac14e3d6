import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Has a server listen, `port` 0 on any. Rejects with what the operating system says no with. */
export function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // A server of a host and a port is bound to both.
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}

/** Where a server is found that listens there. */
export function addressUrl({ family, address, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Stops a server: nobody comes in any more, and who is there is hung up on at once. */
export function stopAtOnce(server: Server): Promise<void> {
  const closed = closing(server)
  server.closeAllConnections()
  return closed
}

/**
 * How to stop a server once what is under way is answered, but after `ms` milliseconds hang up; asked for
 * before it listens.
 */
export function patientStop(server: Server, ms: number): () => Promise<void> {
  let isStopping = false
  server.on('request', (_, response) => {
    // A connection that has nothing under way any more is not waited for.
    response.once('close', () => isStopping && server.closeIdleConnections())
  })
  return async () => {
    isStopping = true
    const closed = closing(server)
    server.closeIdleConnections()
    const impatient = setTimeout(() => server.closeAllConnections(), ms)
    await closed
    clearTimeout(impatient)
  }
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
