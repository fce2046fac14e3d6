import { type ChannelId, RESUME_NONCE_BYTES, type Timestamp } from '@tallystick/protocol'
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
  const commit = (channels: ReadonlyMap<ChannelId, HubChannel>) =>
    journal.commit({ channels, payments: new Map(), reveals: new Set() }, undefined)
  let asking = new Map<ChannelId, HubChannel>()
  for (const channel of journal.stored.state.pages.resuming()) {
    const asked = askAtStart(channel, { nonce: randomBytes(RESUME_NONCE_BYTES) })
    if (asked !== undefined) asking.set(idOf(asked), asked)
    if (asking.size < CHANNELS_PER_COMMIT) continue
    await commit(asking)
    asking = new Map()
  }
  if (asking.size > 0) await commit(asking)
}

/** After a copy was taken all channels may ask: together they would take ten times what their pages do. */
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
