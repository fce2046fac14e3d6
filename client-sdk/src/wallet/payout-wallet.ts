import type { ItemId } from '@tallystick/protocol'
import type { WalletMail } from '../letters/wallet-mail.js'
import type { PayoutRecord, PayoutStatus } from '../payout/payout-record.js'
import {
  PAYOUT_FIELDS,
  type PayoutQuote,
  type PayoutWish,
  WalletPayouts,
} from '../payout/wallet-payouts.js'
import type { HubLink } from './hub-link.js'
import { namedArguments } from './named-arguments.js'
import { entriesOf, type Page, type PageWish } from './record-page.js'
import { StreamingWallet } from './streaming-wallet.js'
import type { WalletChannels } from './wallet-channels.js'
import type { Caller, WalletCore } from './wallet-core.js'
import type { WalletEffect } from './wallet-event.js'

/** What a wallet pays out of its channels to locks on the ledger. */
export class PayoutWallet extends StreamingWallet {
  readonly #payouts: WalletPayouts

  protected constructor(
    core: WalletCore,
    link: HubLink,
    channels: WalletChannels,
    mail: WalletMail,
    { onStored, guards }: { readonly onStored: () => void; readonly guards: boolean },
  ) {
    super(core, link, channels, mail, onStored)
    this.#payouts = new WalletPayouts(core, link, guards)
  }

  /**
   * Takes `value` base units out of a channel that stays in use, to any `lock` on the ledger, or without one to this
   * wallet's own coins; kept once they are there. To another lock they go by a second transaction, whose fee comes out of
   * the channel as well. The same `key` pays out once, however often and after whatever crash it is called, and what was
   * begun goes on by itself whenever the wallet is open. Errors: `payout_failed` when certainly nothing has come to the
   * lock, and the money is in the channel or the wallet; `payout_unknown`, which is no failure; `aborted` says nothing
   * about the payout; any other comes before anything was begun: `key_required`, `key_reused`, `amount_invalid`,
   * `amount_too_small`, `lock_invalid`, `channel_unknown`, `state_lost`, `channel_not_usable`, `withdrawal_pending`, `insolvent`.
   */
  async withdraw(asked: PayoutWish & Caller): Promise<PayoutRecord> {
    const { wish, caller } = namedArguments<PayoutWish>('withdraw', asked, PAYOUT_FIELDS)
    return this.#payouts.withdraw(wish, caller)
  }

  /** What such a payout would take out of a channel; nothing is begun. Errors: `amount_invalid`, `lock_invalid`. */
  quoteWithdrawal(asked: Pick<PayoutWish, 'value' | 'lock'>): PayoutQuote {
    const { wish } = namedArguments<Pick<PayoutWish, 'value' | 'lock'>>('quoteWithdrawal', asked)
    const { value, fee } = this.#payouts.quote(wish)
    return { value, fee }
  }

  /** The payout that was begun with this key, whatever became of it. Errors: `key_required`. */
  payoutOf(key: string): Promise<PayoutRecord | undefined> {
    return this.#payouts.of(key)
  }

  /** A payout of this wallet, whatever became of it. Errors: `payment_invalid`. */
  payout(id: ItemId): Promise<PayoutRecord | undefined> {
    return this.#payouts.get(id)
  }

  /** A page of this wallet's payouts, newest first. Errors: `page_invalid`. */
  payouts(wish: PageWish<PayoutStatus> = {}): Promise<Page<PayoutRecord>> {
    return this.#payouts.list(wish)
  }

  /** All of them, newest first, read page by page as they are asked for. Errors: `page_invalid`. */
  eachPayout(wish: PageWish<PayoutStatus> = {}): AsyncIterable<PayoutRecord> {
    return entriesOf((page) => this.payouts(page), wish)
  }

  /** Goes on with what was under way. `restored`: the store is an old copy. */
  protected loadPayouts(restored: boolean): Promise<void> {
    return this.#payouts.load(restored)
  }

  /** A block was met. */
  protected payoutsGoOn(): void {
    this.#payouts.goOn()
  }

  /** Something has become durable. */
  protected payoutChanged(effect: WalletEffect): void {
    this.#payouts.changed(effect)
  }

  protected stopPayouts(): void {
    this.#payouts.stop()
  }
}
