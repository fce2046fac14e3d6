import {
  BLOCK_COST_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type BlockHeader,
  blockCodec,
  blockId,
  type ChainId,
  chainIdOf,
  checkCertificate,
  type EntryKind,
  encode,
  type Genesis,
  invariant,
  isRejection,
  type LockRoot,
  type Parameters,
  type PublicKey,
  parseTransaction,
  type StateEntries,
  type TxId,
} from '@tallystick/protocol'
import {
  applyBlock,
  type BlockRejection,
  judgeCandidate,
  nextBlockTime,
} from '../core/apply-block.js'
import { type ApplyContext, boundedCost } from '../core/apply-transaction.js'
import type { Candidate } from '../core/fill-block.js'
import { TransactionChecks } from '../core/transaction-checks.js'
import type { BlockCandidate, DecidedBlock } from '../engine/engine.js'
import { LedgerFault } from '../ledger-fault.js'
import {
  BLOCK_BYTES_MAX,
  MEMPOOL_BYTES_MAX,
  MEMPOOL_COST_MAX,
  MEMPOOL_TRANSACTIONS_MAX,
  PRUNE_BLOCKS,
  READY_LAG_BLOCKS_MAX,
} from '../limits.js'
import { Mempool } from '../mempool/mempool.js'
import type { PendingTransaction } from '../mempool/pending-transaction.js'
import type { Room } from '../mempool/room.js'
import type { LedgerState } from '../state/ledger-state.js'
import type { PageQuery, StoredBlock, StoredEntry } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'
import { checkTipMark } from './check-tip-mark.js'
import { blockCommit, type FinalBlock } from './final-block.js'
import type { FollowStatus } from './follow-status.js'
import { GroupCommit } from './group-commit.js'
import { includedTransaction } from './included-transaction.js'
import type { LedgerNodeParts } from './ledger-node-parts.js'
import { makeBlock } from './make-block.js'
import type { ProvenValue } from './proven-value.js'
import { pruneBlocks } from './prune-blocks.js'
import { genesisTip, restoreChain } from './restore-chain.js'
import { RevealHashing } from './reveal-hashing.js'
import type { Submitted, TransactionStatus } from './submission.js'
import { TurnLoop } from './turn-loop.js'
import { checkNewestBlocks } from './verify-history.js'

/** What a block of this node may hold. */
const BLOCK_ROOM: Room = {
  transactions: BLOCK_TRANSACTIONS_MAX,
  bytes: BLOCK_BYTES_MAX,
  cost: BLOCK_COST_MAX,
}

/**
 * A running ledger: it takes transactions, makes blocks or takes those that its engine delivers, and
 * answers from the newest block that is on disk. Nothing is shown of a block before that (BLK-6). Lives from `open` to `stop`.
 */
export class LedgerNode {
  readonly genesis: Genesis
  readonly chainId: ChainId
  readonly genesisHeader: BlockHeader
  readonly #parts: LedgerNodeParts
  readonly #state: LedgerState
  readonly #mempool: Mempool
  readonly #reveals = new RevealHashing()
  readonly #listeners = new Set<(block: StoredBlock) => void>()
  #tip: ChainTip
  #firstHeight: number
  #loop: TurnLoop | undefined
  #isStalled = false
  #fault: unknown

  private constructor(parts: LedgerNodeParts, chain: Chain, firstHeight: number) {
    this.genesis = parts.genesis
    this.chainId = chainIdOf(parts.genesis)
    this.genesisHeader = genesisTip(parts.genesis)
    this.#parts = parts
    this.#state = chain.state
    this.#tip = chain.tip
    this.#firstHeight = firstHeight
    const stored = new GroupCommit(parts.store.addPending.bind(parts.store))
    this.#mempool = new Mempool(chain.state, (row) => stored.add(row), {
      transactions: MEMPOOL_TRANSACTIONS_MAX,
      bytes: MEMPOOL_BYTES_MAX,
      cost: MEMPOOL_COST_MAX,
    })
  }

  /** Restores the chain and what waited. It takes no turn before `start`. */
  static async open(parts: LedgerNodeParts): Promise<LedgerNode> {
    const { store } = parts
    const chain = await restoreChain(store, parts.genesis)
    await checkTipMark(parts, chain.tip)
    await checkNewestBlocks(store, chain.tip)
    const node = new LedgerNode(parts, chain, await store.firstHeight())
    const waiting = (await parts.store.pending()).map(({ id, encoded, arrivedMs }) => {
      const transaction = parseTransaction(encoded)
      if (isRejection(transaction)) {
        throw new LedgerFault('store_corrupt', `waiting transaction ${id} is malformed`)
      }
      const checks = new TransactionChecks(node.chainId, transaction)
      return { encoded, transaction, checks, arrivedMs }
    })
    node.#mempool.restore(waiting, node.#context(), parts.clock())
    return node
  }

  /** Takes turns from its engine. Resolves when the first is over; rejects when it failed. */
  async start(): Promise<void> {
    let first = () => {}
    const attempted = new Promise<void>((resolve) => {
      first = resolve
    })
    const loop = new TurnLoop(async (signal) => {
      await this.#takeTurn(signal)
      first()
    })
    this.#loop = loop
    loop.ended.catch((error) => this.#fail(error))
    await Promise.race([attempted, loop.ended])
  }

  /** Finishes the block that is being made, and makes no more. */
  async stop(): Promise<void> {
    this.#loop?.stop()
    // A loop that failed was reported when it did.
    await this.#loop?.ended.catch(() => undefined)
  }

  get tip(): ChainTip {
    return this.#tip
  }

  /** The lowest height whose block is here; those below were pruned, or never were. */
  get firstHeight(): number {
    return this.#firstHeight
  }

  get mempoolSize(): number {
    return this.#mempool.size
  }

  /** What a small transaction has to pay to get in now, millionths of the least fee (COST-2). */
  get leastFeeRatePpm(): bigint {
    return this.#mempool.leastFeeRatePpm
  }

  /** How a follower stands to its upstream; absent in a node that makes blocks. */
  get following(): FollowStatus | undefined {
    return this.#parts.following?.()
  }

  /** Whether blocks are being made, or followed closely. */
  get isReady(): boolean {
    if (this.#loop === undefined || this.#fault !== undefined || this.#isStalled) return false
    const { following } = this
    if (following === undefined) return true
    const { link, upstreamHeight = Infinity } = following
    return link === 'following' && upstreamHeight - this.#tip.header.height <= READY_LAG_BLOCKS_MAX
  }

  /** Hears every block once it is the tip; call the answer to stop. */
  onBlock(listener: (block: StoredBlock) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes a transaction from outside. When this resolves it is on disk, or refused. */
  async submit(encoded: Uint8Array): Promise<Submitted> {
    if (this.#fault !== undefined) throw this.#fault
    const [transaction, parseMs] = timed(() => parseTransaction(encoded))
    if (isRejection(transaction)) return refusal(transaction, parseMs)
    // Before the hash chains are followed, which take longer than all the rest.
    const cost = boundedCost(transaction, encoded.length)
    if (typeof cost !== 'number') return refusal(cost, parseMs)
    const checks = new TransactionChecks(this.chainId, transaction)
    const known = this.#mempool.get(checks.id)
    const hashMs = known === undefined ? await this.#reveals.follow(transaction, checks) : 0
    if (typeof hashMs !== 'number') return refusal(hashMs, parseMs)
    const [admission, admitMs] = timed(() => this.#admit({ encoded, transaction, checks }))
    if (admission.kind !== 'rejection') {
      await this.#stored(admission.pending)
      return { kind: 'pending', id: checks.id }
    }
    // Refused because it is in a block already? Then this is the same word again.
    const position = await this.#parts.store.position(checks.id)
    return position === undefined
      ? refusal(admission, parseMs + hashMs + admitMs)
      : { kind: 'included', id: checks.id, height: position.height }
  }

  async transactionStatus(id: TxId): Promise<TransactionStatus> {
    if (this.#mempool.get(id) !== undefined) return { kind: 'pending' }
    const at = await this.#parts.store.position(id)
    const block = at && (await this.block(at.height))
    if (at === undefined || block === undefined) {
      const rejection = this.#mempool.rejectionOf(id)
      return rejection === undefined ? { kind: 'unknown' } : { kind: 'rejected', rejection }
    }
    const encoded = includedTransaction(this.chainId, id, block.bytes, at.position)
    return { kind: 'included', ...at, encoded }
  }

  /** An entry at the tip, or that there is none, with its proof. */
  prove<Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): ProvenValue {
    const state = this.#state
    return { tip: this.#tip, value: state.encoded(kind, key), proof: state.prove(kind, key) }
  }

  /** Coins under a lock at the tip; see `LedgerStore`. */
  coinsOf(lock: LockRoot, page: PageQuery): Promise<readonly StoredEntry[]> {
    return this.#parts.store.coinsOf(lock, page)
  }

  /** Channels that a key is a side of. */
  channelsOf(key: PublicKey, page: PageQuery): Promise<readonly StoredEntry[]> {
    return this.#parts.store.channelsOf(key, page)
  }

  async block(height: number): Promise<StoredBlock | undefined> {
    return height <= this.#tip.header.height ? this.#parts.store.block(height) : undefined
  }

  /** Up to `limit` blocks from `from` on, none above the tip: see `LedgerStore`. */
  async blocks(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const count = Math.min(limit, this.#tip.header.height - from + 1)
    return count > 0 ? this.#parts.store.blocks(from, count, bytesMax) : []
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    const isWaiting = () => this.#mempool.hasCandidates()
    const parent = this.#tip.header
    const judge = (candidate: BlockCandidate) => this.#judge(candidate)
    const turn = await this.#parts.engine.propose({ parent, isWaiting, judge, signal })
    switch (turn.kind) {
      case 'build':
        return this.#buildBlock()
      case 'decided':
        return this.#takeBlock(turn)
      case 'stopped':
        return undefined
    }
  }

  #judge(candidate: BlockCandidate): BlockRejection | undefined {
    const seconds = Math.floor(this.#parts.clock() / 1_000)
    const tip = { state: this.#state, header: this.#tip.header }
    return judgeCandidate(tip, candidate, this.#parameters(), seconds)
  }

  /** A block of our own: execution, certificate, storage, and only then the tip. */
  async #buildBlock(): Promise<void> {
    const { engine, clock } = this.#parts
    const parent = { state: this.#state, ...this.#tip }
    const seconds = Math.floor(clock() / 1_000)
    const made = makeBlock(parent, this.#parameters(), this.#mempool.template(BLOCK_ROOM), seconds)
    if (isRejection(made)) {
      if (!this.#isStalled) this.#parts.onStall(made.detail)
      this.#isStalled = true
      return
    }
    this.#isStalled = false
    const { header, writes, staged } = made
    const transactions = made.included.map(({ encoded }) => encoded)
    const certificate = await engine.certify({ header, transactions })
    if (certificate === undefined) {
      staged.discard()
      return
    }
    const uncertified = checkCertificate(header, certificate, this.#parameters())
    invariant(uncertified === undefined, 'the engine certifies what it was given')
    await this.#finish({
      ...{ header, certificate, writes, staged },
      bytes: encode(blockCodec, { header, certificate, transactions }),
      included: made.included.map(({ checks }) => checks.id),
      refused: made.refused.map(({ candidate, rejection }) => {
        return { id: candidate.checks.id, rejection }
      }),
    })
  }

  /** A block of somebody else: every rule of BLK-5, and then as one of our own. */
  async #takeBlock({ block, bytes, candidates, refuse }: DecidedBlock): Promise<void> {
    const parent = { state: this.#state, ...this.#tip }
    const seconds = Math.floor(this.#parts.clock() / 1_000)
    const applied = applyBlock(parent, block, this.#parameters(), seconds, candidates)
    if (isRejection(applied)) {
      refuse(applied)
      return
    }
    invariant(!isRejection(candidates), 'a block with malformed transactions is refused')
    const { header, certificate } = block
    const included = candidates.map(({ checks }) => checks.id)
    await this.#finish({ header, certificate, bytes, ...applied, included, refused: [] })
  }

  /** Makes a block the tip, once it is on disk. */
  async #finish(block: FinalBlock): Promise<void> {
    const { header, certificate, bytes, writes, staged, included, refused } = block
    const { engine, store, mark, clock } = this.#parts
    const id = blockId(header)
    await store.commitBlock(blockCommit(block, this.#mempool.takeGone()))
    await mark.note({ height: header.height, id })
    staged.commit()
    this.#tip = { header, id, certificate }
    this.#mempool.advance(this.#state, { included, refused, writes }, this.#context(), clock())
    for (const listener of this.#listeners) listener({ height: header.height, bytes })
    engine.finalize(header)
    await this.#prune()
  }

  /** Many at a time, so that most blocks need not wait for it. */
  async #prune(): Promise<void> {
    const { store, keepBlocks = Infinity } = this.#parts
    const first = this.#tip.header.height - keepBlocks + 1
    if (first < this.#firstHeight + PRUNE_BLOCKS) return
    // Told before it is so: whoever asks meanwhile is refused, not given a gap.
    this.#firstHeight = first
    await pruneBlocks(store, this.chainId, first)
  }

  #admit(candidate: Candidate): ReturnType<Mempool['admit']> {
    try {
      return this.#mempool.admit(candidate, this.#context(), this.#parts.clock())
    } catch (error) {
      // The rules refuse by value; what they throw is a broken invariant, and nothing goes on.
      this.#fail(error)
      throw error
    }
  }

  async #stored({ stored }: PendingTransaction): Promise<void> {
    try {
      await stored
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Where a transaction would be applied if a block were made now. */
  #context(): ApplyContext {
    const seconds = Math.floor(this.#parts.clock() / 1_000)
    const time = nextBlockTime(this.#tip.header, this.#parameters(), seconds)
    return { chainId: this.chainId, time }
  }

  #parameters(): Parameters {
    const parameters = this.#state.read('parameters', {})
    invariant(parameters !== undefined, 'the state has parameters')
    return parameters
  }

  #fail(error: unknown): void {
    if (this.#fault !== undefined) return
    this.#fault = error
    this.#loop?.stop()
    this.#parts.onFault(error)
  }
}

function refusal(
  rejection: Extract<Submitted, { kind: 'refused' }>['rejection'],
  workMs: number,
): Submitted {
  return { kind: 'refused', rejection, workMs }
}

/** What `work` gives, and how long it took, milliseconds. */
function timed<T>(work: () => T): readonly [T, number] {
  const started = performance.now()
  const result = work()
  return [result, performance.now() - started]
}
