import { type Codec, decode } from '../codec/codec.js'
import { Writer } from '../codec/writer.js'
import { briefBytes } from '../primitives/brief-bytes.js'
import { invariant } from '../primitives/invariant.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { MESSAGE_BYTES_MAX, type Message, messageCodec } from './message.js'

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

/** The frames that say all of `messages` in their order: as few as hold them. They are to be sent, and not kept. */
export function framesOf(messages: readonly Message[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  let open = 0
  writer.clear()
  for (const message of messages) {
    const openBytes = writer.length
    messageCodec.write(writer, message)
    if (open === FRAME_MESSAGES_MAX || (open > 0 && writer.length > MESSAGE_BYTES_MAX)) {
      frames.push(briefBytes(writer.view(openBytes)))
      writer.shift(openBytes)
      open = 0
    }
    open++
  }
  if (open > 0) frames.push(briefBytes(writer.view()))
  return frames
}

/** One buffer for all frames: each is copied out of it. */
const writer = new Writer()
