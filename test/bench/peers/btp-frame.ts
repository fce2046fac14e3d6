import { octets, octetsAt } from './ilp-packet.js'

/*
 * Frames of the Bilateral Transfer Protocol, version 2 (Interledger RFC 23), as far as a client needs
 * them: a request or an answer to it, with one or more named parts.
 */

/** Types of frames. */
const TYPE = { response: 1, error: 2, message: 6 } as const
/** A part's kind of content: bytes, or text. */
const CONTENT = { bytes: 0, text: 1 } as const
const HEADER_BYTES = 5

type Part = readonly [name: string, content: number, data: Uint8Array]

export type BtpFrame = {
  /** Which request it is, or answers. */
  readonly request: number
} & (
  | { readonly kind: 'message' | 'response'; readonly packet: Buffer | undefined }
  | { readonly kind: 'error'; readonly text: string }
)

/** What a client says first; `secret` is what the hub knows it by. */
export function authFrame(request: number, secret: string): Buffer {
  return frameBytes(TYPE.message, request, [
    ['auth', CONTENT.bytes, Buffer.alloc(0)],
    ['auth_username', CONTENT.text, Buffer.alloc(0)],
    ['auth_token', CONTENT.text, Buffer.from(secret)],
  ])
}

export function requestFrame(request: number, packet: Uint8Array): Buffer {
  return frameBytes(TYPE.message, request, [['ilp', CONTENT.bytes, packet]])
}

export function responseFrame(request: number, packet: Uint8Array): Buffer {
  return frameBytes(TYPE.response, request, [['ilp', CONTENT.bytes, packet]])
}

/** Throws on frames that no hub sends to a client of a payment. */
export function btpFrameOf(bytes: Buffer): BtpFrame {
  const request = bytes.readUInt32BE(1)
  const [content] = octetsAt(bytes, HEADER_BYTES)
  switch (bytes[0]) {
    case TYPE.message:
      return { kind: 'message', request, packet: packetIn(content) }
    case TYPE.response:
      return { kind: 'response', request, packet: packetIn(content) }
    case TYPE.error:
      return { kind: 'error', request, text: content.toString('latin1') }
    default:
      throw new Error(`no frame is of type ${bytes[0]}`)
  }
}

/** The packet of a frame that has nothing else. */
function packetIn(content: Buffer): Buffer | undefined {
  const sizeBytes = content.readUInt8(0)
  if (content.readUIntBE(1, sizeBytes) === 0) return undefined
  const [, end] = octetsAt(content, 1 + sizeBytes)
  const [packet] = octetsAt(content, end + 1)
  return packet
}

function frameBytes(type: number, request: number, parts: readonly Part[]): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  header[0] = type
  header.writeUInt32BE(request, 1)
  const content = parts.flatMap(([name, kind, data]) => [
    ...octets(Buffer.from(name, 'latin1')),
    Buffer.of(kind),
    ...octets(data),
  ])
  return Buffer.concat([header, ...octets(Buffer.concat([Buffer.of(1, parts.length), ...content]))])
}
