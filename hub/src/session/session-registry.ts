import type { Clock } from '@tallystick/client-sdk'
import type { ChannelId } from '@tallystick/protocol'
import type { HubEffect } from '../core/hub-effect.js'
import { Admission } from './admission.js'
import type { Session } from './session.js'

/** What a session is told whose channel another one attaches. */
const TAKEN = {
  code: 'channel_taken',
  detail: 'another session with the channel key has taken the channel over',
}

/** Who is connected, from where, and which session speaks for which channel. */
export class SessionRegistry {
  readonly #admission: Admission<Session>
  readonly #byChannel = new Map<ChannelId, Session>()

  constructor(clock: Clock) {
    this.#admission = new Admission(clock)
  }

  get size(): number {
    return this.#admission.size
  }

  /** Whom it counts as; absent: it is over. */
  addressOf(session: Session): string | undefined {
    return this.#admission.addressOf(session)
  }

  /** Whether one more connection from `address` may be taken. */
  admits(address: string): boolean {
    return this.#admission.admits(address)
  }

  add(session: Session, address: string): void {
    this.#admission.add(session, address)
  }

  proven(session: Session): void {
    this.#admission.proven(session)
  }

  remove(session: Session): void {
    this.#admission.remove(session)
  }

  attach(channel: ChannelId, session: Session): void {
    const before = this.#byChannel.get(channel)
    if (before !== undefined && before !== session) {
      before.release(channel, TAKEN)
      this.#admission.weigh(before)
    }
    this.#byChannel.set(channel, session)
    this.#admission.weigh(session)
  }

  detach(channel: ChannelId, session: Session): void {
    if (this.#byChannel.get(channel) === session) this.#byChannel.delete(channel)
    this.#admission.weigh(session)
  }

  /** Carries out what a batch wants said; whoever is away syncs when it is back. */
  perform(effect: HubEffect): void {
    const session = this.#byChannel.get(effect.channel)
    switch (effect.kind) {
      case 'send':
        session?.send(effect.message)
        break
      case 'endSession': {
        const { code, detail } = effect
        session?.end({ kind: 'rejection', code, detail })
        break
      }
      case 'idle':
        session?.idle()
        break
      case 'readyToClose':
      case 'readyToWithdraw':
      case 'dataLost':
        break
    }
  }

  leaveAll(): void {
    for (const session of [...this.#admission.sessions()]) session.leave()
  }
}
