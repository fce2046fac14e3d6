import type { WebSocket } from 'ws'
import { DamagedBlock } from '../ledger-fault.js'
import {
  ANSWER_PACE,
  FEED_LIVENESS_MS,
  FEED_WINDOW_BYTES,
  PAGE_BYTES_MAX,
  PAGE_ITEMS_MAX,
} from '../limits.js'
import { hangUp } from './hang-up.js'
import type { RecentBlocks } from './recent-blocks.js'

/** Reads up to so many blocks from a height on; none when that is above the tip. */
export type ReadBlocks = (
  from: number,
  limit: number,
  bytesMax: number,
) => Promise<readonly { readonly height: number; readonly bytes: Uint8Array }[]>

/** Where the frames of a follower come from. */
export type FeedSource = {
  readonly recent: RecentBlocks
  readonly read: ReadBlocks
  /** Takes memory for frames from disk; call the answer to give it back. `undefined`: there is none. */
  readonly hold: (bytes: number) => (() => void) | undefined
}

type Frame = { readonly height: number; readonly bytes: Uint8Array }

/** What has to be taken between two looks, if it waits: who takes less holds our memory for nothing. */
const TAKEN_BYTES_MIN = (ANSWER_PACE.bytesPerSecondMin * FEED_LIVENESS_MS) / 1_000

/**
 * One follower. It pulls: the next frame leaves when the ones before are on their way, so that a
 * slow reader costs a window of memory and reads its backlog from disk like everybody else.
 */
export class FeedConnection {
  readonly #socket: WebSocket
  readonly #source: FeedSource
  #next: number
  #isSending = false
  #isDue = false
  #sentBytes = 0
  #seenBytes = 0
  #waitingBytes = 0
  #isAlive = true

  /** `from`: height of the first block to send. */
  constructor(socket: WebSocket, source: FeedSource, from: number) {
    this.#socket = socket
    this.#source = source
    this.#next = from
    socket.on('pong', () => {
      this.#isAlive = true
    })
    socket.on('error', () => socket.terminate())
    // There is nothing to say to a feed; 1008: policy violation.
    socket.on('message', () => hangUp(socket, 1008, 'this feed takes no messages'))
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

  /** Called at fixed intervals: cuts off who answered no ping since, or took too little of what waited. */
  checkLiveness(): void {
    const { bufferedAmount } = this.#socket
    const taken = this.#sentBytes - bufferedAmount
    // Half of what waited: heads of frames are in what waits, not in what was sent.
    const due = Math.min(this.#waitingBytes, TAKEN_BYTES_MIN) / 2
    const isSlow = due > 0 && taken - this.#seenBytes < due
    if (!this.#isAlive || isSlow) {
      this.#socket.terminate()
      return
    }
    this.#seenBytes = taken
    this.#waitingBytes = bufferedAmount
    this.#isAlive = false
    this.#socket.ping()
  }

  async #catchUp(): Promise<void> {
    while (this.#socket.readyState === this.#socket.OPEN) {
      const recent = this.#source.recent.get(this.#next)
      if (recent !== undefined) {
        // In memory anyway, for all followers together.
        await this.#send({ height: this.#next, bytes: recent }, () => undefined)
      } else if (!(await this.#sendStored())) return
    }
  }

  /** Sends a page from disk; whether there was any. */
  async #sendStored(): Promise<boolean> {
    const frames = await this.#source
      .read(this.#next, PAGE_ITEMS_MAX, PAGE_BYTES_MAX)
      .catch((error: unknown) => this.#endDamaged(error))
    if (frames.length === 0) return false
    if (frames.some(({ height }, i) => height !== this.#next + i)) {
      // It was so slow that what it waits for was pruned; 1008: policy violation.
      hangUp(this.#socket, 1008, 'pruned: what is due next is not kept here')
      return false
    }
    const release = this.#source.hold(frames.reduce((sum, { bytes }) => sum + bytes.length, 0))
    if (release === undefined) {
      // 1013: try again later.
      hangUp(this.#socket, 1013, 'too much waits for slow readers, in all or at this address')
      return false
    }
    let waiting = frames.length
    for (const frame of frames) {
      await this.#send(frame, () => {
        waiting--
        if (waiting === 0) release()
      })
    }
    return true
  }

  /** Says goodbye where the next block is damaged; 1011: the server cannot go on. */
  #endDamaged(error: unknown): [] {
    if (!(error instanceof DamagedBlock)) throw error
    // A reason has at most 123 bytes.
    hangUp(this.#socket, 1011, `block_damaged: ${error.message}`.slice(0, 120))
    return []
  }

  async #send({ height, bytes }: Frame, onTaken: () => void): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      // An error here means that the connection is gone; its `close` event ends the loop above.
      this.#socket.send(bytes, { binary: true }, () => {
        onTaken()
        resolve()
      })
    })
    this.#next = height + 1
    this.#sentBytes += bytes.length
    if (this.#socket.bufferedAmount > FEED_WINDOW_BYTES) await flushed
  }
}
