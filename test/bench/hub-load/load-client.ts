import { randomBytes } from 'node:crypto'
import { Outbox, PROCESS_CLOCK } from '@tallystick/client-sdk'
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
  isRejection,
  LANE_START,
  type LaneState,
  type LaneUpdate,
  type Message,
  type MessageOf,
  type PendingItem,
  type Position,
  type PublicKey,
  parseFrame,
  type Signer,
  signAttach,
  signSession,
  type Transcript,
  transcriptOf,
  verifyEvidence,
  verifySession,
} from '@tallystick/protocol'
import { channelKeyOf, identityOf } from './load-keys.js'
import { changedLane } from './load-lane.js'
import { WireSocket } from './wire-socket.js'

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
}

type Link =
  | { readonly phase: 'down' }
  | { readonly phase: 'waiting'; readonly proven: () => void }
  | {
      readonly phase: 'challenged'
      readonly transcript: Transcript
      readonly proven: () => void
    }
  | { readonly phase: 'proven'; readonly transcript: Transcript }
  | {
      readonly phase: 'attaching'
      readonly attached: () => void
      readonly ended: (why: Error) => void
    }
  | { readonly phase: 'attached' }

/**
 * One channel and its connection, as lean as a client can be that keeps to the protocol (WIRE-*, CH-*):
 * in memory, and believing the hub between two proofs that it verifies.
 */
export class LoadClient {
  /** Joins what clients say, as that of a wallet does. */
  static readonly #outbox = new Outbox<LoadClient>(PROCESS_CLOCK)

  readonly identity: PublicKey
  readonly channel: ChannelId
  /** All that this client has ever paid and been paid, base units; items are not among it. */
  get transferred(): { readonly paid: bigint; readonly received: bigint } {
    return { paid: this.#own.transferred, received: this.#peer.transferred }
  }

  readonly #options: LoadClientOptions
  readonly #identity: Signer
  readonly #key: Signer
  #socket: WireSocket | undefined
  #link: Link = { phase: 'down' }
  #own: LaneState = LANE_START
  #peer: LaneState = LANE_START
  #peerEvidence: Evidence | undefined
  /** What the next proof says besides what is new: items to be paid, or taken back. */
  #due: Change[] = []
  #unconfirmed: LaneUpdate[] = []
  #failure: string | undefined

  constructor(options: LoadClientOptions) {
    this.#options = options
    this.#identity = identityOf(options.number)
    this.#key = channelKeyOf(options.number)
    this.identity = this.#identity.publicKey
    this.channel = options.channel
  }

  /** Resolves once both sides have proved themselves to each other. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failure = undefined
      this.#link = { phase: 'waiting', proven: resolve }
      this.#socket = new WireSocket(this.#options.url, {
        onOpen: () => undefined,
        onMessage: (bytes) => this.#receive(bytes),
        onClose: (failure) => {
          const why = this.#failure ?? failure
          const { phase } = this.#link
          if (this.#link.phase === 'attaching') this.#link.ended(new Error(why))
          this.#link = { phase: 'down' }
          this.#socket = undefined
          LoadClient.#outbox.forget(this)
          if (phase === 'proven' || phase === 'attached') this.#options.events.down(this, why)
          else reject(new Error(why))
        },
      })
    })
  }

  /** Takes its channel up; resolves once hub and client agree where it stands (CH-11). */
  attach(): Promise<void> {
    const link = this.#link
    if (link.phase !== 'proven') throw new Error('only a proven session attaches')
    const position = this.#position()
    const signature = signAttach(link.transcript, position, this.#key)
    return new Promise((attached, ended) => {
      this.#link = { phase: 'attaching', attached, ended }
      this.#say({ kind: 'attach', position, signature })
    })
  }

  /** Hangs up, and says nothing of it. */
  leave(): void {
    this.#link = { phase: 'down' }
    this.#socket?.destroy()
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
    const own = { ...changedLane(this.#own, changes), version, acked }
    const digest = balanceProofDigest(this.#options.chainId, channel, 'client', own)
    const evidence = { kind: 'single', signature: this.#key.sign(digest) } as const
    const update = { channel, epoch: 0, version, acked, changes, evidence }
    this.#own = own
    this.#unconfirmed.push(update)
    this.#tell({ kind: 'update', ...update })
  }

  /** Something about the channel: while it is not attached, nobody hears it, and the resync says it. */
  #tell(message: Message): void {
    if (this.#link.phase === 'attached') this.#say(message)
  }

  #say(message: Message): void {
    LoadClient.#outbox.say(this, message)
  }

  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket?.send(frame)
  }

  #receive(frame: Uint8Array): void {
    const messages = parseFrame(frame)
    if (isRejection(messages)) throw new Error(messages.detail)
    for (const message of messages) this.#hear(message)
  }

  #hear(message: Message): void {
    // What is said about the channel before it is attached is said again after it.
    if (isOfLanes(message) && this.#link.phase !== 'attached') return
    switch (message.kind) {
      case 'hello':
        return this.#answer(message)
      case 'welcome':
        return this.#welcome(message)
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
        this.#failure = `${message.code}: ${message.detail}`
        if (message.channel === undefined) return
        return this.#options.events.down(this, this.#failure)
      default:
        throw new Error(`a hub does not say ${message.kind} now`)
    }
  }

  #answer({ kind: _, ...hello }: MessageOf<'hello'>): void {
    if (this.#link.phase !== 'waiting') throw new Error('a hub introduces itself once')
    const nonce = new Uint8Array(randomBytes(32))
    const transcript = transcriptOf(hello, { client: this.identity, nonce })
    const signature = signSession('client', transcript, this.#identity)
    this.#link = { phase: 'challenged', transcript, proven: this.#link.proven }
    this.#say({ kind: 'auth', client: this.identity, nonce, signature })
  }

  #welcome({ signature }: MessageOf<'welcome'>): void {
    const link = this.#link
    const { hub } = this.#options
    if (
      link.phase !== 'challenged' ||
      link.transcript.hub !== hub ||
      !verifySession('hub', link.transcript, signature)
    ) {
      throw new Error('the hub did not prove that it is who it says')
    }
    this.#link = { phase: 'proven', transcript: link.transcript }
    link.proven()
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
    for (const update of this.#unconfirmed) this.#tell({ kind: 'update', ...update })
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
    const peer = { ...changedLane(this.#peer, changes), version, acked }
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
