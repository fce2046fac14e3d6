import type { WebSocket } from 'ws'
import { DamagedBlock } from '../ledger-fault.js'
import { FEED_WINDOW_BYTES, PAGE_BYTES_MAX, PAGE_ITEMS_MAX } from '../limits.js'
import type { RecentBlocks } from './recent-blocks.js'

/** Reads up to so many blocks from a height on; none when that is above the tip. */
export type ReadBlocks = (
  from: number,
  limit: number,
  bytesMax: number,
) => Promise<readonly { readonly height: number; readonly bytes: Uint8Array }[]>

/**
 * One follower. It pulls: the next frame leaves when the ones before are on their way, so that a
 * slow reader costs a window of memory and reads its backlog from disk like everybody else.
 */
export class FeedConnection {
  readonly #socket: WebSocket
  readonly #recent: RecentBlocks
  readonly #read: ReadBlocks
  #next: number
  #isSending = false
  #isDue = false
  #sentBytes = 0
  #seenBytes = 0
  #isAlive = true

  /** `from`: height of the first block to send. */
  constructor(socket: WebSocket, recent: RecentBlocks, read: ReadBlocks, from: number) {
    this.#socket = socket
    this.#recent = recent
    this.#read = read
    this.#next = from
    socket.on('pong', () => {
      this.#isAlive = true
    })
    socket.on('error', () => socket.terminate())
    // There is nothing to say to a feed; 1008: policy violation.
    socket.on('message', () => socket.close(1008, 'this feed takes no messages'))
  }

  /** Sends whatever is there to send; called after every block. Rejects when the store fails. */
  async wake(): Promise<void> {
    this.#isDue = true
    if (this.#isSending) return
    this.#isSending = true
    try {
      // A block that comes while the last look finds nothing asks for one more look.
      while (this.#isDue) {
        this.#isDue = false
        await this.#catchUp()
      }
    } finally {
      this.#isSending = false
    }
  }

  /** Called at fixed intervals: cuts off who answered no ping since, or took no byte of what waits. */
  checkLiveness(): void {
    const { bufferedAmount } = this.#socket
    const taken = this.#sentBytes - bufferedAmount
    const isStuck = bufferedAmount > 0 && taken <= this.#seenBytes
    if (!this.#isAlive || isStuck) {
      this.#socket.terminate()
      return
    }
    this.#seenBytes = taken
    this.#isAlive = false
    this.#socket.ping()
  }

  async #catchUp(): Promise<void> {
    while (this.#socket.readyState === this.#socket.OPEN) {
      const frames = await this.#frames().catch((error: unknown) => this.#endDamaged(error))
      if (frames.length === 0) return
      for (const { height, bytes } of frames) {
        if (height !== this.#next) {
          // It was so slow that what it waits for was pruned; 1008: policy violation.
          this.#socket.close(1008, 'pruned: what is due next is not kept here')
          return
        }
        await this.#send(bytes)
        this.#next = height + 1
      }
    }
  }

  /** Says goodbye where the next block is damaged; 1011: the server cannot go on. */
  #endDamaged(error: unknown): [] {
    if (!(error instanceof DamagedBlock)) throw error
    this.#socket.close(1011, `block_damaged: ${error.message}`)
    return []
  }

  async #frames() {
    const recent = this.#recent.get(this.#next)
    if (recent !== undefined) return [{ height: this.#next, bytes: recent }]
    return this.#read(this.#next, PAGE_ITEMS_MAX, PAGE_BYTES_MAX)
  }

  async #send(frame: Uint8Array): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      // An error here means that the connection is gone; its `close` event ends the loop above.
      this.#socket.send(frame, { binary: true }, () => resolve())
    })
    this.#sentBytes += frame.length
    if (this.#socket.bufferedAmount > FEED_WINDOW_BYTES) await flushed
  }
}
