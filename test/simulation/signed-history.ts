import {
  type ChannelId,
  type ChannelParty,
  encode,
  isRejection,
  type LaneState,
  laneStateCodec,
  type Message,
  parseFrame,
  toHex,
} from '@tallystick/protocol'
import { Violation } from './violation.js'

/** One honest process, as the observer of signatures sees it. */
export type SignerProcess = {
  readonly name: string
  /** What of a channel lies on its disk now. */
  readonly durable: (channel: ChannelId) => ChannelParty | undefined
}

/**
 * Everything that honest processes ever sent in signed form, over all their lives. INV-16: one
 * content for each version of a lane, and neither `transferred` nor `acked` falls. INV-17: nothing
 * leaves that is not on disk. INV-19: nobody acks what it has not stored.
 */
export class SignedHistory {
  /** By process: what was handed in to be written, by lane version; it is signed by then. */
  readonly #handedIn = new Map<string, Map<string, LaneState>>()
  readonly #sent = new Map<string, string>()
  readonly #newest = new Map<string, LaneState>()

  /** A process hands a channel in to be written. */
  onWrite(process: string, { ledger, own }: ChannelParty): void {
    const handedIn = this.#handedIn.get(process) ?? new Map<string, LaneState>()
    this.#handedIn.set(process, handedIn)
    handedIn.set(nameOf(ledger.id, own), own)
  }

  /** A frame leaves an honest process. */
  onSent(process: SignerProcess, bytes: Uint8Array): void {
    const messages = parseFrame(bytes)
    if (isRejection(messages)) {
      throw new Violation('defect', `${process.name} sends what is no frame`)
    }
    for (const message of messages) this.#onSaid(process, message)
  }

  #onSaid({ name, durable }: SignerProcess, message: Message): void {
    if (message.kind === 'stored') {
      const held = durable(message.channel)?.peer.version ?? 0
      if (message.version > held) {
        throw new Violation('INV-17', `${name} confirms ${message.version}, on disk is ${held}`)
      }
    }
    if (message.kind !== 'update') return
    const { channel, acked } = message
    const lane = this.#handedIn.get(name)?.get(nameOf(channel, message))
    const stored = durable(channel)
    if (lane === undefined || stored === undefined || precedes(stored.own, message)) {
      throw new Violation('INV-17', `${name} sends version ${message.version} that is not on disk`)
    }
    if (acked > stored.peer.version) {
      throw new Violation('INV-19', `${name} acks ${acked}, on disk is ${stored.peer.version}`)
    }
    this.#note(name, channel, lane)
  }

  #note(name: string, channel: ChannelId, lane: LaneState): void {
    const version = `${name} ${nameOf(channel, lane)}`
    const content = toHex(encode(laneStateCodec, lane))
    const before = this.#sent.get(version)
    if (before === content) return
    if (before !== undefined) throw new Violation('INV-16', `${version} has two contents`)
    this.#sent.set(version, content)
    const newest = this.#newest.get(`${name} ${channel}`)
    if (newest !== undefined && !precedes(newest, lane)) return
    this.#newest.set(`${name} ${channel}`, lane)
    // A resume may go back to a proof that the other side holds, behind what never reached it.
    if (newest === undefined || lane.epoch !== newest.epoch) return
    if (lane.transferred < newest.transferred) {
      throw new Violation('INV-16', `${version} transfers less than the version before`)
    }
    if (lane.acked < newest.acked) {
      throw new Violation('INV-16', `${version} acks less than the version before`)
    }
  }
}

type Version = { readonly epoch: number; readonly version: number }

function nameOf(channel: ChannelId, { epoch, version }: Version): string {
  return `${channel}:${epoch}:${version}`
}

function precedes(a: Version, b: Version): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.version < b.version)
}
