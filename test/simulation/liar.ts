import {
  amount,
  applyChange,
  balanceProofDigest,
  type ChainId,
  type Change,
  type ChannelId,
  type ChannelParty,
  encodeMessage,
  isRejection,
  type LaneState,
  type Message,
  type MessageOf,
  parseMessage,
  type Signer,
  signEvidence,
} from '@tallystick/protocol'
import type { Lie } from './action.js'
import type { Random } from './random.js'

type Update = MessageOf<'update'>
type Content = Pick<Update, 'version' | 'acked' | 'changes'>

/** The latest states of a channel that a liar keeps, and messages. */
const KEPT_MAX = 64

/**
 * A party that has all its keys and remembers all that it ever held, and between lies uses the same
 * production code as everybody. It never signs with a key of others.
 */
export class Liar {
  readonly #chainId: ChainId
  readonly #random: Random
  readonly #signerOf: (channel: ChannelId) => Signer | undefined
  readonly #held = new Map<ChannelId, ChannelParty[]>()
  readonly #said: Uint8Array[] = []
  /** What it does to what it says, and of 1,000 messages to how many. */
  #lie: Lie = { how: 'none', share: 0 }

  constructor(
    chainId: ChainId,
    random: Random,
    signerOf: (channel: ChannelId) => Signer | undefined,
  ) {
    this.#chainId = chainId
    this.#random = random
    this.#signerOf = signerOf
  }

  lie(lie: Lie): void {
    this.#lie = lie
  }

  /** A state of its own side, with everything that it was sent by then. */
  remember(party: ChannelParty): void {
    const { id } = party.ledger
    const held = this.#held.get(id) ?? []
    held.push(party)
    if (held.length > KEPT_MAX) held.splice(this.#random.int(0, held.length - 2), 1)
    this.#held.set(id, held)
  }

  /** Everything that it remembers of a channel, the oldest first. */
  held(channel: ChannelId): readonly ChannelParty[] {
    return this.#held.get(channel) ?? []
  }

  channels(): ChannelId[] {
    return [...this.#held.keys()]
  }

  /** What it says instead of a message. */
  readonly tongue = (bytes: Uint8Array): readonly Uint8Array[] => {
    this.#said.push(bytes)
    if (this.#said.length > KEPT_MAX) this.#said.shift()
    const { how, share } = this.#lie
    if (!this.#random.chance(share)) return [bytes]
    const message = parseMessage(bytes)
    if (isRejection(message)) return [bytes]
    switch (how) {
      case 'none':
        return [bytes]
      case 'withholdUpdates':
        return message.kind === 'update' ? [] : [bytes]
      case 'withholdPreimages':
        return message.kind === 'claim' ? [] : [bytes]
      case 'withholdAcks':
        return message.kind === 'stored' ? [] : [bytes]
      case 'declineClaims': {
        if (message.kind !== 'claim') return [bytes]
        const { channel, id } = message
        return [encodeMessage({ kind: 'decline', channel, id, code: 'declined' })]
      }
      case 'repeat':
        return [bytes, this.#random.pick(this.#said)]
      case 'otherChannel':
        return [this.#toOtherChannel(message), bytes]
      case 'garbage':
        return [this.#injured(bytes), bytes]
      case 'dropChanges':
      case 'breach': {
        if (message.kind !== 'update') return [bytes]
        const other = how === 'breach' ? this.#breach(message) : this.#withoutChange(message)
        const signed = other && this.#signed(message, other)
        return signed === undefined ? [bytes] : [encodeMessage(signed)]
      }
    }
  }

  #toOtherChannel(message: Message): Uint8Array {
    const channels = this.channels()
    const isOfChannel = 'channel' in message && message.channel !== undefined
    if (!isOfChannel || channels.length === 0) return encodeMessage(message)
    return encodeMessage({ ...message, channel: this.#random.pick(channels) } as Message)
  }

  #injured(bytes: Uint8Array): Uint8Array {
    const injured = bytes.slice(0, this.#random.int(1, bytes.length))
    const at = this.#random.int(0, injured.length - 1)
    injured[at] = this.#random.int(0, 255)
    return injured
  }

  #withoutChange({ version, acked, changes }: Update): Content {
    const dropped = this.#random.int(0, changes.length - 1)
    return { version, acked, changes: changes.filter((_, position) => position !== dropped) }
  }

  /** A proof that no honest side may take. */
  #breach(update: Update): Content | undefined {
    const { version, acked, changes } = update
    const before = this.held(update.channel).find(({ own }) => own.version === version - 1)
    const named = new Set(changes.map(({ id }) => id))
    const item = before?.own.items.find(({ id }) => !named.has(id))
    switch (this.#random.int(0, 5)) {
      case 0:
        return { version, acked: acked >> 1, changes }
      case 1:
        return { version, acked: acked + 1, changes }
      case 2:
        return { version: version + 1, acked, changes }
      case 3:
        return item && { version, acked, changes: [...changes, { kind: 'cancel', id: item.id }] }
      case 4:
        return item && { version, acked, changes: [...changes, { kind: 'expire', id: item.id }] }
      default:
        return { version, acked, changes: changes.map((change) => this.#tooDear(change)) }
    }
  }

  #tooDear(change: Change): Change {
    return change.kind === 'add' ? { ...change, unit: amount(1_000n * change.unit) } : change
  }

  /** The update with other content, signed; sometimes by a key that is not its own. */
  #signed(update: Update, { version, acked, changes }: Content): Message | undefined {
    const { channel } = update
    const held = this.held(channel).find(({ own }) => own.version === update.version - 1)
    const signer = this.#signerOf(channel)
    if (held === undefined || signer === undefined) return undefined
    const lane = laneAfter({ ...held.own, version, acked }, changes)
    if (lane === undefined) return undefined
    const digest = balanceProofDigest(this.#chainId, channel, held.role, lane)
    const [evidence] = signEvidence(this.#chainId, signer, [digest])
    if (evidence === undefined) return undefined
    this.remember({ ...held, own: lane })
    const proof = this.#random.chance(100) ? update.evidence : evidence
    return { ...update, version, acked, changes, evidence: proof }
  }
}

function laneAfter(before: LaneState, changes: readonly Change[]): LaneState | undefined {
  let lane = before
  for (const change of changes) {
    const next = applyChange(lane, change)
    if (isRejection(next)) return undefined
    lane = next
  }
  return lane
}
