import {
  type Channel,
  type ChannelParty,
  isRejection,
  type Operation,
  type Rejection,
  type Reveal,
  type Signer,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import { channelFeeTransaction } from '../ledger/channel-fee-transaction.js'
import type { KeyCoins } from '../ledger/key-coins.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { LedgerError } from '../ledger/ledger-error.js'
import type { BuiltTransaction } from '../ledger/transaction-draft.js'

/** One side of a channel, and its channel key. */
export type Side = { readonly party: ChannelParty; readonly signer: Signer }

/** What one transaction brings onto the ledger. */
export type Deed = {
  readonly operations: readonly Operation[]
  readonly reveals: readonly Reveal[]
}

export type GuardPaymentsParts = {
  readonly ledger: Pick<LedgerAccess, 'chainId' | 'submit'>
  /** Base units due for 1,000 units of cost in the channel's asset. */
  readonly feePerKiloCost: (channel: Channel) => number
  /** The owner's coins: they pay where no channel can. */
  readonly coins: Pick<KeyCoins, 'build' | 'release'>
}

/** Why a channel does not pay for what its side does: its certain share or its reserve is too small. */
const CHANNEL_CANNOT_PAY: ReadonlySet<string> = new Set(['fee_above_payout', 'fee_above_reserve'])

/** Out of what one side's transactions are paid: the channel that they are about, or coins. */
export class GuardPayments {
  readonly #parts: GuardPaymentsParts
  /** What coins were promised for, by the names of what is done by it. */
  readonly #funded = new Map<string, BuiltTransaction>()

  constructor(parts: GuardPaymentsParts) {
    this.#parts = parts
  }

  /** Which transaction of coins does what a name stands for; absent: none was built. */
  funded(name: string): TxId | undefined {
    return this.#funded.get(name)?.id
  }

  /**
   * Hands a deed in on a channel that is closing, or closed by it: its own side's share pays, so that it
   * needs no coins; where that is not enough, coins do. A rejection: there are none. Throws `LedgerError`.
   */
  async pay(name: string, side: Side, deed: Deed, signal?: AbortSignal): Promise<TxId | Rejection> {
    try {
      return await this.fromChannel(side, deed, signal)
    } catch (error) {
      if (!(error instanceof LedgerError && CHANNEL_CANNOT_PAY.has(error.code))) throw error
    }
    const signers = deed.operations.length === 0 ? [] : [side.signer]
    return this.withCoins([name], { ...deed, signers }, signal)
  }

  /**
   * Hands a deed in that the share of its own side in a channel pays for. Throws `LedgerError`, with
   * `fee_above_payout` or `fee_above_reserve` where the share is not enough.
   */
  async fromChannel(
    { party, signer }: Side,
    deed: Deed,
    signal?: AbortSignal,
  ): Promise<TxId | Rejection> {
    const { ledger, feePerKiloCost } = this.#parts
    const built = channelFeeTransaction({
      chainId: ledger.chainId,
      channel: party.ledger.number,
      role: party.role,
      signer,
      ...deed,
      feePerKiloCost: feePerKiloCost(party.ledger),
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    return isRejection(built) ? built : ledger.submit(built.transaction, signal)
  }

  /**
   * Hands a deed in that coins pay for. What was built for the first of the names goes out again as
   * it is: it may be in a node's pool already, and no further coin is taken. Throws `LedgerError`.
   */
  async withCoins(
    names: readonly string[],
    deed: Deed & { readonly signers: readonly Signer[] },
    signal?: AbortSignal,
  ): Promise<TxId | Rejection> {
    const { coins, ledger } = this.#parts
    const [first = ''] = names
    const built = this.#funded.get(first) ?? (await coins.build(deed))
    if (isRejection(built)) return built
    for (const name of names) this.#funded.set(name, built)
    try {
      return await ledger.submit(built.transaction, signal)
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) this.#release(built)
      throw error
    }
  }

  /** Coins for what is not due any more are free again, if the ledger still has them. */
  keep(due: ReadonlySet<string>): void {
    const kept = new Set([...this.#funded].flatMap(([name, built]) => (due.has(name) ? built : [])))
    for (const built of new Set(this.#funded.values())) if (!kept.has(built)) this.#release(built)
  }

  #release(built: BuiltTransaction): void {
    for (const [name, other] of this.#funded) if (other === built) this.#funded.delete(name)
    this.#parts.coins.release(built)
  }
}
