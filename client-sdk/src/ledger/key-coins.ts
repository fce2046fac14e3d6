import {
  type AssetId,
  type Channel,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type Operation,
  type Output,
  outpointKey,
  type Reveal,
  type Signer,
  TIMESTAMP_MAX,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import type { OwnedCoin } from './coin-selection.js'
import type { LedgerAccess } from './ledger-access.js'
import type { FundingPlan } from './ledger-operations.js'
import { type BuildRejection, buildTransaction } from './transaction-builder.js'
import type { BuiltTransaction } from './transaction-draft.js'

/** What a transaction from coins is to do. */
export type CoinSpend = {
  readonly outputs?: readonly Output[]
  readonly operations?: readonly Operation[]
  readonly channels?: readonly Channel[]
  readonly reveals?: readonly Reveal[]
  /** Signers of keys that the operations ask for. */
  readonly signers?: readonly Signer[]
  /** Ledger time after which it is not included any more; absent: none. */
  readonly validUntil?: Timestamp
  /** Absent: none. */
  readonly memo?: Uint8Array
}

/**
 * The coins of one key on the ledger. Builds one transaction at a time, and leaves out coins that
 * an earlier one of this process has promised already.
 */
export class KeyCoins {
  readonly #ledger: LedgerAccess
  readonly #signer: Signer
  /** The asset that fees are paid in. */
  readonly asset: AssetId
  readonly #promised = new Set<string>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(ledger: LedgerAccess, signer: Signer, asset: AssetId) {
    this.#ledger = ledger
    this.#signer = signer
    this.asset = asset
  }

  /** The lock under which this key is paid. */
  get lock(): LockRoot {
    return lockRoot(keyLock(this.#signer.publicKey))
  }

  /** Every unspent coin of the key, each proved by the ledger's state root. */
  async list(): Promise<readonly OwnedCoin[]> {
    const lock = keyLock(this.#signer.publicKey)
    const coins = await this.#ledger.coinsOf(this.lock)
    return coins.map(({ outpoint, coin }) => {
      return { outpoint, coin, lock, alternative: 0, signers: [this.#signer] }
    })
  }

  /** Builds and submits; the answer is the transaction, which may still be pending. */
  spend(spend: CoinSpend): Promise<BuiltTransaction | BuildRejection> {
    return this.#alone(async () => {
      const built = await this.#build(spend)
      if (isRejection(built)) return built
      await this.#ledger.submit(built.transaction)
      this.#promise(built)
      return built
    })
  }

  /** Builds without submitting; the coins count as promised from here on. */
  build(spend: CoinSpend): Promise<BuiltTransaction | BuildRejection> {
    return this.#alone(async () => {
      const built = await this.#build(spend)
      if (!isRejection(built)) this.#promise(built)
      return built
    })
  }

  /** The ledger has refused a transaction: its coins are free again. */
  release({ transaction }: Pick<BuiltTransaction, 'transaction'>): void {
    for (const outpoint of transaction.body.inputs) this.#promised.delete(outpointKey(outpoint))
  }

  /** Coins of a transaction that was built before this process started. */
  #promise({ transaction }: Pick<BuiltTransaction, 'transaction'>): void {
    for (const outpoint of transaction.body.inputs) this.#promised.add(outpointKey(outpoint))
  }

  reserve(transaction: BuiltTransaction['transaction']): void {
    this.#promise({ transaction })
  }

  /**
   * What `issueTransaction`, `reissueTransaction` and `parametersProposal` ask for: the coins that are
   * not promised, and the fee by the parameters in force. `signers`: of keys besides that of the
   * coins. What is built of it promises its coins only once `reserve` is told.
   */
  async fundingPlan(signers: readonly Signer[] = []): Promise<FundingPlan> {
    const coins = await this.list()
    return {
      chainId: this.#ledger.chainId,
      coins: coins.filter(({ outpoint }) => !this.#promised.has(outpointKey(outpoint))),
      signers,
      fee: { asset: this.asset, feePerKiloCost: this.#ledger.feePerKiloCost(this.asset) },
      changeLock: this.lock,
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    }
  }

  async #build(spend: CoinSpend): Promise<BuiltTransaction | BuildRejection> {
    return buildTransaction({
      ...(await this.fundingPlan(spend.signers)),
      ...(spend.validUntil !== undefined && { validUntil: spend.validUntil }),
      outputs: spend.outputs ?? [],
      operations: spend.operations ?? [],
      channels: spend.channels ?? [],
      reveals: spend.reveals ?? [],
      ...(spend.memo !== undefined && { memo: spend.memo }),
    })
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    // Whoever asked is told of the failure; the next one starts afresh.
    this.#last = next.catch(() => undefined)
    return next
  }
}
