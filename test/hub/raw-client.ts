import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that says bytes where others say frames, and reads when it likes. */
export class RawClient {
  readonly socket: Socket
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
    })
  }

  /** Hangs on a server at `port`, and asks for nothing. */
  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  /** Asks for a session; from then on nothing is read but what is asked for. */
  static async upgrade(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port)
    const lines = ['GET /v1/session HTTP/1.1', 'Host: x', 'Upgrade: websocket']
    const key = ['Connection: Upgrade', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
    const version = ['Sec-WebSocket-Version: 13', '', '']
    await client.write(Buffer.from([...lines, ...key, ...version].join('\r\n')))
    await once(client.socket, 'readable')
    return client
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when the bytes have left, and the server has had a turn to read them. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isClosed) await new Promise((done) => this.socket.write(bytes, done))
    await new Promise(setImmediate)
  }

  /** Resolves once the server has hung up; reads what it has said before. */
  async closed(): Promise<void> {
    this.socket.resume()
    if (!this.#isClosed) await once(this.socket, 'close')
  }
}

/** A frame as clients say it, under a mask of zeros; or a part of a message. */
export function clientFrame(payload: Uint8Array, opcode = 2, isLast = true): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 6 : 8)
  head[0] = (isLast ? 0x80 : 0) | opcode
  head[1] = 0x80 | (length < 126 ? length : 126)
  if (length >= 126) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, payload])
}
