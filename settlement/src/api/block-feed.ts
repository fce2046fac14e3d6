import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { FEED_LIVENESS_MS, FEEDS_MAX } from '../limits.js'
import type { LedgerNode } from '../node/ledger-node.js'
import { BoundedShare } from './bounded-share.js'
import type { Clients } from './clients.js'
import { FeedConnection } from './feed-connection.js'
import { hangUp } from './hang-up.js'
import { complaint, PARAMETERS } from './parameters.js'
import { type Problem, prunedProblem } from './problem.js'
import { RecentBlocks } from './recent-blocks.js'
import { refuseUpgrade } from './refuse-upgrade.js'

/** A client says nothing here; control frames have at most 125 bytes. */
const CLIENT_MESSAGE_BYTES_MAX = 128

/** `/v1/feed`: every block as a binary frame, from a height on or from now on. */
export class BlockFeed {
  readonly #node: LedgerNode
  readonly #onFailure: (error: unknown) => void
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: CLIENT_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  readonly #followers = new Map<WebSocket, FeedConnection>()
  readonly #clients: Clients
  readonly #perAddressMax: number
  readonly #places: BoundedShare
  readonly #recent = new RecentBlocks()
  readonly #liveness: NodeJS.Timeout
  readonly #unsubscribe: () => void

  /** `onFailure`: a follower could not be served, because the store failed. */
  constructor(node: LedgerNode, clients: Clients, onFailure: (error: unknown) => void) {
    this.#node = node
    this.#clients = clients
    this.#perAddressMax = Math.ceil(clients.bounds.connectionsPerAddress / 2)
    this.#places = new BoundedShare({ max: FEEDS_MAX, perAddressMax: this.#perAddressMax })
    this.#onFailure = onFailure
    this.#unsubscribe = node.onBlock(({ height, bytes }) => {
      this.#recent.add(height, bytes)
      for (const follower of this.#followers.values()) this.#wake(follower)
    })
    this.#liveness = setInterval(() => {
      for (const follower of this.#followers.values()) follower.checkLiveness()
    }, FEED_LIVENESS_MS)
  }

  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = this.#clients.addressOf(request)
    const asked = this.#asked(request)
    const release = 'code' in asked ? undefined : this.#places.take(address, 1)
    if ('code' in asked || release === undefined) {
      refuseUpgrade(socket, 'code' in asked ? asked : this.#full())
      return
    }
    socket.once('close', release)
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const follower = new FeedConnection(
        webSocket,
        {
          recent: this.#recent,
          read: (from, limit, bytesMax) => this.#node.stored.blocks(from, limit, bytesMax),
          hold: (bytes) => this.#clients.hold(address, bytes),
        },
        asked.from,
      )
      this.#followers.set(webSocket, follower)
      webSocket.once('close', () => this.#followers.delete(webSocket))
      this.#wake(follower)
    })
  }

  /** Says goodbye to all; 1001: going away. */
  close(): void {
    clearInterval(this.#liveness)
    this.#unsubscribe()
    for (const webSocket of this.#followers.keys()) hangUp(webSocket, 1001, 'the node stops')
  }

  #asked(request: IncomingMessage): { readonly from: number } | Problem {
    const [path, query = ''] = (request.url ?? '').split('?', 2)
    if (path !== '/v1/feed') return { code: 'not_found', detail: 'the feed is at /v1/feed' }
    const asked = PARAMETERS.feed.safeParse(Object.fromEntries(new URLSearchParams(query)))
    if (!asked.success) return { code: 'bad_request', detail: complaint(asked.error) }
    // There is no block 0 to send: clients know the genesis.
    const from = Math.max(1, asked.data.from ?? this.#node.tip.header.height + 1)
    const { firstHeight } = this.#node
    return from < firstHeight ? prunedProblem(firstHeight) : { from }
  }

  #full(): Problem {
    const detail = `there are at most ${FEEDS_MAX} followers, ${this.#perAddressMax} of one address`
    return { code: 'too_many_feeds', detail }
  }

  #wake(follower: FeedConnection): void {
    follower.wake().catch(this.#onFailure)
  }
}
