import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** Opcodes of RFC 6455 §5.2 that are said here. */
const OPCODE = { binary: 2, close: 8, ping: 9, pong: 10 } as const
const FIN = 0x80
const MASKED = 0x80
/** Lengths from here on stand in the two bytes behind the header, and those from 65,536 on in eight. */
const LENGTH_16 = 126
const LENGTH_64 = 127
const LENGTH_64_MIN = 65_536
/** What the other side of a load has to take off again, as from any client. */
const MASK = Uint8Array.of(0x5a, 0x13, 0xc7, 0x88)

export type WireHandlers = {
  /** The server has agreed to speak WebSocket. */
  readonly onOpen: () => void
  readonly onMessage: (bytes: Uint8Array) => void
  /** Called once, whether it ever stood or not. */
  readonly onClose: (why: string) => void
}

/**
 * The client's end of a WebSocket with nothing to spare: binary frames, never in parts, and one write for all that is said in a turn of the event loop.
 */
export class WireSocket {
  /** Sockets that have something to say at the end of this turn. */
  static #speaking: WireSocket[] = []

  readonly #socket: Socket
  readonly #handlers: WireHandlers
  #unread: Buffer = Buffer.alloc(0)
  #isUpgraded = false
  #unsent: Buffer[] = []

  /** Connects to `ws://host:port/path`. */
  constructor(url: string, handlers: WireHandlers) {
    const { hostname, port, pathname } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let failure = 'the other end hung up'
    socket.once('connect', () => {
      const key = randomBytes(16).toString('base64')
      const lines = [
        `GET ${pathname} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${key}`,
        'Sec-WebSocket-Version: 13',
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    })
    socket.on('data', (data) => this.#read(data))
    socket.on('error', ({ message }) => {
      failure = message
    })
    socket.on('close', () => handlers.onClose(failure))
    this.#socket = socket
    this.#handlers = handlers
  }

  /** Goes out at the end of this turn of the event loop, with all else that is said in it. */
  send(bytes: Uint8Array): void {
    this.#queue(OPCODE.binary, bytes)
  }

  /** Hangs up without a word. */
  destroy(): void {
    this.#socket.destroy()
  }

  #queue(opcode: number, bytes: Uint8Array): void {
    if (this.#unsent.length === 0) {
      if (WireSocket.#speaking.length === 0) setImmediate(() => WireSocket.#flushAll())
      WireSocket.#speaking.push(this)
    }
    this.#unsent.push(clientFrame(opcode, bytes))
  }

  static #flushAll(): void {
    const speaking = WireSocket.#speaking
    WireSocket.#speaking = []
    for (const wire of speaking) {
      const frames = wire.#unsent
      wire.#unsent = []
      const [first] = frames
      if (first === undefined || wire.#socket.destroyed) continue
      wire.#socket.write(frames.length === 1 ? first : Buffer.concat(frames))
    }
  }

  #read(data: Buffer): void {
    this.#unread = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data])
    if (!this.#isUpgraded) {
      const end = this.#unread.indexOf('\r\n\r\n')
      if (end === -1) return
      const [status = ''] = this.#unread.toString('latin1', 0, end).split('\r\n')
      if (!status.startsWith('HTTP/1.1 101')) {
        this.#socket.destroy(new Error(status))
        return
      }
      this.#unread = this.#unread.subarray(end + 4)
      this.#isUpgraded = true
      this.#handlers.onOpen()
    }
    this.#readFrames()
  }

  #readFrames(): void {
    const unread = this.#unread
    let at = 0
    while (unread.length - at >= 2) {
      const opcode = (unread[at] ?? 0) & 0x0f
      const short = unread[at + 1] ?? 0
      const from = at + 2 + lengthBytesOf(short)
      if (unread.length < from) break
      const length = lengthOf(unread, at + 2, short)
      if (unread.length - from < length) break
      at = from + length
      this.#take(opcode, unread.subarray(from, at))
    }
    this.#unread = at === 0 ? unread : unread.subarray(at)
  }

  #take(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case OPCODE.binary: {
        const { buffer, byteOffset, length } = payload
        this.#handlers.onMessage(new Uint8Array(buffer, byteOffset, length))
        break
      }
      case OPCODE.ping:
        this.#queue(OPCODE.pong, payload)
        break
      case OPCODE.close:
        this.#socket.destroy()
        break
      default:
        throw new Error(`a hub does not say frames of kind ${opcode}`)
    }
  }
}

function clientFrame(opcode: number, bytes: Uint8Array): Buffer {
  const { length } = bytes
  const short = length < LENGTH_16 ? length : length < LENGTH_64_MIN ? LENGTH_16 : LENGTH_64
  const header = 6 + lengthBytesOf(short)
  const frame = Buffer.allocUnsafe(header + length)
  frame[0] = FIN | opcode
  frame[1] = MASKED | short
  if (short === LENGTH_16) frame.writeUInt16BE(length, 2)
  if (short === LENGTH_64) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(MASK, header - 4)
  for (let i = 0; i < length; i++) {
    frame[header + i] = (bytes[i] ?? 0) ^ (MASK[i & 3] ?? 0)
  }
  return frame
}

/** Bytes behind the header that the length of a frame takes. */
function lengthBytesOf(short: number): number {
  return short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0
}

function lengthOf(unread: Buffer, at: number, short: number): number {
  if (short === LENGTH_16) return unread.readUInt16BE(at)
  return short === LENGTH_64 ? Number(unread.readBigUInt64BE(at)) : short
}
