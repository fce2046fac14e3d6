import {
  BLOCK_COST_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type Block,
  type BlockHeader,
  blockCodec,
  blockId,
  type ChainId,
  chainIdOf,
  checkCertificate,
  decodeTrusted,
  type EntryKind,
  encode,
  fromHex,
  type Genesis,
  invariant,
  isRejection,
  type LockRoot,
  type PublicKey,
  parseTransaction,
  type StateEntries,
  type TxId,
} from '@tallystick/protocol'
import { nextBlockTime } from '../core/apply-block.js'
import { type ApplyContext, applyContext } from '../core/apply-context.js'
import { boundedCost } from '../core/apply-transaction.js'
import type { Candidate } from '../core/fill-block.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { TransactionChecks } from '../core/transaction-checks.js'
import { LedgerFault } from '../ledger-fault.js'
import {
  BLOCK_BYTES_MAX,
  MEMPOOL_BYTES_MAX,
  MEMPOOL_COST_MAX,
  MEMPOOL_TRANSACTIONS_MAX,
} from '../limits.js'
import { Mempool } from '../mempool/mempool.js'
import type { PendingTransaction } from '../mempool/pending-transaction.js'
import type { Room } from '../mempool/room.js'
import type { LedgerState } from '../state/ledger-state.js'
import { entryRows } from '../store/entry-row.js'
import { entryUses } from '../store/entry-use.js'
import type {
  PageQuery,
  StoredBlock,
  StoredEntry,
  StoredHandover,
  TransactionIndex,
} from '../store/ledger-store.js'
import { BlockLoop } from './block-loop.js'
import type { Chain, ChainTip } from './chain.js'
import { checkTipMark } from './check-tip-mark.js'
import { GroupCommit } from './group-commit.js'
import { handoverAfter } from './handover-after.js'
import type { LedgerNodeParts } from './ledger-node-parts.js'
import { type MadeBlock, makeBlock } from './make-block.js'
import type { ProvenValue } from './proven-value.js'
import { genesisTip, restoreChain } from './restore-chain.js'
import { RevealHashing } from './reveal-hashing.js'
import { refusal, type Submitted, type TransactionStatus } from './submission.js'
import { timed } from './timed.js'
import { type Traced, traceAtTip } from './trace-at-tip.js'
import { type PendingUpgrade, pendingUpgrade, requireSupportedVersion } from './upgrade.js'

/** What a block of this node may hold. */
const BLOCK_ROOM: Room = {
  transactions: BLOCK_TRANSACTIONS_MAX,
  bytes: BLOCK_BYTES_MAX,
  cost: BLOCK_COST_MAX,
}

/**
 * A running ledger: it takes transactions, makes blocks, and answers from the newest block that is
 * on disk. Nothing is shown of a block before that (BLK-6). Lives from `open` to `stop`.
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
  #loop: BlockLoop | undefined
  #isStalled = false
  /** Height of the upgrade that was reported as one to stop at. */
  #reportedUpgrade: number | undefined
  #fault: unknown

  private constructor(parts: LedgerNodeParts, chain: Chain) {
    this.genesis = parts.genesis
    this.chainId = chainIdOf(parts.genesis)
    this.genesisHeader = genesisTip(parts.genesis)
    this.#parts = parts
    this.#state = chain.state
    this.#tip = chain.tip
    const stored = new GroupCommit(parts.store.addPending.bind(parts.store))
    this.#mempool = new Mempool(chain.state, (row) => stored.add(row), {
      transactions: MEMPOOL_TRANSACTIONS_MAX,
      bytes: MEMPOOL_BYTES_MAX,
      cost: MEMPOOL_COST_MAX,
    })
  }

  /** Restores the chain and what waited. It makes no block before `start`. */
  static async open(parts: LedgerNodeParts): Promise<LedgerNode> {
    const chain = await restoreChain(parts.store, parts.genesis)
    await checkTipMark(parts, chain.tip)
    const node = new LedgerNode(parts, chain)
    node.#requireNextBlock()
    node.#reportUpgrade()
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

  /** Makes a first block (unless the clock forbids it), and then one whenever it is due. */
  async start(): Promise<void> {
    let first = () => {}
    const attempted = new Promise<void>((resolve) => {
      first = resolve
    })
    const make = async () => {
      const isMade = await this.#makeBlock()
      first()
      return isMade
    }
    const loop = new BlockLoop(this.#parts.timing, () => this.#mempool.hasCandidates(), make)
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

  /** Which transactions of the chain had to do with what. */
  get index(): TransactionIndex {
    return this.#parts.store.index
  }

  get mempoolSize(): number {
    return this.#mempool.size
  }

  /** What a small transaction has to pay to get in now, millionths of the least fee (COST-2). */
  get leastFeeRatePpm(): bigint {
    return this.#mempool.leastFeeRatePpm
  }

  /** Whether blocks are being made. */
  get isReady(): boolean {
    return this.#loop !== undefined && this.#fault === undefined && !this.#isStalled
  }

  /** The upgrade that is announced, if one is. */
  get upgrade(): PendingUpgrade | undefined {
    return pendingUpgrade(this.#state, this.#parts.versions)
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
      await this.#stored(admission.pending)
      return { kind: 'pending', id: checks.id }
    }
    // Refused because it is in a block already? Then this is the same word again.
    const position = await this.index.position(checks.id)
    return position === undefined
      ? refusal(admission, parseMs + hashMs + admitMs)
      : { kind: 'included', id: checks.id, height: position.height }
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

  async transactionStatus(id: TxId): Promise<TransactionStatus> {
    if (this.#mempool.get(id) !== undefined) return { kind: 'pending' }
    const at = await this.index.position(id)
    const block = at && (await this.block(at.height))
    if (at === undefined || block === undefined) {
      const rejection = this.#mempool.rejectionOf(id)
      return rejection === undefined ? { kind: 'unknown' } : { kind: 'rejected', rejection }
    }
    const encoded = decodeTrusted<Block>(blockCodec, block.bytes).transactions[at.position]
    invariant(encoded !== undefined, 'the index names a transaction of the block')
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

  /** Handovers to parameters that came into force at `from` or later; see `LedgerStore`. */
  handovers(from: number, limit: number): Promise<readonly StoredHandover[]> {
    return this.#parts.store.handovers(from, limit)
  }

  async block(height: number): Promise<StoredBlock | undefined> {
    return height <= this.#tip.header.height ? this.#parts.store.block(height) : undefined
  }

  /** Up to `limit` blocks from `from` on, none above the tip: see `LedgerStore`. */
  async blocks(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const count = Math.min(limit, this.#tip.header.height - from + 1)
    return count > 0 ? this.#parts.store.blocks(from, count, bytesMax) : []
  }

  /** Up to `limit` blocks from `from` down, none above the tip: see `LedgerStore`. */
  blocksDown(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]> {
    const top = Math.min(from, this.#tip.header.height)
    return this.#parts.store.blocksDown(top, limit, bytesMax)
  }

  /** Execution, certificate, storage, and only then the tip: whether a block was made. */
  async #makeBlock(): Promise<boolean> {
    const { engine, store, mark, clock } = this.#parts
    const parameters = this.#requireNextBlock()
    const parent = { state: this.#state, ...this.#tip }
    const seconds = Math.floor(clock() / 1_000)
    const made = makeBlock(parent, this.#mempool.template(BLOCK_ROOM), seconds)
    if (isRejection(made)) {
      if (!this.#isStalled) this.#parts.onStall(made.detail)
      this.#isStalled = true
      return false
    }
    this.#isStalled = false
    const { header, included } = made
    const certificate = await engine.certify(header, parameters)
    const uncertified = checkCertificate(header, certificate, parameters)
    invariant(uncertified === undefined, 'the engine certifies what it was given')
    const transactions = included.map(({ encoded }) => encoded)
    const bytes = encode(blockCodec, { header, certificate, transactions })
    const id = blockId(header)
    await store.commitBlock({
      ...{ height: header.height, id: fromHex(id), bytes },
      ...entryRows(made.writes, made.staged.changes),
      transactions: included.map(({ checks }) => checks.id),
      handover: handoverAfter(this.#state, made, { header, certificate }),
      uses: entryUses(
        included.map(({ transaction }) => transaction),
        made.writes,
      ),
      settled: this.#takeSettled(made),
    })
    await mark.note({ height: header.height, id })
    this.#advance(made, { header, id, certificate })
    this.#reportUpgrade()
    for (const listener of this.#listeners) listener({ height: header.height, bytes })
    return true
  }

  /** Ids to remove from disk with a block. */
  #takeSettled({ included, refused }: MadeBlock<PendingTransaction>): readonly TxId[] {
    return [...included, ...refused.map(({ candidate }) => candidate)]
      .map(({ checks }) => checks.id)
      .concat(this.#mempool.takeGone())
  }

  #advance(made: MadeBlock<PendingTransaction>, tip: ChainTip): void {
    made.staged.commit()
    this.#tip = tip
    const block = {
      included: made.included.map(({ checks }) => checks.id),
      refused: made.refused.map(({ candidate, rejection }) => {
        return { id: candidate.checks.id, rejection }
      }),
      writes: made.writes,
    }
    this.#mempool.advance(this.#state, block, this.#context(), this.#parts.clock())
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
    const { header } = this.#tip
    const seconds = Math.floor(this.#parts.clock() / 1_000)
    const parameters = parametersInForce(this.#state, header.height + 1)
    const time = nextBlockTime(header, parameters, seconds)
    return applyContext(this.#state, { chainId: this.chainId, time, height: header.height + 1 })
  }

  /** What the next block is judged by; throws unless this node may, and can, make it. */
  #requireNextBlock() {
    const height = this.#tip.header.height + 1
    const parameters = parametersInForce(this.#state, height)
    requireSupportedVersion(parameters, height, this.#parts.versions)
    this.#parts.engine.requireAuthority(parameters)
    return parameters
  }

  #reportUpgrade(): void {
    const upgrade = this.upgrade
    if (upgrade === undefined || upgrade.isSupported) return
    if (upgrade.activationHeight === this.#reportedUpgrade) return
    this.#reportedUpgrade = upgrade.activationHeight
    this.#parts.onUnsupportedUpgrade(upgrade)
  }

  #fail(error: unknown): void {
    if (this.#fault !== undefined) return
    this.#fault = error
    this.#loop?.stop()
    this.#parts.onFault(error)
  }
}
