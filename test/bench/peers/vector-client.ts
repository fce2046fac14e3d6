import type { PeerClient, PeerEvents, PeerPayment } from './peer-client.js'
import { type VectorEvent, type VectorLocks, vectorLibrary } from './vector-library.js'
import { VectorLink } from './vector-link.js'
import { VectorSide } from './vector-side.js'

/** Where a client finds its hub, and the library that it speaks with. */
export type VectorAccount = {
  readonly kind: 'vector'
  readonly url: string
  /** The folder in which the library is installed. */
  readonly dir: string
  readonly privateKey: string
  /** Its public identifier, and the hub's. */
  readonly address: string
  readonly hub: string
}

/** One channel with a hub on Connext Vector's protocol library, with the same library at this end. */
export class VectorClient implements PeerClient {
  readonly address: string
  readonly #events: PeerEvents
  readonly #side: VectorSide
  readonly #channel: string
  #requests = 0

  private constructor(
    { address }: VectorAccount,
    events: PeerEvents,
    side: VectorSide,
    channel: string,
  ) {
    this.address = address
    this.#events = events
    this.#side = side
    this.#channel = channel
    side.onUpdate((event) => void this.#hear(event))
  }

  /** Resolves when its channel is open and paid in. */
  static async connect(account: VectorAccount, events: PeerEvents): Promise<VectorClient> {
    const library = vectorLibrary(account.dir)
    const link: VectorLink = await VectorLink.connect(account.url, async (request) => {
      if (request.kind !== 'update') throw new Error(`a hub does not say ${request.kind}`)
      return side.take(request)
    })
    // The side that set a channel up keeps its lock: the hub, for all of them.
    const locks: VectorLocks = {
      acquireLock: async (channel) => String(await link.ask({ kind: 'acquire', channel })),
      releaseLock: async (channel, value) => {
        await link.ask({ kind: 'release', channel, value })
      },
    }
    const side = await VectorSide.start(library, account.privateKey, locks, () => link)
    const channel = String(await link.ask({ kind: 'hello', identifier: side.identifier }))
    return new VectorClient(account, events, side, channel)
  }

  pay({ amount, condition, destination }: PeerPayment): number {
    this.#requests++
    const request = this.#requests
    const meta = { payee: destination, request: `${request}` }
    void this.#side.promise(this.#channel, { amount, lockHash: hex(condition), meta })
    return request
  }

  async #hear({ updatedChannelState, updatedTransfer }: VectorEvent): Promise<void> {
    if (updatedTransfer === undefined) return
    const { transferId, transferState, transferResolver, balance, meta } = updatedTransfer
    switch (updatedChannelState.latestUpdate.type) {
      case 'create': {
        const condition = bytesOf(transferState.lockHash)
        const preimage = this.#events.preimageOf(this, condition, BigInt(balance.amount[0]))
        return this.#side.resolve(this.#channel, transferId, hex(preimage))
      }
      case 'resolve': {
        const preimage = bytesOf(transferResolver?.preImage ?? '')
        return this.#events.answered(this, Number(meta['request']), preimage)
      }
      default:
        return
    }
  }
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex')
}
