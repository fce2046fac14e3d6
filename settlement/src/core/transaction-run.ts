import type {
  Amount,
  AssetId,
  AssetTerms,
  ChainId,
  Channel,
  ChannelNumber,
  LockRoot,
  Parameters,
  PublicKey,
  Rejection,
  Timestamp,
  Transaction,
  TxId,
} from '@tallystick/protocol'
import { amount, compareText, isClosing, isRejection, reject } from '@tallystick/protocol'
import type { ApplyContext } from './apply-context.js'
import type { StateOverlay } from './ledger-view.js'
import type { TransactionChecks } from './transaction-checks.js'
import type { ObserveStep } from './transaction-step.js'

/** What every step of applying one transaction reads and writes. Lives for that one transaction. */
export class TransactionRun {
  readonly chainId: ChainId
  readonly time: Timestamp
  /** Of the block that the transaction is applied in, and what that is judged by. */
  readonly height: number
  readonly parameters: Parameters
  readonly id: TxId
  readonly state: StateOverlay
  readonly transaction: Transaction
  readonly checks: TransactionChecks
  readonly observe: ObserveStep | undefined
  readonly #balance = new Map<AssetId, bigint>()
  /** Absent until a channel pays one. */
  #channelFees: Map<AssetId, bigint> | undefined
  /** Whether each signer of the transaction was asked for. */
  readonly #used: boolean[]
  #nextCoin = 0

  constructor(run: {
    readonly context: ApplyContext
    readonly state: StateOverlay
    readonly transaction: Transaction
    readonly checks: TransactionChecks
    readonly observe: ObserveStep | undefined
  }) {
    this.chainId = run.context.chainId
    this.time = run.context.time
    this.height = run.context.height
    this.parameters = run.context.parameters
    this.id = run.checks.id
    this.state = run.state
    this.transaction = run.transaction
    this.checks = run.checks
    this.observe = run.observe
    this.#used = run.transaction.signers.map(() => false)
  }

  /** Whether the transaction lists a signature by `key`; what is asked for counts as used. */
  readonly signedBy = (key: PublicKey): boolean => {
    const { signers } = this.transaction
    // They ascend (TX-1).
    let low = 0
    let high = signers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = signers[middle]?.publicKey
      if (found === key) {
        this.#used[middle] = true
        return true
      }
      if (found !== undefined && compareText(found, key) < 0) low = middle + 1
      else high = middle
    }
    return false
  }

  /** Refuses unless the transaction lists a signature by `key`. */
  requireSigner(key: PublicKey, why: string): Rejection<'missing_signature'> | undefined {
    const refusal = this.signedBy(key)
      ? undefined
      : reject('missing_signature', `${why} asks for a signature by ${key}`)
    this.observe?.({ rule: 'TX-9', subject: `${why}: a signature by ${key}` }, refusal)
    return refusal
  }

  unusedSigner(): PublicKey | undefined {
    return this.transaction.signers.find((_, position) => !this.#used[position])?.publicKey
  }

  /** Value released to the transaction. */
  credit(asset: AssetId, value: bigint): void {
    this.#balance.set(asset, (this.#balance.get(asset) ?? 0n) + value)
  }

  /** A fee taken out of a channel: it is burnt whole, nothing that is created can be paid with it. */
  creditFee(asset: AssetId, value: bigint): void {
    this.credit(asset, value)
    this.#channelFees ??= new Map()
    this.#channelFees.set(asset, this.channelFees(asset) + value)
  }

  /** What channels pay of this transaction's fee. */
  channelFees(asset: AssetId): bigint {
    return this.#channelFees?.get(asset) ?? 0n
  }

  /** Value bound by what the transaction creates. */
  debit(asset: AssetId, value: bigint): void {
    this.credit(asset, -value)
  }

  /** Books a new asset; its first supply is released to the transaction. */
  issue(
    asset: AssetId,
    { terms, issued }: { readonly terms: AssetTerms; readonly issued: Amount },
  ): void {
    this.state.write('asset', { asset }, { terms, issued, burnt: amount(0n) })
    this.credit(asset, issued)
  }

  /** Released less bound, by asset. */
  balances(): ReadonlyMap<AssetId, bigint> {
    return this.#balance
  }

  /**
   * Creates the transaction's next coin. Outputs come first, then what operations pay out, so that
   * every coin has an outpoint without being spelled out (TX-7). Nothing is created for zero.
   */
  createCoin(coin: {
    readonly asset: AssetId
    readonly value: bigint
    readonly lock: LockRoot
  }): void {
    const index = this.#nextCoin++
    if (coin.value === 0n) return
    this.state.write(
      'coin',
      { txId: this.id, index },
      { asset: coin.asset, amount: amount(coin.value), lock: coin.lock, createdTime: this.time },
    )
  }

  /** The channel with this number, or that there is none. */
  channel(channel: ChannelNumber): Channel | Rejection<'channel_missing'> {
    const found =
      this.state.read('channel', { channel }) ??
      reject('channel_missing', `there is no channel ${channel}, or it is closed`)
    this.observe?.(
      { rule: 'OP-0', subject: `channel ${channel}` },
      isRejection(found) ? found : undefined,
    )
    return found
  }

  /** The channel with this number if it is in use. */
  openChannel(
    number: ChannelNumber,
  ): Channel | Rejection<'channel_missing'> | Rejection<'channel_closing'> {
    const channel = this.channel(number)
    if (isRejection(channel) || !isClosing(channel)) return channel
    return reject(
      'channel_closing',
      `channel ${number} is closing; nothing but the dispute goes on`,
    )
  }

  setChannel(channel: Channel): void {
    this.state.write('channel', { channel: channel.number }, channel)
  }

  removeChannel(channel: ChannelNumber): void {
    this.state.write('channel', { channel }, undefined)
  }
}
