import {
  type BuildRejection,
  type BuiltTransaction,
  buildTransaction,
  type Clock,
  inParallel,
  inTime,
  type LedgerAccess,
  LedgerError,
  type OwnedCoin,
} from '@tallystick/client-sdk'
import {
  type AssetId,
  amount,
  feeFor,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type Operation,
  type Output,
  outpointKey,
  type Signer,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import {
  BATCH_COST_MAX,
  CHAIN_MAX,
  COINS_TARGET,
  RESEND_BLOCKS,
  SUBMIT_MS_MAX,
  SUBMITS_PARALLEL,
} from '../limits.js'

/** A coin of ours, and how many of our transactions that wait lead to it. */
type Held = { readonly owned: OwnedCoin; readonly depth: number }
type Pending = {
  readonly inputs: readonly Held[]
  /** Coins that it makes for us. */
  readonly made: readonly string[]
  readonly sentAt: number
}

/**
 * The tower's money for fees. Unlike `KeyCoins`, it asks the ledger for its coins once and then goes
 * by what it has sent, and goes on from change that still waits: so that a thousand challenges can
 * be on their way at once.
 */
export class TowerCoins {
  readonly #ledger: LedgerAccess
  readonly #clock: Clock
  readonly #signer: Signer
  readonly #guard: Signer
  readonly #asset: AssetId
  readonly #free = new Map<string, Held>()
  readonly #pending = new Map<TxId, Pending>()
  #submitting = 0
  #isLost = false
  #height = 0
  #wake: (() => void)[] = []

  /** `guard` signs challenges, `signer` has the coins; fees are in `asset`. */
  constructor(
    ledger: LedgerAccess,
    {
      signer,
      guard,
      asset,
      clock,
    }: {
      readonly signer: Signer
      readonly guard: Signer
      readonly asset: AssetId
      readonly clock: Clock
    },
  ) {
    this.#ledger = ledger
    this.#clock = clock
    this.#signer = signer
    this.#guard = guard
    this.#asset = asset
  }

  get lock(): LockRoot {
    return lockRoot(keyLock(this.#signer.publicKey))
  }

  /** Whether there is nothing that could pay a fee, now or once what is on its way has arrived. */
  get isEmpty(): boolean {
    return this.#free.size === 0 && this.#pending.size === 0
  }

  /** Base units that can be spent now. */
  get available(): bigint {
    return [...this.#free.values()].reduce((sum, { owned }) => sum + owned.coin.amount, 0n)
  }

  /** Learns from the ledger what coins there are. */
  async refresh(): Promise<void> {
    const lock = keyLock(this.#signer.publicKey)
    const proven = await this.#ledger.coinsOf(this.lock)
    this.#isLost = false
    const used = new Set([...this.#pending.values()].flatMap(({ inputs }) => inputs.map(keyOf)))
    for (const [key, { depth }] of this.#free) if (depth === 0) this.#free.delete(key)
    for (const { outpoint, coin } of proven) {
      const key = outpointKey(outpoint)
      if (coin.asset !== this.#asset || used.has(key)) continue
      const owned = { outpoint, coin, lock, alternative: 0, signers: [this.#signer] }
      this.#free.set(key, { owned, depth: 0 })
    }
  }

  /** What a block has included waits no more. */
  noteIncluded(height: number, ids: ReadonlySet<TxId>): void {
    this.#height = height
    for (const id of ids) {
      const done = this.#pending.get(id)
      if (done === undefined) continue
      this.#pending.delete(id)
      for (const key of done.made) {
        const made = this.#free.get(key)
        if (made !== undefined) this.#free.set(key, { ...made, depth: 0 })
      }
    }
  }

  /** Whether a transaction of ours is on its way, as far as is known. */
  isPending(id: TxId): boolean {
    return this.#pending.has(id)
  }

  /**
   * What blocks have left out for long is asked for; what will not be is forgotten; and coins are
   * looked for where there are none.
   */
  async checkPending(): Promise<void> {
    const due = [...this.#pending].filter(
      ([, { sentAt }]) => this.#height - sentAt >= RESEND_BLOCKS,
    )
    await inParallel(due, SUBMITS_PARALLEL, async ([id, pending]) => {
      if (!this.#pending.has(id)) return
      this.#pending.set(id, { ...pending, sentAt: this.#height })
      const { kind } = await inTime(this.#clock, SUBMIT_MS_MAX, (signal) =>
        this.#ledger.transactionStatus(id, signal),
      )
      if (kind === 'rejected' || kind === 'unknown') this.#forget(id)
      if (kind === 'included') this.noteIncluded(this.#height, new Set([id]))
    })
    // Only their owner can send some, and says nothing about it here.
    if (this.#isLost || this.isEmpty) await this.refresh()
  }

  /**
   * Does `operations`, with as many coins as the fee takes. Rejects with the `LedgerError` of the
   * submission: when that says that it may have arrived all the same, the coins stay promised.
   */
  async spend(
    operations: readonly Operation[],
    outputs: readonly Output[] = [],
  ): Promise<BuiltTransaction | BuildRejection> {
    for (;;) {
      const built = this.#build(operations, outputs)
      if (!isRejection(built)) return this.#submit(built)
      // What is on its way brings its change back.
      if (built.code !== 'insufficient_funds' || this.#submitting === 0) return built
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** Makes many coins of few, so that transactions need not wait for each other. */
  async split(): Promise<void> {
    const confirmed = [...this.#free.values()].filter(({ depth }) => depth === 0)
    const [largest] = confirmed
      .map(({ owned }) => owned.coin.amount)
      .sort((a, b) => (a > b ? -1 : 1))
    if (largest === undefined || confirmed.length >= COINS_TARGET / 2) return
    const part = largest / BigInt(COINS_TARGET)
    if (part < feeFor(BATCH_COST_MAX, this.#ledger.feePerKiloCost(this.#asset))) return
    const output = { asset: this.#asset, amount: amount(part), lock: this.lock }
    await this.spend(
      [],
      Array.from({ length: COINS_TARGET - 1 }, () => output),
    )
  }

  #build(
    operations: readonly Operation[],
    outputs: readonly Output[],
  ): BuiltTransaction | BuildRejection {
    const usable = [...this.#free.values()]
      .filter(({ depth }) => depth < CHAIN_MAX)
      .sort((a, b) => a.depth - b.depth || (a.owned.coin.amount > b.owned.coin.amount ? -1 : 1))
    const feePerKiloCost = this.#ledger.feePerKiloCost(this.#asset)
    let built: BuiltTransaction | BuildRejection | undefined
    for (let count = 1; count <= Math.max(1, usable.length); count++) {
      built = buildTransaction({
        chainId: this.#ledger.chainId,
        coins: usable.slice(0, count).map(({ owned }) => owned),
        ...{
          outputs,
          operations,
          channels: [],
          signers: operations.length > 0 ? [this.#guard] : [],
        },
        fee: { asset: this.#asset, feePerKiloCost },
        changeLock: this.lock,
        ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
      })
      if (!isRejection(built) || built.code !== 'insufficient_funds') return built
    }
    return built as BuildRejection
  }

  async #submit(built: BuiltTransaction): Promise<BuiltTransaction> {
    const { id, transaction } = built
    const inputs = transaction.body.inputs.flatMap((at) => this.#free.get(outpointKey(at)) ?? [])
    for (const input of inputs) this.#free.delete(keyOf(input))
    const made = this.#madeBy(built, 1 + Math.max(0, ...inputs.map(({ depth }) => depth)))
    this.#pending.set(id, { inputs, made: made.map(keyOf), sentAt: this.#height })
    this.#submitting++
    try {
      await inTime(this.#clock, SUBMIT_MS_MAX, (signal) => this.#ledger.submit(transaction, signal))
      for (const coin of made) this.#free.set(keyOf(coin), coin)
      return built
    } catch (error) {
      // Refused for good, or for now: it is not on its way. Anything else may have arrived.
      if (error instanceof LedgerError && error.status !== undefined) this.#forget(id)
      if (error instanceof LedgerError && error.code === 'coin_missing') this.#lose(inputs)
      throw error
    } finally {
      this.#submitting--
      for (const wake of this.#wake.splice(0)) wake()
    }
  }

  /** Coins under our lock that a transaction makes, in front of which `depth` of ours wait. */
  #madeBy({ id, transaction }: BuiltTransaction, depth: number): Held[] {
    const lock = keyLock(this.#signer.publicKey)
    return [...transaction.body.outputs.entries()]
      .filter(([, output]) => output.lock === this.lock && output.asset === this.#asset)
      .map(([index, output]) => {
        // When it will have been made, only locks of age ask.
        const coin = { ...output, createdTime: timestamp(0) }
        const owned = { outpoint: { txId: id, index }, coin, lock, alternative: 0 }
        return { owned: { ...owned, signers: [this.#signer] }, depth }
      })
  }

  /** Something was spent elsewhere, or its parent is gone: the ledger is asked what there is. */
  #lose(coins: readonly Held[]): void {
    for (const coin of coins) this.#free.delete(keyOf(coin))
    this.#isLost = true
  }

  /** What a transaction that will not be was to spend is free again; what it made is not there. */
  #forget(id: TxId): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    for (const key of pending.made) this.#free.delete(key)
    for (const input of pending.inputs) this.#free.set(keyOf(input), input)
  }
}

function keyOf({ owned }: Held): string {
  return outpointKey(owned.outpoint)
}
