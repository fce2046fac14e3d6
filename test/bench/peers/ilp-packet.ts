import type { PeerPayment } from './peer-client.js'

/*
 * Packets of the Interledger protocol, version 4 (its RFC 27), as far as a payment needs them: lengths of
 * up to 127 bytes stand in one byte, longer ones in two behind a byte that says so (OER, RFC 30).
 */

/** Types of packets. */
const TYPE = { prepare: 12, fulfill: 13, reject: 14 } as const
const AMOUNT_BYTES = 8
/** A time as `YYYYMMDDHHmmssSSS`, UTC. */
const TIME_BYTES = 17
const HASH_BYTES = 32
const CODE_BYTES = 3
/** Lengths from here on do not fit one byte. */
const LONG = 0x80
const LONG_IN_TWO_BYTES = 0x82

/** What came of it: the preimage, or why not. */
export type IlpPacket =
  | { readonly kind: 'prepare'; readonly amount: bigint; readonly condition: Buffer }
  | { readonly kind: 'fulfill'; readonly preimage: Buffer }
  | { readonly kind: 'reject'; readonly code: string }

export function prepareBytes({ amount, expiry, condition, destination }: PeerPayment): Buffer {
  const amountBytes = Buffer.allocUnsafe(AMOUNT_BYTES)
  amountBytes.writeBigUInt64BE(amount)
  const time = expiry.toISOString().replace(/[^0-9]/g, '')
  const content = [amountBytes, Buffer.from(time, 'latin1'), condition]
  return packetBytes(TYPE.prepare, [
    ...content,
    ...octets(Buffer.from(destination, 'latin1')),
    ...octets(Buffer.alloc(0)),
  ])
}

/** `preimage`: 32 bytes. */
export function fulfillBytes(preimage: Uint8Array): Buffer {
  return packetBytes(TYPE.fulfill, [preimage, ...octets(Buffer.alloc(0))])
}

/** Throws on anything that is no packet of these three. */
export function ilpPacketOf(bytes: Buffer): IlpPacket {
  const [content] = octetsAt(bytes, 1)
  switch (bytes[0]) {
    case TYPE.prepare: {
      const from = AMOUNT_BYTES + TIME_BYTES
      const condition = content.subarray(from, from + HASH_BYTES)
      return { kind: 'prepare', amount: content.readBigUInt64BE(0), condition }
    }
    case TYPE.fulfill:
      return { kind: 'fulfill', preimage: content.subarray(0, HASH_BYTES) }
    case TYPE.reject:
      return { kind: 'reject', code: content.toString('latin1', 0, CODE_BYTES) }
    default:
      throw new Error(`no packet is of type ${bytes[0]}`)
  }
}

/** Bytes behind their length. */
export function octets(bytes: Uint8Array): [length: Buffer, bytes: Uint8Array] {
  const { length } = bytes
  if (length < LONG) return [Buffer.of(length), bytes]
  return [Buffer.of(LONG_IN_TWO_BYTES, length >>> 8, length & 0xff), bytes]
}

/** The bytes whose length stands at `at`, and where they end. */
export function octetsAt(bytes: Buffer, at: number): [bytes: Buffer, end: number] {
  const first = bytes.readUInt8(at)
  if (first > LONG_IN_TWO_BYTES) throw new Error('packets of a payment are short')
  const sizeBytes = first < LONG ? 0 : first - LONG
  const length = sizeBytes === 0 ? first : bytes.readUIntBE(at + 1, sizeBytes)
  const from = at + 1 + sizeBytes
  return [bytes.subarray(from, from + length), from + length]
}

function packetBytes(type: number, content: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(type), ...octets(Buffer.concat(content))])
}
