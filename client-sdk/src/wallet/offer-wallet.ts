import type { OfferId } from '@tallystick/protocol'
import type { LetterPayment } from '../letters/letter-payment.js'
import {
  LetterPayments,
  OFFER_PAYMENT_FIELDS,
  type OfferPaymentWish,
  SPONTANEOUS_FIELDS,
  type SpontaneousWish,
} from '../letters/letter-payments.js'
import type { OfferRecord } from '../letters/own-offer.js'
import type { WalletMail } from '../letters/wallet-mail.js'
import { OFFER_FIELDS, type OfferWish, WalletOffers } from '../letters/wallet-offers.js'
import type { HubLink } from './hub-link.js'
import { namedArguments } from './named-arguments.js'
import type { Page, PageWish } from './record-page.js'
import { TradingWallet } from './trading-wallet.js'
import type { WalletChannels } from './wallet-channels.js'
import type { Caller, WalletCore } from './wallet-core.js'
import { WalletInvoices } from './wallet-invoices.js'
import { WalletPayments } from './wallet-payments.js'
import type { PaymentRecord } from './wallet-records.js'

/** What a wallet does by letters: offers, and payments that were not asked for. */
export class OfferWallet extends TradingWallet {
  readonly #offers: WalletOffers
  readonly #letterPayments: LetterPayments
  readonly #mail: WalletMail
  readonly #core: WalletCore

  protected constructor(
    core: WalletCore,
    link: HubLink,
    channels: WalletChannels,
    mail: WalletMail,
    onStored: () => void,
  ) {
    super(core, link, channels)
    const invoices = new WalletInvoices(core, link, channels)
    this.#core = core
    this.#mail = mail
    const payments = new WalletPayments(core, link, invoices)
    this.#offers = new WalletOffers(core, link, invoices, onStored)
    this.#letterPayments = new LetterPayments(core, link, payments, onStored)
    const readers = {
      request: this.#offers.answer.bind(this.#offers),
      answer: this.#letterPayments.answered.bind(this.#letterPayments),
    }
    mail.begin(readers, (message) => link.say(message))
  }

  /**
   * A static, reusable offer as a string to hand out (`text`): whoever pays it is given an invoice of its
   * own by this wallet, while it is connected, or when it comes back. Errors: `argument_invalid`, `amount_invalid`,
   * `expiry_invalid`, `description_invalid`.
   */
  async createOffer(asked: OfferWish & Caller = {}): Promise<OfferRecord> {
    const { wish, caller } = namedArguments<OfferWish>('createOffer', asked, OFFER_FIELDS)
    return this.#offers.create(wish, caller)
  }

  /** The offers of this wallet, the oldest first. */
  offers(): readonly OfferRecord[] {
    return this.#offers.list()
  }

  /** From here on nobody is given an invoice for the offer. Errors: `offer_invalid`, `offer_unknown`. */
  withdrawOffer(id: OfferId): Promise<OfferRecord> {
    return this.#offers.withdraw(id)
  }

  /**
   * Pays an offer and waits for the receipt: asks the payee for an invoice, waits until it is back if it
   * is away (`waitSeconds`), checks what it gives and pays that. The same `key` pays once, however often
   * and after whatever crash it is called; what was begun goes on by itself. Errors: `payment_failed`
   * when certainly nothing was paid, `expired` among the reasons; `payment_unknown`; any other code
   * before anything was begun; `aborted` says nothing about the payment.
   */
  async payOffer(text: string, asked: OfferPaymentWish & Caller): Promise<PaymentRecord> {
    const { wish, caller } = namedArguments<OfferPaymentWish>(
      'payOffer',
      asked,
      OFFER_PAYMENT_FIELDS,
    )
    return this.#letterPayments.payOffer(text, wish, caller)
  }

  /**
   * Pays somebody who did not ask for it, by its identity on the same hub, and waits for the receipt; the
   * payee takes it or not, by its own policy. Errors: as of `payOffer`, `payee_invalid`, `message_invalid`.
   */
  async paySpontaneously(asked: SpontaneousWish & Caller): Promise<PaymentRecord> {
    const { wish, caller } = namedArguments<SpontaneousWish>(
      'paySpontaneously',
      asked,
      SPONTANEOUS_FIELDS,
    )
    return this.#letterPayments.paySpontaneously(wish, caller)
  }

  /**
   * The payment of an offer, or the spontaneous one, that was begun with this key: also while the payee
   * has not answered, when `paymentOf` does not know it.
   */
  letterPaymentOf(key: string): Promise<LetterPayment | undefined> {
    return this.#letterPayments.of(key)
  }

  /**
   * A page of the payments of offers and of spontaneous ones, newest first, those among them that were not begun or came to
   * nothing, which `payments` does not know. Errors: `page_invalid`.
   */
  letterPayments(wish: PageWish<LetterPayment['status']> = {}): Promise<Page<LetterPayment>> {
    return this.#letterPayments.list(wish)
  }

  /** Reads what is stored of letters. `restored`: the store is an old copy. */
  protected async loadLetters(restored: boolean): Promise<void> {
    await this.#offers.load()
    await this.#letterPayments.load(restored)
  }

  /** A channel was attached: the hub takes letters from here on. */
  protected lettersConnected(): void {
    this.#letterPayments.connected()
  }

  /** A block was met. */
  protected lettersGoOn(): void {
    this.#mail.timePassed(this.#core.feed.time)
    this.#letterPayments.goOn()
  }
}
