import type { ChannelId } from '@tallystick/protocol'
import type { HubEffect } from '../core/hub-effect.js'
import { HANDSHAKES_MAX, SESSIONS_MAX, SESSIONS_PER_ADDRESS_MAX } from '../limits.js'
import type { Session } from './session.js'

/** What a session is told whose channel another one attaches. */
const TAKEN = {
  code: 'channel_taken',
  detail: 'another session with the channel key has taken the channel over',
}

/** Who is connected, from where, and which session speaks for which channel. */
export class SessionRegistry {
  readonly #sessions = new Map<Session, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #byChannel = new Map<ChannelId, Session>()
  readonly #challenged = new Set<Session>()

  get size(): number {
    return this.#sessions.size
  }

  /** Whether one more connection from `address` may be taken. */
  admits(address: string): boolean {
    return (
      this.#sessions.size < SESSIONS_MAX &&
      this.#challenged.size < HANDSHAKES_MAX &&
      (this.#perAddress.get(address) ?? 0) < SESSIONS_PER_ADDRESS_MAX
    )
  }

  add(session: Session, address: string): void {
    this.#sessions.set(session, address)
    this.#challenged.add(session)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
  }

  proven(session: Session): void {
    this.#challenged.delete(session)
  }

  remove(session: Session): void {
    const address = this.#sessions.get(session)
    if (address === undefined) return
    this.#sessions.delete(session)
    this.#challenged.delete(session)
    const left = (this.#perAddress.get(address) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, left)
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
      case 'detach':
        this.#byChannel.delete(effect.channel)
        session?.release(effect.channel, effect)
        break
      case 'readyToClose':
        break
    }
  }

  leaveAll(): void {
    for (const session of this.#sessions.keys()) session.leave()
  }
}
