import type { Clock } from '@tallystick/client-sdk'
import {
  HANDSHAKE_GRACE_MS,
  HANDSHAKES_MAX,
  HANDSHAKES_PER_ADDRESS_MAX,
  SESSION_GRACE_MS,
  SESSIONS_MAX,
  SESSIONS_PER_ADDRESS_MAX,
} from '../limits.js'
import { SharedPlaces } from './shared-places.js'

/** A connection that can be told to go. */
export type Guest = {
  /** Whether it speaks for a channel. */
  readonly hasChannels: boolean
  /** Makes room for somebody else, at once. */
  giveWay(): void
}

/**
 * Who is connected from where. Identities cost nothing, channels do: where places are short, connections
 * without a channel give way, those first of which an address has most; and who speaks for a channel stays.
 */
export class Admission<Session extends Guest> {
  readonly #clock: Clock
  readonly #sessions = new SharedPlaces<Session>({
    ...{ max: SESSIONS_MAX, perAddressMax: SESSIONS_PER_ADDRESS_MAX, graceMs: SESSION_GRACE_MS },
  })
  /** Those that have not yet proved who they are. */
  readonly #handshakes = new SharedPlaces<Session>({
    ...{ max: HANDSHAKES_MAX, perAddressMax: HANDSHAKES_PER_ADDRESS_MAX },
    graceMs: HANDSHAKE_GRACE_MS,
  })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#sessions.size
  }

  sessions(): Iterable<Session> {
    return this.#sessions.holders()
  }

  /** Whom it counts as; absent: it is not here any more. */
  addressOf(session: Session): string | undefined {
    return this.#sessions.addressOf(session)
  }

  /** Whether one more connection from `address` may be taken. */
  admits(address: string): boolean {
    const now = this.#clock.nowMs()
    return [this.#handshakes, this.#sessions].every((places) => {
      return places.roomFor(address, now).kind !== 'none'
    })
  }

  /** A connection that has not yet proved who it is; who has to make room for it goes. */
  add(session: Session, address: string): void {
    const now = this.#clock.nowMs()
    for (const places of [this.#handshakes, this.#sessions]) {
      const room = places.roomFor(address, now)
      if (room.kind === 'instead') room.of.giveWay()
      places.add(session, address, now)
    }
  }

  proven(session: Session): void {
    this.#handshakes.remove(session)
  }

  /** Which channels it speaks for has changed. */
  weigh(session: Session): void {
    if (session.hasChannels) this.#sessions.keep(session)
    else this.#sessions.yield(session, this.#clock.nowMs())
  }

  remove(session: Session): void {
    this.#handshakes.remove(session)
    this.#sessions.remove(session)
  }
}
