import {
  amount,
  applyChange,
  balanceProofDigest,
  type ChainId,
  type Change,
  type ChannelId,
  type ChannelParty,
  CLAIM_MARGIN_SECONDS,
  encode,
  grantResume,
  isRejection,
  type LaneState,
  linkBelow,
  type Message,
  type MessageOf,
  messageCodec,
  parseFrame,
  type Signer,
  signEvidence,
  timestamp,
} from '@tallystick/protocol'
import type { Lie } from './action.js'
import type { Random } from './random.js'
import { SlowHand } from './slow-hand.js'
import type { Said } from './virtual-network.js'

type Update = MessageOf<'update'>
type Content = Pick<Update, 'version' | 'acked' | 'changes'>

/** Messages from one block to the next: answers to answers of its own lies must come to an end. */
const MESSAGES_MAX = 200
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
  readonly #time: () => number
  /** When it hands in what it has for the ledger. */
  readonly slow: SlowHand
  readonly #held = new Map<ChannelId, ChannelParty[]>()
  /** The lanes that it signed instead of its own, by their versions: its next lie goes on from there. */
  readonly #told = new Map<ChannelId, Map<number, LaneState>>()
  readonly #said: Uint8Array[] = []
  #pace = { time: 0, count: 0 }
  /** What it does to what it says, and of 1,000 messages to how many. */
  #lie: Lie = { how: 'none', share: 0 }

  /** `time` is ledger time. */
  constructor(
    chainId: ChainId,
    random: Random,
    signerOf: (channel: ChannelId) => Signer | undefined,
    time: () => number,
  ) {
    this.#chainId = chainId
    this.#random = random
    this.#signerOf = signerOf
    this.#time = time
    const newest = () => [...this.#held.values()].flatMap((held) => held.at(-1) ?? [])
    this.slow = new SlowHand(random, newest, time)
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

  /** What it says instead of a frame of messages, each in a frame of its own. */
  readonly tongue = (frame: Uint8Array): readonly Said[] => {
    const messages = parseFrame(frame)
    return isRejection(messages) ? [] : messages.flatMap((message) => this.#saidFor(message))
  }

  #saidFor(message: Message): readonly Said[] {
    if (this.#isTired()) return []
    const bytes = encode(messageCodec, message)
    this.#said.push(bytes)
    if (this.#said.length > KEPT_MAX) this.#said.shift()
    const isLie = this.#random.chance(this.#lie.share)
    const afterMs = isLie ? this.#waitMs(message) : 0
    return (isLie ? this.#lies(bytes, message) : [bytes]).map((said) => ({ bytes: said, afterMs }))
  }

  #lies(bytes: Uint8Array, message: Message): readonly Uint8Array[] {
    const { how } = this.#lie
    switch (how) {
      case 'none':
      case 'lateClaims':
        return [bytes]
      case 'forgeClaims': {
        if (message.kind !== 'claim') return [bytes]
        const known = { ...message.known, link: this.#random.bytes(32) }
        return [encode(messageCodec, { ...message, known })]
      }
      case 'overclaim': {
        const more = message.kind === 'claim' ? this.#overclaimed(message) : undefined
        return more === undefined ? [bytes] : [encode(messageCodec, more), bytes]
      }
      case 'withholdUpdates':
        return message.kind === 'update' ? [] : [bytes]
      case 'withholdPreimages':
        return message.kind === 'claim' ? [] : [bytes]
      case 'withholdAcks':
        return message.kind === 'stored' ? [] : [bytes]
      case 'declineClaims': {
        if (message.kind !== 'claim') return [bytes]
        const { channel, id } = message
        return [encode(messageCodec, { kind: 'decline', channel, id, code: 'declined' })]
      }
      case 'withholdLetters':
        return message.kind === 'letter' ? [] : [bytes]
      case 'withholdResumes':
        return message.kind === 'resumeAnswer' ? [] : [bytes]
      case 'oldResumes': {
        const old = message.kind === 'resumeAnswer' ? this.#oldAnswer(message) : undefined
        return [old === undefined ? bytes : encode(messageCodec, { ...message, ...old } as Message)]
      }
      case 'repeat':
        return [bytes, this.#random.pick(this.#said)]
      case 'otherChannel':
        return [this.#toOtherChannel(message), bytes]
      case 'garbage':
        return [this.#injured(bytes), bytes]
      case 'dropChanges':
      case 'underpay':
      case 'refuseToPay':
      case 'takeBackTicks':
      case 'breach': {
        if (message.kind !== 'update') return [bytes]
        const other = this.#otherContent(how, message)
        const signed = other && this.#signed(message, other)
        return signed === undefined ? [bytes] : [encode(messageCodec, signed)]
      }
    }
  }

  #otherContent(
    how: 'dropChanges' | 'underpay' | 'refuseToPay' | 'takeBackTicks' | 'breach',
    update: Update,
  ): Content | undefined {
    switch (how) {
      case 'dropChanges':
        return this.#withoutChange(update)
      case 'underpay':
        return { ...update, changes: update.changes.map(halved) }
      case 'refuseToPay':
        return this.#unpaid(update)
      case 'takeBackTicks':
        return this.#withFewerTicks(update)
      case 'breach':
        return this.#breach(update)
    }
  }

  /** The claim with a later tick of the stream, under the link that it has; or one that it made up. */
  #overclaimed(claim: MessageOf<'claim'>): Message | undefined {
    const { peer } = this.held(claim.channel).at(-1) ?? {}
    const item = peer?.items.find(({ id }) => id === claim.id)
    const { index, link } = claim.known
    if (item === undefined || index >= item.ticks) return undefined
    const isMadeUp = this.#random.chance(500)
    const known = {
      index: this.#random.int(index + 1, item.ticks),
      link: isMadeUp ? this.#random.bytes(32) : link,
    }
    return { ...claim, known }
  }

  /** Pays of each stream only some of the ticks that it was shown links of. */
  #withFewerTicks({ channel, version, acked, changes }: Update): Content | undefined {
    const before = this.#before(channel, version)
    const fewer = changes.map((change): Change => {
      const item = before?.own.items.find(({ id }) => id === change.id)
      if (change.kind !== 'redeem' || item === undefined || change.index <= item.paid + 1)
        return change
      const index = this.#random.int(item.paid + 1, change.index - 1)
      return { ...change, index, link: linkBelow(change, index) }
    })
    return { version, acked, changes: fewer }
  }

  /** Grants what it was asked for with an older state, well signed. */
  #oldAnswer({ channel, answer }: MessageOf<'resumeAnswer'>) {
    const signer = this.#signerOf(channel)
    const held = this.held(channel)
    if (signer === undefined || held.length === 0) return undefined
    const { nonce, epoch } = answer.resume.point
    const old = { resuming: undefined, lostAt: undefined, grantedResume: undefined }
    const party = { ...this.#random.pick(held), ...old }
    const request = { nonce, lostAt: undefined }
    const granted = grantResume(this.#chainId, party, request, signer, timestamp(epoch))
    return isRejection(granted) ? undefined : { answer: granted.answer }
  }

  /** How long it sits on a message: on a claim until just before, or after, that is too late. */
  #waitMs(message: Message): number {
    if (this.#lie.how !== 'lateClaims' || message.kind !== 'claim') return 0
    const { channel, id } = message
    const item = this.held(channel)
      .at(-1)
      ?.peer.items.find((other) => other.id === id)
    if (item === undefined) return 0
    const early = this.#random.pick([0, 2, 4, 8, CLAIM_MARGIN_SECONDS - 4, CLAIM_MARGIN_SECONDS])
    return Math.max(0, 1_000 * (item.expiry - early - this.#time()))
  }

  #isTired(): boolean {
    const time = this.#time()
    this.#pace = { time, count: this.#pace.time === time ? this.#pace.count + 1 : 0 }
    return this.#pace.count > MESSAGES_MAX
  }

  #toOtherChannel(message: Message): Uint8Array {
    const channels = this.channels()
    const isOfChannel = 'channel' in message && message.channel !== undefined
    if (!isOfChannel || channels.length === 0) return encode(messageCodec, message)
    return encode(messageCodec, { ...message, channel: this.#random.pick(channels) } as Message)
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

  /** Without payment of what was claimed; and what has expired by now is taken back. */
  #unpaid({ channel, version, acked, changes }: Update): Content {
    const before = this.#before(channel, version)
    if (before === undefined) return { version, acked, changes }
    const { own, ledger } = before
    const expired = own.items.filter(({ expiry }) => expiry < this.#time())
    const taken = expired.map(({ id }) => ({ kind: 'expire', id }) as const)
    const left = own.items.filter((item) => !expired.includes(item))
    const cancelled = changes.filter(
      ({ kind, id }) => kind === 'cancel' && left.some((item) => item.id === id),
    )
    // What it does not pay stays, and a lane that is full would take nothing more.
    const room = ledger.terms.itemsMax - left.length
    const added = changes.filter(({ kind }) => kind === 'add').slice(0, room)
    return { version, acked, changes: [...taken, ...cancelled, ...added] }
  }

  /** What it last signed before a version: it goes on from its lies. */
  #before(channel: ChannelId, version: number): ChannelParty | undefined {
    const held = this.held(channel).findLast(({ own }) => own.version === version - 1)
    const told = this.#told.get(channel)?.get(version - 1)
    const isCurrent = held !== undefined && told?.epoch === held.own.epoch
    return isCurrent ? { ...held, own: told } : held
  }

  /** A proof that no honest side may take. */
  #breach(update: Update): Content | undefined {
    const { version, acked, changes } = update
    const before = this.#before(update.channel, version)
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
    const held = this.#before(channel, update.version)
    const signer = this.#signerOf(channel)
    if (held === undefined || signer === undefined) return undefined
    const lane = laneAfter({ ...held.own, version, acked }, changes)
    if (lane === undefined) return undefined
    const digest = balanceProofDigest(this.#chainId, channel, held.role, lane)
    const [evidence] = signEvidence(this.#chainId, signer, [digest])
    if (evidence === undefined) return undefined
    this.remember({ ...held, own: lane })
    const told = this.#told.get(channel) ?? new Map<number, LaneState>()
    this.#told.set(channel, told.set(update.version, lane))
    const isForged = this.#lie.how === 'breach' && this.#random.chance(100)
    return { ...update, version, acked, changes, evidence: isForged ? update.evidence : evidence }
  }
}

function halved(change: Change): Change {
  if (change.kind !== 'add' || change.unit < 2n) return change
  return { ...change, unit: amount(change.unit / 2n) }
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
