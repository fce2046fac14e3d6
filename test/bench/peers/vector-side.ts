import { ASSET, agreeableChain, HASH_LOCK } from './vector-chain.js'
import type {
  VectorChannel,
  VectorEvent,
  VectorLibrary,
  VectorLocks,
  VectorMessaging,
  VectorNode,
  VectorResult,
  VectorUpdates,
} from './vector-library.js'
import type { VectorLink } from './vector-link.js'

/** Seconds: the least that the library takes. */
const TIMEOUT = '43200'

/** What is handed on with a payment. */
type VectorMeta = Readonly<Record<string, string>>

/** A hub or a client: the library's node over links to the other sides, with a store in memory. */
export class VectorSide {
  readonly identifier: string
  readonly #node: VectorNode
  readonly #replies: Map<string, (answer: unknown) => void>
  readonly #receive: (updates: VectorUpdates, inbox: string) => void
  #received = 0

  private constructor(
    node: VectorNode,
    replies: Map<string, (answer: unknown) => void>,
    receive: (updates: VectorUpdates, inbox: string) => void,
  ) {
    this.identifier = node.publicIdentifier
    this.#node = node
    this.#replies = replies
    this.#receive = receive
  }

  /** `privateKey`: 32 bytes in hex behind `0x`. */
  static async start(
    library: VectorLibrary,
    privateKey: string,
    locks: VectorLocks,
    linkTo: (identifier: string) => VectorLink,
  ): Promise<VectorSide> {
    const { Vector, ChannelSigner, MemoryStoreService, Result, logger } = library
    const replies = new Map<string, (answer: unknown) => void>()
    const reply = (inbox: string, answer: unknown) => {
      replies.get(inbox)?.(answer)
      replies.delete(inbox)
    }
    let receive = (_: VectorUpdates, __: string) => {}
    const messaging: VectorMessaging = {
      async onReceiveProtocolMessage(_, callback) {
        receive = (updates, inbox) =>
          callback(Result.ok(updates), updates.update.fromIdentifier, inbox)
      },
      async sendProtocolMessage(update, previousUpdate) {
        const request = { kind: 'update', update, previousUpdate } as const
        const answer = await linkTo(update.toIdentifier).ask(request)
        const { refusal, ...updates } = answer as VectorUpdates & { readonly refusal?: string }
        return refusal === undefined ? Result.ok(updates) : Result.fail(new Error(refusal))
      },
      async respondToProtocolMessage(inbox, update, previousUpdate) {
        reply(inbox, { update, previousUpdate })
      },
      async respondWithProtocolError(inbox, error) {
        reply(inbox, { refusal: error.message })
      },
    }
    const node = await Vector.connect(
      messaging,
      locks,
      new MemoryStoreService(),
      new ChannelSigner(privateKey),
      agreeableChain(library),
      logger,
      true,
    )
    return new VectorSide(node, replies, (updates, inbox) => receive(updates, inbox))
  }

  /** Calls back with every update that the other side of a channel made. */
  onUpdate(callback: (event: VectorEvent) => void): void {
    this.#node.on('CHANNEL_UPDATE_EVENT', (event) => {
      if (event.updatedChannelState.latestUpdate.fromIdentifier !== this.identifier) callback(event)
    })
  }

  /** An update of the other side; gives what it is to be answered. */
  take({ update, previousUpdate }: VectorUpdates): Promise<unknown> {
    return new Promise((resolve) => {
      const inbox = `${this.#received++}`
      this.#replies.set(inbox, resolve)
      this.#receive({ update, previousUpdate }, inbox)
    })
  }

  /** A channel with both sides' deposits in it; gives its address. */
  async open(counterpartyIdentifier: string, networkContext: object): Promise<string> {
    const setup = { counterpartyIdentifier, timeout: '86400', networkContext }
    const { channelAddress } = given(await this.#node.setup(setup))
    given(await this.#node.deposit({ channelAddress, assetId: ASSET }))
    return channelAddress
  }

  /** Promises `amount` base units against a hash, `0x` before both; gives the id of the transfer. */
  async promise(
    channelAddress: string,
    { amount, lockHash, meta }: { readonly amount: bigint; lockHash: string; meta: VectorMeta },
  ): Promise<string> {
    const channel = await this.channel(channelAddress)
    const { alice, bob, aliceIdentifier } = channel
    const to = aliceIdentifier === this.identifier ? [alice, bob] : [bob, alice]
    const { latestUpdate } = given(
      await this.#node.create({
        channelAddress,
        balance: { to, amount: [`${amount}`, '0'] },
        assetId: ASSET,
        transferDefinition: HASH_LOCK,
        transferInitialState: { lockHash, expiry: '0' },
        timeout: TIMEOUT,
        meta,
      }),
    )
    return latestUpdate.details.transferId
  }

  /** Shows the preimage of what the other side has promised. */
  async resolve(channelAddress: string, transferId: string, preImage: string): Promise<void> {
    const transferResolver = { preImage }
    given(await this.#node.resolve({ channelAddress, transferId, transferResolver, meta: {} }))
  }

  /** What this side holds of a channel. */
  async channel(channelAddress: string): Promise<VectorChannel> {
    const channel = await this.#node.getChannelState(channelAddress)
    if (channel === undefined) throw new Error(`no channel ${channelAddress}`)
    return channel
  }
}

function given<T>(result: VectorResult<T>): T {
  if (result.isError) throw result.getError() ?? new Error('no reason was given')
  return result.getValue()
}
