import {
  type ChannelId,
  framesOf,
  type Message,
  UNCONFIRMED_UPDATES_MAX,
} from '@tallystick/protocol'
import type { Clock } from '../clock.js'

/**
 * Milliseconds that a `stored` waits for company at most, and half of that at least (WIRE-8): longer
 * than from a payment to its receipt on a busy hub, and what is kept for it meanwhile stays small.
 */
const STORED_WAIT_MS = 50
/** Updates of a session after which its `stored` waits no longer: far below what stops the other side. */
const STORED_WAIT_UPDATES_MAX = UNCONFIRMED_UPDATES_MAX / 8

/** Who says something on a session. */
export type Speaker = {
  /** Hands frames to the connection, in this order. */
  transmit(frames: readonly Uint8Array[]): void
}

/** Updates that one session is about to confirm. */
type Confirmations = {
  /** The newest version of each lane: it confirms those before it. */
  readonly versions: Map<ChannelId, number>
  updates: number
}

/**
 * Joins what sessions say (WIRE-7): what one of them says in one turn of the event loop goes out at
 * the end of the turn, in its order and in as few frames as hold it. A `stored` goes along with the
 * next that is said, and waits for that a while (WIRE-8). A session that is silent costs nothing here.
 */
export class Outbox<Session extends Speaker> {
  readonly #clock: Clock
  readonly #said = new Map<Session, Message[]>()
  /** Confirmations that wait since the last tick, and those that have seen one. */
  #fresh = new Map<Session, Confirmations>()
  #stale = new Map<Session, Confirmations>()
  #isTicking = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  say(session: Session, message: Message): void {
    if (message.kind === 'stored') return this.#confirm(session, message.channel, message.version)
    this.#thisTurn(session).push(message)
  }

  /** Says at once all that waits. */
  flush(session: Session): void {
    // Confirmations come last: nobody waits for one, and a payment must not wait for it to be heard.
    const messages = [...(this.#said.get(session) ?? []), ...this.#takeConfirmations(session)]
    this.#said.delete(session)
    if (messages.length > 0) session.transmit(framesOf(messages))
  }

  /** The channel is another session's now: this one confirms nothing of it. */
  retract(session: Session, channel: ChannelId): void {
    const waiting = this.#stale.get(session) ?? this.#fresh.get(session)
    waiting?.versions.delete(channel)
  }

  /** The session is over: nothing of it is said any more. */
  forget(session: Session): void {
    this.#said.delete(session)
    this.#fresh.delete(session)
    this.#stale.delete(session)
  }

  #confirm(session: Session, channel: ChannelId, version: number): void {
    const before = this.#stale.get(session) ?? this.#fresh.get(session)
    const waiting = before ?? { versions: new Map<ChannelId, number>(), updates: 0 }
    if (before === undefined) this.#fresh.set(session, waiting)
    waiting.versions.set(channel, version)
    waiting.updates++
    if (waiting.updates >= STORED_WAIT_UPDATES_MAX) this.#thisTurn(session)
    else if (!this.#isTicking) this.#tick()
  }

  /** What goes out at the end of this turn, and takes along what waits. */
  #thisTurn(session: Session): Message[] {
    const before = this.#said.get(session)
    if (before !== undefined) return before
    if (this.#said.size === 0) queueMicrotask(() => this.#flushAll())
    const said: Message[] = []
    this.#said.set(session, said)
    return said
  }

  /** One timer for all sessions, while any of them has something to confirm. */
  #tick(): void {
    this.#isTicking = true
    this.#clock.after(STORED_WAIT_MS / 2, () => {
      const due = this.#stale
      for (const session of due.keys()) this.flush(session)
      this.#stale = this.#fresh
      this.#fresh = due
      if (this.#stale.size > 0) this.#tick()
      else this.#isTicking = false
    })
  }

  #takeConfirmations(session: Session): Message[] {
    const waiting = this.#stale.get(session) ?? this.#fresh.get(session)
    if (waiting === undefined) return []
    this.#stale.delete(session)
    this.#fresh.delete(session)
    return [...waiting.versions].map(([channel, version]) => ({ kind: 'stored', channel, version }))
  }

  #flushAll(): void {
    for (const session of [...this.#said.keys()]) this.flush(session)
  }
}
