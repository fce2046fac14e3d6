import {
  balanceProofDigest,
  type ChainId,
  type Change,
  type ChangeOf,
  type ChannelId,
  type Claim,
  type Decline,
  type Evidence,
  type ItemId,
  LANE_START,
  type LaneState,
  type LaneUpdate,
  laneWith,
  type Message,
  type PendingItem,
  type Position,
  type PublicKey,
  type Signer,
  signAttach,
  updateMessage,
  verifyEvidence,
} from '@tallystick/protocol'
import { channelKeyOf } from './load-keys.js'
import { changedLane } from './load-lane.js'
import { type ChannelEnd, LoadSession } from './load-session.js'

/** Of so many proofs of the hub one is verified as it comes; a proof vouches for all before it. */
const PROOFS_PER_VERIFICATION = 32

/** What a payee knows its payments by. */
export type NamedItem = Pick<PendingItem, 'id' | 'anchor'>

/** What a load makes of what its clients hear. */
export type LoadEvents = {
  /** The hub shows the preimage of a payment of ours. */
  paid(client: LoadClient, id: ItemId, preimage: Uint8Array): void
  /** The hub owes us an item: its preimage, if we are the ones to know it. */
  preimageOf(item: NamedItem): Uint8Array | undefined
  /** A payment came back. */
  declined(client: LoadClient, id: ItemId, code: string): void
  /** The connection ended; it was not asked to. */
  down(client: LoadClient, why: string): void
}

/** Where a client of a load finds its hub, and what it has there. */
export type LoadClientOptions = {
  readonly number: number
  readonly url: string
  readonly chainId: ChainId
  readonly hub: PublicKey
  readonly channel: ChannelId
  readonly events: LoadEvents
  /** The connection that it shares with others; absent: it has one of its own. */
  readonly session?: LoadSession
  /** What both of its lanes say when the load begins; absent: it was never used. */
  readonly lane?: LaneState
}

type Link =
  | { readonly phase: 'away' }
  | {
      readonly phase: 'attaching'
      readonly attached: () => void
      readonly ended: (why: Error) => void
    }
  | { readonly phase: 'attached' }

/**
 * One channel and what its client says on its connection, as lean as a client can be that keeps to the protocol (WIRE-*, CH-*):
 * in memory, and believing the hub between two proofs that it verifies.
 */
export class LoadClient implements ChannelEnd {
  readonly identity: PublicKey
  readonly channel: ChannelId
  /** All that this client has paid and been paid in this load, base units; items are not among it. */
  get transferred(): { readonly paid: bigint; readonly received: bigint } {
    const { transferred } = this.#options.lane ?? LANE_START
    return {
      paid: this.#own.transferred - transferred,
      received: this.#peer.transferred - transferred,
    }
  }

  readonly #options: LoadClientOptions
  readonly #session: LoadSession
  readonly #key: Signer
  #link: Link = { phase: 'away' }
  #own: LaneState
  #peer: LaneState
  #peerEvidence: Evidence | undefined
  /** What the next proof says besides what is new: items to be paid, or taken back. */
  #due: Change[] = []
  #unconfirmed: LaneUpdate[] = []

  constructor(options: LoadClientOptions) {
    this.#options = options
    this.#session = options.session ?? new LoadSession(options.number, options)
    this.#key = channelKeyOf(options.number)
    this.identity = this.#session.identity
    this.channel = options.channel
    this.#own = options.lane ?? LANE_START
    this.#peer = options.lane ?? LANE_START
    this.#session.add(this)
  }

  /** Where its hub is. */
  get url(): string {
    return this.#options.url
  }

  /** Resolves once both sides have proved themselves to each other. */
  connect(): Promise<void> {
    return this.#session.connect()
  }

  /** Takes its channel up; resolves once hub and client agree where it stands (CH-11). */
  attach(): Promise<void> {
    const { transcript } = this.#session
    if (transcript === undefined) throw new Error('only a proven session attaches')
    const position = this.#position()
    const signature = signAttach(transcript, position, this.#key)
    return new Promise((attached, ended) => {
      this.#link = { phase: 'attaching', attached, ended }
      this.#session.say({ kind: 'attach', position, signature })
    })
  }

  /** Hangs up, and says nothing of it. */
  leave(): void {
    this.#link = { phase: 'away' }
    this.#session.leave()
  }

  /** One proof: pays what is owed, and promises these items. */
  pay(items: readonly Omit<ChangeOf<'add'>, 'kind'>[]): void {
    const adds = items.map((item): Change => ({ kind: 'add', ...item }))
    this.#propose([...this.#due, ...adds])
  }

  /** Whether the hub hears what it says. */
  get isAttached(): boolean {
    return this.#link.phase === 'attached'
  }

  /** Whether a proof is due that pays or takes back what was promised. */
  get isDue(): boolean {
    return this.#due.length > 0
  }

  settle(): void {
    if (this.isDue) this.#propose(this.#due)
  }

  /** Claims whatever the hub owes and the preimage is known of. */
  claimAll(): void {
    for (const item of this.#peer.items) this.#claim(item)
  }

  /** Whether nothing is pending on either lane, and the hub has confirmed all. */
  get isQuiet(): boolean {
    const items = this.#own.items.length + this.#peer.items.length
    return items === 0 && this.#unconfirmed.length === 0 && !this.isDue
  }

  /** What is wrong with the newest proof of the hub; `undefined`: nothing. */
  faultOfPeer(): string | undefined {
    if (this.#peerEvidence === undefined) return undefined
    return this.#isSigned(this.#peer, this.#peerEvidence)
      ? undefined
      : `the hub did not sign version ${this.#peer.version} of channel ${this.channel}`
  }

  #position(): Position {
    const [first] = this.#unconfirmed
    return {
      channel: this.channel,
      own: this.#own.version,
      held: this.#peer.version,
      confirmed: (first?.version ?? this.#own.version + 1) - 1,
      ...{ ownResume: undefined, heldResume: undefined, resuming: undefined, lostAt: undefined },
      closing: false,
    }
  }

  #propose(changes: readonly Change[]): void {
    this.#due = []
    const { channel } = this
    const version = this.#own.version + 1
    const acked = this.#peer.version
    const own = laneWith(changedLane(this.#own, changes), { version, acked })
    const digest = balanceProofDigest(this.#options.chainId, channel, 'client', own)
    const evidence = { kind: 'single', signature: this.#key.sign(digest) } as const
    const update = { channel, epoch: 0, version, acked, changes, evidence }
    this.#own = own
    this.#unconfirmed.push(update)
    this.#tell(updateMessage(update))
  }

  /** Something about the channel: while it is not attached, nobody hears it, and the resync says it. */
  #tell(message: Message): void {
    if (this.#link.phase === 'attached') this.#session.say(message)
  }

  hear(message: Message): void {
    // What is said about the channel before it is attached is said again after it.
    if (isOfLanes(message) && this.#link.phase !== 'attached') return
    switch (message.kind) {
      case 'attached':
        return this.#resync(message.position)
      case 'update':
        return this.#take(message)
      case 'stored':
        return this.#confirm(message.version)
      case 'claim':
        return this.#redeem(message)
      case 'decline':
        return this.#cancel(message)
      case 'error':
        return this.#options.events.down(this, `${message.code}: ${message.detail}`)
      default:
        throw new Error(`a hub does not say ${message.kind} about a channel`)
    }
  }

  hungUp(why: string): void {
    const link = this.#link
    this.#link = { phase: 'away' }
    if (link.phase === 'attaching') link.ended(new Error(why))
    else this.#options.events.down(this, why)
  }

  /** After every connection: what the other side does not hold is said again (CH-11). */
  #resync(position: Position): void {
    if (position.held > this.#own.version || position.resuming !== undefined) {
      throw new Error(`the hub holds version ${position.held} of channel ${this.channel}`)
    }
    const link = this.#link
    if (link.phase !== 'attaching') throw new Error('a hub answers an attach once')
    this.#link = { phase: 'attached' }
    this.#confirm(position.held)
    for (const update of this.#unconfirmed) this.#tell(updateMessage(update))
    this.claimAll()
    link.attached()
  }

  #take(update: LaneUpdate): void {
    if (update.version <= this.#peer.version) {
      return this.#tell({ kind: 'stored', channel: this.channel, version: this.#peer.version })
    }
    if (update.version !== this.#peer.version + 1) {
      throw new Error(`version ${update.version} came after ${this.#peer.version}`)
    }
    const { version, acked, changes, evidence } = update
    const peer = laneWith(changedLane(this.#peer, changes), { version, acked })
    if (version % PROOFS_PER_VERIFICATION === 0 && !this.#isSigned(peer, evidence)) {
      throw new Error(`the hub did not sign version ${version} of channel ${this.channel}`)
    }
    this.#peer = peer
    this.#peerEvidence = evidence
    this.#tell({ kind: 'stored', channel: this.channel, version })
    for (const change of changes) if (change.kind === 'add') this.#claim(change)
  }

  #claim(item: NamedItem): void {
    const link = this.#options.events.preimageOf(item)
    if (link === undefined) return
    this.#tell({ kind: 'claim', channel: this.channel, id: item.id, known: { index: 1, link } })
  }

  #confirm(version: number): void {
    while ((this.#unconfirmed[0]?.version ?? Number.POSITIVE_INFINITY) <= version) {
      this.#unconfirmed.shift()
    }
  }

  #redeem({ id, known }: Claim): void {
    const isPending = this.#own.items.some((item) => item.id === id)
    // Said again after a connection: it was heard before.
    if (!isPending || this.#due.some((change) => change.id === id)) return
    this.#due.push({ kind: 'redeem', id, ...known })
    this.#options.events.paid(this, id, known.link)
  }

  #cancel({ id, code }: Decline): void {
    if (!this.#own.items.some((item) => item.id === id)) return
    this.#due.push({ kind: 'cancel', id })
    this.#options.events.declined(this, id, code)
  }

  #isSigned(peer: LaneState, evidence: Evidence): boolean {
    const { chainId, hub } = this.#options
    return verifyEvidence(
      chainId,
      hub,
      balanceProofDigest(chainId, this.channel, 'hub', peer),
      evidence,
    )
  }
}

function isOfLanes({ kind }: Message): boolean {
  return kind === 'update' || kind === 'stored' || kind === 'claim' || kind === 'decline'
}
