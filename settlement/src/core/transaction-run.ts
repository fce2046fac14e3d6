import type {
  AssetId,
  ChainId,
  Channel,
  ChannelNumber,
  LockRoot,
  PublicKey,
  Rejection,
  Timestamp,
  Transaction,
  TxId,
} from '@tallystick/protocol'
import { amount, isClosing, isRejection, reject } from '@tallystick/protocol'
import type { StateOverlay } from './ledger-view.js'
import type { TransactionChecks } from './transaction-checks.js'

/** What every step of applying one transaction reads and writes. Lives for that one transaction. */
export class TransactionRun {
  readonly chainId: ChainId
  readonly time: Timestamp
  readonly id: TxId
  readonly state: StateOverlay
  readonly transaction: Transaction
  readonly checks: TransactionChecks
  readonly #balance = new Map<AssetId, bigint>()
  readonly #channelFees = new Map<AssetId, bigint>()
  readonly #listed: ReadonlySet<PublicKey>
  readonly #used = new Set<PublicKey>()
  #nextCoin = 0

  constructor(run: {
    readonly chainId: ChainId
    readonly time: Timestamp
    readonly state: StateOverlay
    readonly transaction: Transaction
    readonly checks: TransactionChecks
  }) {
    this.chainId = run.chainId
    this.time = run.time
    this.id = run.checks.id
    this.state = run.state
    this.transaction = run.transaction
    this.checks = run.checks
    this.#listed = new Set(run.transaction.signers.map(({ publicKey }) => publicKey))
  }

  /** Whether the transaction lists a signature by `key`; what is asked for counts as used. */
  readonly signedBy = (key: PublicKey): boolean => {
    if (!this.#listed.has(key)) return false
    this.#used.add(key)
    return true
  }

  /** Refuses unless the transaction lists a signature by `key`. */
  requireSigner(key: PublicKey, why: string): Rejection<'missing_signature'> | undefined {
    return this.signedBy(key)
      ? undefined
      : reject('missing_signature', `${why} asks for a signature by ${key}`)
  }

  unusedSigner(): PublicKey | undefined {
    return [...this.#listed].find((key) => !this.#used.has(key))
  }

  /** Value released to the transaction. */
  credit(asset: AssetId, value: bigint): void {
    this.#balance.set(asset, (this.#balance.get(asset) ?? 0n) + value)
  }

  /** A fee taken out of a channel: it is burnt whole, nothing that is created can be paid with it. */
  creditFee(asset: AssetId, value: bigint): void {
    this.credit(asset, value)
    this.#channelFees.set(asset, this.channelFees(asset) + value)
  }

  /** What channels pay of this transaction's fee. */
  channelFees(asset: AssetId): bigint {
    return this.#channelFees.get(asset) ?? 0n
  }

  /** Value bound by what the transaction creates. */
  debit(asset: AssetId, value: bigint): void {
    this.credit(asset, -value)
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
    return (
      this.state.read('channel', { channel }) ??
      reject('channel_missing', `there is no channel ${channel}, or it is closed`)
    )
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
