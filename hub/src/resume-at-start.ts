import { RESUME_NONCE_BYTES, type Timestamp } from '@tallystick/protocol'
import { type HubChannel, idOf } from './core/hub-channel.js'
import { askAtStart } from './core/resume-step.js'
import type { Journal } from './store/journal.js'

/**
 * Asks anew on every channel that waits to be resumed (CH-18): a copy of the journal may bring an old
 * request back after it was answered. Durable when the promise is kept.
 */
export async function resumeAtStart(
  journal: Journal,
  randomBytes: (length: number) => Uint8Array,
): Promise<void> {
  const asking = [...journal.stored.state.pages.resuming()].flatMap((channel) => {
    const nonce = randomBytes(RESUME_NONCE_BYTES)
    return askAtStart(channel, { nonce }) ?? []
  })
  for (let from = 0; from < asking.length; from += CHANNELS_PER_COMMIT) {
    const some = asking.slice(from, from + CHANNELS_PER_COMMIT)
    const channels = new Map(some.map((channel) => [idOf(channel), channel]))
    await journal.commit({ channels, payments: new Map(), reveals: new Set() }, undefined)
  }
}

/** After a copy was taken all channels may ask. */
const CHANNELS_PER_COMMIT = 1_024

/** What a channel of a restored copy becomes: nothing is signed on it before it is resumed (HUB-8). */
export function restoredAt(
  restoredTime: Timestamp,
  randomBytes: (length: number) => Uint8Array,
): (channel: HubChannel) => HubChannel {
  return (channel) => {
    const nonce = randomBytes(RESUME_NONCE_BYTES)
    return askAtStart(channel, { nonce, restoredTime }) ?? channel
  }
}
