import {
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
  type Parameters,
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
import { type ApplyContext, applyContext } from '../core/apply-context.js'
import { boundedCost } from '../core/apply-transaction.js'
import type { Candidate } from '../core/fill-block.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { TransactionChecks } from '../core/transaction-checks.js'
import type { BlockCandidate, DecidedBlock } from '../engine/engine.js'
import { READY_LAG_BLOCKS_MAX } from '../limits.js'
import { Mempool } from '../mempool/mempool.js'
import { BLOCK_ROOM, MEMPOOL_ROOM } from '../mempool/room.js'
import type { LedgerState } from '../state/ledger-state.js'
import type { StoredBlock } from '../store/ledger-store.js'
import type { Chain, ChainTip } from './chain.js'
import { checkTipMark } from './check-tip-mark.js'
import { blockCommit, type FinalBlock, includedOf } from './final-block.js'
import type { FollowStatus } from './follow-status.js'
import { GroupCommit } from './group-commit.js'
import { Horizon } from './horizon.js'
import type { LedgerNodeParts } from './ledger-node-parts.js'
import { makeBlock } from './make-block.js'
import type { ProvenValue } from './proven-value.js'
import { genesisTip, restoreChain } from './restore-chain.js'
import { restoreWaiting } from './restore-waiting.js'
import { RevealHashing } from './reveal-hashing.js'
import { StoredChain } from './stored-chain.js'
import { refusal, type Submitted, type TransactionStatus } from './submission.js'
import { timed } from './timed.js'
import { type Traced, traceAtTip, traceWaiting } from './trace-at-tip.js'
import { TurnLoop } from './turn-loop.js'
import { type PendingUpgrade, UpgradeWatch } from './upgrade.js'
import { checkNewestBlocks } from './verify-history.js'

/**
 * A running ledger: it takes transactions, makes blocks or takes those that its engine delivers, and
 * answers from the newest block that is on disk. Nothing is shown of a block before that (BLK-6).
 * Lives from `open` to `stop`.
 */
export class LedgerNode {
  readonly genesis: Genesis
  readonly chainId: ChainId
  readonly genesisHeader: BlockHeader
  /** Blocks, and lists of what is in the state. */
  readonly stored: StoredChain
  readonly #parts: LedgerNodeParts
  readonly #state: LedgerState
  readonly #mempool: Mempool
  readonly #reveals = new RevealHashing()
  readonly #horizon: Horizon
  readonly #upgrades: UpgradeWatch
  readonly #listeners = new Set<(block: StoredBlock) => void>()
  #tip: ChainTip
  #loop: TurnLoop | undefined
  #isStalled = false
  #fault: unknown

  private constructor(parts: LedgerNodeParts, chain: Chain, horizon: Horizon) {
    this.genesis = parts.genesis
    this.chainId = chainIdOf(parts.genesis)
    this.genesisHeader = genesisTip(parts.genesis)
    this.stored = new StoredChain(parts.store, {
      chainId: this.chainId,
      tip: () => this.#tip,
      firstHeight: () => this.#horizon.first,
      onDamagedBlock: parts.onDamagedBlock,
      onFault: (fault) => this.#fail(fault),
    })
    this.#parts = parts
    this.#state = chain.state
    this.#tip = chain.tip
    this.#horizon = horizon
    const { versions, onUnsupportedUpgrade } = parts
    this.#upgrades = new UpgradeWatch(chain.state, versions, onUnsupportedUpgrade)
    const stored = new GroupCommit(parts.store.addPending.bind(parts.store))
    this.#mempool = new Mempool(chain.state, (row) => stored.add(row), MEMPOOL_ROOM)
  }

  /** Restores the chain and what waited. It takes no turn before `start`. */
  static async open(parts: LedgerNodeParts): Promise<LedgerNode> {
    const { store } = parts
    const chain = await restoreChain(store, parts.genesis)
    const { header, id } = chain.tip
    await checkTipMark(store, parts.genesis, parts.mark.found, { height: header.height, id })
    await checkNewestBlocks(store, chain.tip)
    const node = new LedgerNode(parts, chain, await Horizon.of(store, parts.keepBlocks))
    node.#nextParameters()
    node.#upgrades.tell()
    const waiting = await restoreWaiting(store, node.chainId)
    node.#mempool.restore(waiting, node.#context(), parts.clock())
    return node
  }

  /**
   * Takes turns from its engine. Resolves when the first is over; rejects when it failed, which
   * nobody else is told.
   */
  async start(): Promise<void> {
    let isStarted = false
    let first = () => {}
    const attempted = new Promise<void>((resolve) => {
      first = resolve
    })
    const loop = new TurnLoop(async (signal) => {
      await this.#takeTurn(signal)
      isStarted = true
      first()
    })
    this.#loop = loop
    loop.ended.catch((error) => {
      if (isStarted) this.#fail(error)
      else this.#fault = error
    })
    await Promise.race([attempted, loop.ended])
  }

  /** Finishes the block that is being made, and makes no more; long hash chains are given up. */
  async stop(): Promise<void> {
    this.#reveals.stop()
    this.#loop?.stop()
    // A loop that failed was reported when it did.
    await this.#loop?.ended.catch(() => undefined)
  }

  get tip(): ChainTip {
    return this.#tip
  }

  /** The lowest height whose block is here; those below were pruned, or never were. */
  get firstHeight(): number {
    return this.#horizon.first
  }

  /** How many channels were ever opened. */
  get channelCount(): number {
    return this.#state.read('channelCount', {})?.count ?? 0
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

  /** Whether blocks are being made, or followed closely, and none is known to be damaged. */
  get isReady(): boolean {
    if (this.#loop === undefined || this.#fault !== undefined || this.#isStalled) return false
    if (this.stored.damagedBlock !== undefined) return false
    const { following } = this
    if (following === undefined) return true
    const { link, upstreamHeight = Infinity } = following
    return link === 'following' && upstreamHeight - this.#tip.header.height <= READY_LAG_BLOCKS_MAX
  }

  /** The upgrade that is announced, if one is. */
  get upgrade(): PendingUpgrade | undefined {
    return this.#upgrades.pending
  }

  /** Versions of the rules that this node supports, ascending. */
  get versions(): readonly number[] {
    return [...this.#parts.versions].sort((a, b) => a - b)
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
      await admission.pending.stored.catch((error) => Promise.reject(this.#fail(error)))
      return { kind: 'pending', id: checks.id }
    }
    // Refused because it is in a block already? Then this is the same word again.
    const found = await this.stored.index.find(checks.id)
    return found === undefined
      ? refusal(admission, parseMs + hashMs + admitMs)
      : { kind: 'included', id: checks.id, height: found.height }
  }

  /** Runs a transaction rule by rule on the tip; refused is only what no ledger could even read. */
  async trace(encoded: Uint8Array): Promise<Traced> {
    const [transaction, parseMs] = timed(() => parseTransaction(encoded))
    if (isRejection(transaction)) return { workMs: parseMs, result: transaction }
    const bytes = encoded.length
    const cost = boundedCost(transaction, bytes)
    if (typeof cost !== 'number') return { workMs: parseMs, result: cost }
    const checks = new TransactionChecks(this.chainId, transaction)
    const hashMs = await this.#reveals.follow(transaction, checks)
    if (typeof hashMs !== 'number') return { workMs: parseMs, result: hashMs }
    const status = await this.transactionStatus(checks.id)
    const context = this.#context()
    const parts = { transaction, bytes, cost, checks, context, status }
    const [result, traceMs] = timed(() => traceAtTip(this.#state, this.#tip, parts))
    return { workMs: parseMs + hashMs + traceMs, result }
  }

  /** Runs one that waits, behind those that it builds on; `undefined` when it does not wait. */
  traceWaiting(id: TxId): Traced | undefined {
    const pending = this.#mempool.get(id)
    return pending && traceWaiting(this.#state, this.#tip, pending, this.#context())
  }

  async transactionStatus(id: TxId): Promise<TransactionStatus> {
    if (this.#mempool.get(id) !== undefined) return { kind: 'pending' }
    const found = await this.stored.index.find(id)
    if (found !== undefined) return { kind: 'included', ...found }
    const rejection = this.#mempool.rejectionOf(id)
    return rejection === undefined ? { kind: 'unknown' } : { kind: 'rejected', rejection }
  }

  /** An entry at the tip, or that there is none, with its proof. */
  prove<Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): ProvenValue {
    const state = this.#state
    return { tip: this.#tip, value: state.encoded(kind, key), proof: state.prove(kind, key) }
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    const turn = await this.#parts.engine.propose({
      parent: this.#tip.header,
      view: this.#state,
      authority: this.#nextParameters(),
      isWaiting: () => this.#mempool.hasCandidates(),
      judge: (candidate) => this.#judge(candidate),
      conflict: (theirs) => this.stored.conflict(this.genesis, theirs),
      signal,
    })
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
    const tip = { state: this.#state, header: this.#tip.header }
    return judgeCandidate(tip, candidate, this.#seconds())
  }

  /** A block of our own: execution, certificate, storage, and only then the tip. */
  async #buildBlock(): Promise<void> {
    const parameters = this.#nextParameters()
    const parent = { state: this.#state, ...this.#tip }
    const made = makeBlock(parent, this.#mempool.template(BLOCK_ROOM), this.#seconds())
    if (isRejection(made)) {
      if (!this.#isStalled) this.#parts.onStall(made.detail)
      this.#isStalled = true
      return
    }
    this.#isStalled = false
    const { header, staged } = made
    const transactions = made.included.map(({ encoded }) => encoded)
    const certificate = await this.#parts.engine.certify({ header, transactions }, parameters)
    if (certificate === undefined) {
      staged.discard()
      return
    }
    const uncertified = checkCertificate(header, certificate, parameters)
    invariant(uncertified === undefined, 'the engine certifies what it was given')
    const bytes = encode(blockCodec, { header, certificate, transactions })
    await this.#finish({ ...made, included: includedOf(made.included), certificate, bytes })
  }

  /** A block of somebody else: every rule of BLK-5, and then as one of our own. */
  async #takeBlock({ block, bytes, received, refuse }: DecidedBlock): Promise<void> {
    const parent = { state: this.#state, ...this.#tip }
    const applied = applyBlock(parent, block, this.#seconds(), received)
    if (isRejection(applied)) {
      refuse(applied)
      return
    }
    invariant(!isRejection(received), 'a block with malformed transactions is refused')
    await this.#finish({ ...block, bytes, ...applied, included: received, refused: [] })
  }

  /** Makes a block the tip, once it is on disk. */
  async #finish(block: FinalBlock): Promise<void> {
    const { header, certificate, bytes } = block
    const { engine, store, mark } = this.#parts
    const id = blockId(header)
    await store.commitBlock(blockCommit(this.#state, block, this.#mempool.takeGone()))
    await mark.note({ height: header.height, id })
    this.#advance(block, { header, id, certificate })
    this.#upgrades.tell()
    for (const listener of this.#listeners) listener({ height: header.height, bytes })
    engine.finalize(header)
    await this.#horizon.prune(header.height)
  }

  #advance({ staged, included, refused, writes }: FinalBlock, tip: ChainTip): void {
    staged.commit()
    this.#tip = tip
    const block = {
      included: included.ids(),
      refused: refused.map(({ candidate, rejection }) => ({ id: candidate.checks.id, rejection })),
      writes,
    }
    this.#mempool.advance(this.#state, block, this.#context(), this.#parts.clock())
  }

  #admit(candidate: Candidate): ReturnType<Mempool['admit']> {
    try {
      return this.#mempool.admit(candidate, this.#context(), this.#parts.clock())
    } catch (error) {
      // The rules refuse by value; what they throw is a broken invariant, and nothing goes on.
      throw this.#fail(error)
    }
  }

  /** Where a transaction would be applied if a block were made now. */
  #context(): ApplyContext {
    const { header } = this.#tip
    const parameters = parametersInForce(this.#state, header.height + 1)
    const time = nextBlockTime(header, parameters, this.#seconds())
    return applyContext(this.#state, { chainId: this.chainId, time, height: header.height + 1 })
  }

  /** This node's own clock. */
  #seconds(): number {
    return Math.floor(this.#parts.clock() / 1_000)
  }

  /** What the next block is judged by; throws where this node cannot go on under it (UPG-3). */
  #nextParameters(): Parameters {
    return this.#upgrades.parametersAt(this.#tip.header.height + 1)
  }

  /** Ends the node at the first failure; answers what failed now. */
  #fail(error: unknown): unknown {
    if (this.#fault !== undefined) return error
    this.#fault = error
    this.#loop?.stop()
    this.#parts.onFault(error)
    return error
  }
}
