import { type BlockHeader, type ChainId, type Rejection, reject } from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { pause } from '../engine/block-pace.js'
import type { Engine, Standing, Turn } from '../engine/engine.js'
import { LedgerFault } from '../ledger-fault.js'
import { READY_LAG_BLOCKS_MAX, UPSTREAM_RETRY_MS_FIRST, UPSTREAM_RETRY_MS_MAX } from '../limits.js'
import type { Conflict } from '../node/find-conflict.js'
import type { FollowStatus } from '../node/follow-status.js'
import type { LedgerReport } from '../serve-node.js'
import { MalformedBlock, type ReadBlock, readBlocks } from './read-blocks.js'
import type { Upstream } from './upstream.js'
import { upstreamFeed } from './upstream-feed.js'

type Connection = { readonly blocks: AsyncGenerator<ReadBlock>; readonly hangUp: AbortController }

/**
 * The engine of a follower: it gives no turn to its own node, and delivers what the upstream has.
 * An upstream that is away, or sends what the node refuses, is asked again less and less often;
 * meanwhile the node serves its last good tip.
 */
export class FollowEngine implements Engine {
  readonly #upstream: Upstream
  readonly #chainId: ChainId
  readonly #pool: SignaturePool
  readonly #onReport: (report: LedgerReport) => void
  readonly #keepConflict: (conflict: Conflict) => Promise<string>
  #connection: Connection | undefined
  #status: FollowStatus
  /** How long to wait before the next connection; `undefined` while nothing went wrong. */
  #retryMs: number | undefined

  /** `keepConflict`: writes evidence down; where. */
  constructor(
    upstream: Upstream,
    chainId: ChainId,
    pool: SignaturePool,
    onReport: (report: LedgerReport) => void,
    keepConflict: (conflict: Conflict) => Promise<string>,
  ) {
    this.#upstream = upstream
    this.#chainId = chainId
    this.#pool = pool
    this.#onReport = onReport
    this.#keepConflict = keepConflict
    const unknown = { upstreamHeight: undefined, refusal: undefined }
    this.#status = { upstream: upstream.url, link: 'connecting', ...unknown }
  }

  get status(): FollowStatus {
    return this.#status
  }

  async propose(standing: Standing): Promise<Turn> {
    const { parent, signal } = standing
    const due = parent.height + 1
    while (!signal.aborted) {
      try {
        this.#connection ??= await this.#connect(standing)
        if (signal.aborted) break
        const next = await this.#connection.blocks.next()
        if (next.done) throw new LedgerFault('upstream_unreachable', 'the feed has ended')
        // A block may come twice around a reconnection (API-5).
        if (next.value.block.header.height < due) continue
        return {
          ...{ kind: 'decided', ...next.value },
          refuse: (rejection) => this.#refuse(due, rejection),
        }
      } catch (error) {
        if (signal.aborted) break
        this.#lose(due, error)
      }
    }
    this.#hangUp()
    return { kind: 'stopped' }
  }

  certify(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  finalize({ height }: BlockHeader): void {
    this.#retryMs = undefined
    const upstreamHeight = Math.max(height, this.#status.upstreamHeight ?? 0)
    this.#status = { ...this.#status, link: 'following', upstreamHeight, refusal: undefined }
    if (upstreamHeight - height > READY_LAG_BLOCKS_MAX) {
      this.#onReport({ kind: 'catchingUp', height, upstreamHeight })
    }
  }

  async #connect(standing: Standing): Promise<Connection> {
    const { parent, view, signal } = standing
    if (this.#retryMs !== undefined) await pause(this.#retryMs, signal)
    const { chainId, height } = await this.#upstream.status(signal)
    // Its word, which it can take back: a lie about it does not outlast the connection.
    this.#status = { ...this.#status, upstreamHeight: height }
    if (chainId !== this.#chainId) {
      const detail = `${this.#upstream.url} is of chain ${chainId}, this node of ${this.#chainId}`
      throw new LedgerFault('upstream_unusable', detail)
    }
    await this.#requireNoConflict(standing, Math.min(parent.height, height))
    const hangUp = new AbortController()
    // Who stops between two turns does not ask for the next.
    signal.addEventListener('abort', () => this.#hangUp(), { signal: hangUp.signal })
    const frames = upstreamFeed(this.#upstream.url, parent.height + 1, hangUp.signal)
    if (this.#status.link !== 'refused') this.#status = { ...this.#status, link: 'following' }
    return { blocks: readBlocks(frames, this.#chainId, view, this.#pool), hangUp }
  }

  /** Throws `conflicting_block` when the upstream shows another final block of a height than we have. */
  async #requireNoConflict({ conflict, signal }: Standing, height: number): Promise<void> {
    if (height === 0) return
    const theirs = await this.#upstream.header(height, signal).catch(passUnshown)
    const found = theirs && (await conflict(theirs))
    if (found === undefined) return
    const { ours, theirs: other } = found
    const path = await this.#keepConflict(found)
    const what = `the validators certified two blocks at height ${height}`
    const detail = `${what}: ${ours.id} here, ${other.id} at ${this.#upstream.url}`
    throw new LedgerFault('conflicting_block', `${detail}; both are in ${path}`)
  }

  #lose(due: number, error: unknown): void {
    if (error instanceof MalformedBlock) {
      this.#refuse(due, error.rejection)
      return
    }
    this.#hangUp()
    if (!(error instanceof LedgerFault)) throw error
    switch (error.code) {
      case 'upstream_unreachable':
        this.#backOff()
        this.#onReport({
          ...{ kind: 'upstreamUnreachable', upstream: this.#upstream.url, why: error.message },
        })
        this.#status = { ...this.#status, link: 'unreachable' }
        break
      case 'upstream_unusable':
      case 'upstream_damaged':
        this.#refuse(due, reject(error.code, error.message))
        break
      case 'history_pruned': {
        const way = 'begin a new folder with --archive or --snapshot'
        this.#refuse(due, reject(error.code, `${error.message}; ${way}`))
        break
      }
      default:
        throw error
    }
  }

  #refuse(height: number, rejection: Rejection<string>): void {
    this.#hangUp()
    this.#backOff()
    this.#status = { ...this.#status, link: 'refused', refusal: { height, rejection } }
    const { code, detail } = rejection
    this.#onReport({ kind: 'blockRefused', upstream: this.#upstream.url, height, code, detail })
  }

  #backOff(): void {
    const doubled = (this.#retryMs ?? UPSTREAM_RETRY_MS_FIRST / 2) * 2
    this.#retryMs = Math.min(doubled, UPSTREAM_RETRY_MS_MAX)
  }

  #hangUp(): void {
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    connection.hangUp.abort()
    // Blocks that were read ahead are not asked for any more: without this their reader waits for ever.
    connection.blocks.return(undefined).catch(() => undefined)
  }
}

/** What an upstream does not show of the past proves nothing; its blocks are checked anyway. */
function passUnshown(error: unknown): undefined {
  if (!(error instanceof LedgerFault) || error.code === 'upstream_unreachable') throw error
  return undefined
}
