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
  readonly #admission = new Admission<Session>()
  readonly #byChannel = new Map<ChannelId, Session>()

  get size(): number {
    return this.#admission.size
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
    if (before !== undefined && before !== session) before.release(channel, TAKEN)
    this.#byChannel.set(channel, session)
  }

  detach(channel: ChannelId, session: Session): void {
    if (this.#byChannel.get(channel) === session) this.#byChannel.delete(channel)
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
      case 'readyToClose':
      case 'dataLost':
        break
    }
  }

  leaveAll(): void {
    for (const session of [...this.#admission.sessions()]) session.leave()
  }
}
