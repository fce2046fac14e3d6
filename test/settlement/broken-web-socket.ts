import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { TestContext } from 'node:test'

/** A frame with a reserved bit, and the head of one of 2^40 bytes. */
export const BROKEN_FRAMES = {
  reservedBit: Uint8Array.of(0xc2, 0x00),
  huge: Uint8Array.of(0x82, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0),
} as const

/** Host of a server that opens any WebSocket, sends these bytes on it, and never hangs up. */
export async function startBrokenWebSocket(
  context: TestContext,
  bytes: Uint8Array,
): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    context.after(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('data', (request) => {
      const key = /Sec-WebSocket-Key: (\S+)/i.exec(String(request))?.[1] ?? ''
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
      )
      socket.write(bytes)
    })
  })
  context.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
