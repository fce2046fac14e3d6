import { RESUME_NONCE_BYTES, type Timestamp } from '@tallystick/protocol'
import { type HubChannel, idOf } from './core/hub-channel.js'
import { askAtStart } from './core/resume-step.js'
import type { Journal } from './store/journal.js'

/**
 * What the journal holds, with a new request on every channel that waits to be resumed (CH-18): a copy
 * of the journal may bring an old one back after it was answered. Durable when the promise is kept.
 */
export async function resumeAtStart(
  journal: Journal,
  randomBytes: (length: number) => Uint8Array,
): Promise<Awaited<ReturnType<Journal['load']>>> {
  const stored = await journal.load()
  const asking = stored.channels.flatMap((channel) => {
    const nonce = randomBytes(RESUME_NONCE_BYTES)
    return askAtStart(channel, { nonce }) ?? []
  })
  if (asking.length === 0) return stored
  const rows = new Map(asking.map((channel) => [idOf(channel), channel]))
  await journal.commit({ channels: rows, payments: new Map(), reveals: new Set() }, undefined)
  return { ...stored, channels: stored.channels.map((row) => rows.get(idOf(row)) ?? row) }
}

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
