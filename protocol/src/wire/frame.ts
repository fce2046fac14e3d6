import { type Codec, decode } from '../codec/codec.js'
import { invariant } from '../primitives/invariant.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { encodeMessage, MESSAGE_BYTES_MAX, type Message, messageCodec } from './message.js'

/** Messages of one frame: what a busy session says at one time fits into a few (LIM-2). */
export const FRAME_MESSAGES_MAX = 256

/** What one WebSocket frame says: messages up to its end, in the order in which they are said (WIRE-7). */
export const frameCodec: Codec<readonly Message[]> = {
  layout: { items: messageCodec.layout, bounds: `1..${FRAME_MESSAGES_MAX}, to the end` },
  write: (writer, messages) => {
    const { length } = messages
    invariant(length > 0 && length <= FRAME_MESSAGES_MAX, 'a frame has 1 to 256 messages')
    for (const message of messages) messageCodec.write(writer, message)
  },
  read: (reader) => {
    const messages = [messageCodec.read(reader)]
    while (!reader.isAtEnd) {
      if (messages.length === FRAME_MESSAGES_MAX) {
        return reader.fail(`a frame has at most ${FRAME_MESSAGES_MAX} messages`)
      }
      messages.push(messageCodec.read(reader))
    }
    return messages
  },
}

/** A frame from outside, whole or not at all: its size is checked before its content. */
export function parseFrame(
  bytes: Uint8Array,
): readonly Message[] | Rejection<'malformed' | 'message_too_large'> {
  return bytes.length > MESSAGE_BYTES_MAX
    ? reject('message_too_large', `a frame has at most ${MESSAGE_BYTES_MAX} bytes`)
    : decode(frameCodec, bytes)
}

/** The frames that say all of `messages` in their order: as few as hold them. */
export function framesOf(messages: readonly Message[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  let open: Uint8Array[] = []
  let openBytes = 0
  for (const bytes of messages.map(encodeMessage)) {
    if (open.length === FRAME_MESSAGES_MAX || openBytes + bytes.length > MESSAGE_BYTES_MAX) {
      frames.push(joined(open, openBytes))
      open = []
      openBytes = 0
    }
    open.push(bytes)
    openBytes += bytes.length
  }
  if (open.length > 0) frames.push(joined(open, openBytes))
  return frames
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const frame = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    frame.set(part, offset)
    offset += part.length
  }
  return frame
}
