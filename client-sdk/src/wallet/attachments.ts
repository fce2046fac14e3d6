import type { ChannelId } from '@tallystick/protocol'

/** How far a channel is on the connection to the hub; absent: nothing was said about it. */
export type Attachment =
  /** The attach is on its way. */
  | { readonly phase: 'asked'; readonly since: number }
  /** The hub has answered; one of the two sides resumes before anything is signed (CH-18). */
  | { readonly phase: 'answered'; readonly since: number }
  | { readonly phase: 'attached' }
  /** Not taken up for now; asked for again later. */
  | { readonly phase: 'resting'; readonly until: number }
  /** Another device with the same words has it, until the owner uses it here again. */
  | { readonly phase: 'taken' }

/** Milliseconds after which a hub that answers an attach with nothing is connected to afresh. */
const ANSWER_MS = 10_000
/** Milliseconds after which a channel that the hub did not take up is tried again. */
const REST_MS = 10_000

/** What became of each channel of a wallet on one connection. Times are of a monotonic clock. */
export class Attachments {
  readonly #channels = new Map<ChannelId, Attachment>()
  /** Those that the hub did not know. */
  readonly #missed = new Set<ChannelId>()

  phaseOf(channel: ChannelId): Attachment['phase'] | undefined {
    return this.#channels.get(channel)?.phase
  }

  /** Channels that another device has, until the owner uses the wallet here again. */
  get elsewhere(): readonly ChannelId[] {
    const taken = [...this.#channels].filter(([, { phase }]) => phase === 'taken')
    return taken.map(([channel]) => channel)
  }

  /** Whether an attach is due at `now`. */
  isDue(channel: ChannelId, now: number): boolean {
    const attachment = this.#channels.get(channel)
    return attachment === undefined || (attachment.phase === 'resting' && now >= attachment.until)
  }

  /** Whether nothing more is to be expected of a channel before somebody can use the rest. */
  isSettled(channel: ChannelId): boolean {
    const phase = this.phaseOf(channel)
    return phase === 'attached' || phase === 'resting' || phase === 'taken'
  }

  /** Whether an attach is under way. */
  isPending(channel: ChannelId): boolean {
    const phase = this.phaseOf(channel)
    return phase === 'asked' || phase === 'answered'
  }

  /** Whether the hub owes an answer for too long. */
  isStuck(now: number): boolean {
    return [...this.#channels.values()].some(
      (attachment) =>
        (attachment.phase === 'asked' || attachment.phase === 'answered') &&
        now - attachment.since > ANSWER_MS,
    )
  }

  wait(channel: ChannelId, phase: 'asked' | 'answered', now: number): void {
    this.#channels.set(channel, { phase, since: now })
  }

  attached(channel: ChannelId): void {
    this.#channels.set(channel, { phase: 'attached' })
  }

  rest(channel: ChannelId, now: number): void {
    this.#channels.set(channel, { phase: 'resting', until: now + REST_MS })
  }

  taken(channel: ChannelId): void {
    this.#channels.set(channel, { phase: 'taken' })
  }

  /** Whether the hub may just not have seen the block of a channel that it does not know: it is the first time. */
  isFirstMiss(code: string, channel: ChannelId): boolean {
    if (code !== 'channel_unknown') return false
    const isFirst = !this.#missed.has(channel)
    this.#missed.add(channel)
    return isFirst
  }

  /** The next round attaches it again. */
  forget(channel: ChannelId): void {
    this.#channels.delete(channel)
  }

  /** The owner uses the wallet: what another device has taken over is taken back. */
  takeBack(): void {
    for (const [channel, { phase }] of this.#channels) if (phase === 'taken') this.forget(channel)
  }

  /** The connection is gone; what another device has taken over stays with it. */
  clear(): void {
    for (const [channel, { phase }] of this.#channels) if (phase !== 'taken') this.forget(channel)
  }
}
