import {
  addSeconds,
  type ItemId,
  isRejection,
  LETTER_SECONDS_MAX,
  openAnswer,
  type PublicKey,
  routingFee,
  type SealedLetter,
} from '@tallystick/protocol'
import type { HubLink } from '../wallet/hub-link.js'
import type { FieldsOf } from '../wallet/named-arguments.js'
import { parseFeeMax, parseKey, parseStatus, parseValue } from '../wallet/parse-arguments.js'
import type { Page, PageWish } from '../wallet/record-page.js'
import { type Caller, ignoreFault, type WalletCore } from '../wallet/wallet-core.js'
import { itemIdOf, requireFeeWithin, type WalletPayments } from '../wallet/wallet-payments.js'
import type { PaymentRecord } from '../wallet/wallet-records.js'
import { WalletError } from '../wallet-error.js'
import { checkOffer } from './check-offer.js'
import { LETTER_PAYMENT_STATUSES, type LetterPayment } from './letter-payment.js'
import { isEnded, type LetterPaymentEvent, stepLetterPayment } from './letter-payment-machine.js'
import { LetterPaymentStore } from './letter-payment-store.js'
import { announcingPayment, askingPayment } from './new-letter-payment.js'
import {
  parseMessage,
  parseOfferText,
  parsePayee,
  parseWaitSeconds,
} from './parse-letter-arguments.js'

/** How an offer is paid. */
export type OfferPaymentWish = {
  /** The same key is the same payment for ever. */
  readonly key: string
  /** Base units, where the offer leaves the amount to the payer. */
  readonly amount?: bigint
  /** The most that the hub may ask for it, base units; absent: whatever it asks. */
  readonly feeMax?: bigint
  /** How long to wait for a payee that is away, seconds, at most a week; absent: a day. */
  readonly waitSeconds?: number
}

/** What `payOffer` takes. */
export const OFFER_PAYMENT_FIELDS: FieldsOf<OfferPaymentWish> = {
  key: true,
  amount: true,
  feeMax: true,
  waitSeconds: true,
}

/** What is paid without having been asked for. */
export type SpontaneousWish = {
  /** Identity key of the payee. */
  readonly to: PublicKey
  /** Base units, at least 1. */
  readonly amount: bigint
  /** The same key is the same payment for ever. */
  readonly key: string
  readonly feeMax?: bigint
  /** Shown to the payee, at most 1,024 bytes. */
  readonly message?: string
}

/** What `paySpontaneously` takes. */
export const SPONTANEOUS_FIELDS: FieldsOf<SpontaneousWish> = {
  to: true,
  amount: true,
  key: true,
  feeMax: true,
  message: true,
}

/** Seconds that a payer waits for a payee that is away, unless told otherwise. */
const WAIT_SECONDS = 86_400
/** Milliseconds until a letter that was not kept, or not answered, is put again; doubled up to the last. */
const AGAIN_MS_FIRST = 2_000
const AGAIN_MS_LAST = 600_000

/** When a letter is put again, in milliseconds of the clock. */
type Turn = { readonly at: number; readonly waitMs: number }

/** Payments that begin with a letter to the payee (OFFER-3, OFFER-5, MAIL-5). */
export class LetterPayments {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #payments: WalletPayments
  readonly #onStored: () => void
  readonly #stored: LetterPaymentStore
  readonly #turns = new Map<ItemId, Turn>()
  /** What is being paid by this process. */
  readonly #underway = new Set<ItemId>()
  #last: Promise<unknown> = Promise.resolve()

  /** `onStored`: something that a backup should hold has become durable. */
  constructor(core: WalletCore, link: HubLink, payments: WalletPayments, onStored: () => void) {
    this.#onStored = onStored
    this.#core = core
    this.#link = link
    this.#payments = payments
    this.#stored = new LetterPaymentStore(core.store)
  }

  /** Reads what is stored and has not ended. `restored`: the store is an old copy. */
  async load(restored: boolean): Promise<void> {
    await this.#stored.load()
    for (const payment of this.#stored.active()) {
      // Begun again it could be found paid, and taken for failed; one that is known here tells itself.
      const isKnown = !restored || (await this.#payments.get(payment.id)) !== undefined
      if (!isKnown) await this.#meet(payment.id, { kind: 'restored' })
    }
  }

  async payOffer(text: unknown, wish: OfferPaymentWish, caller: Caller): Promise<PaymentRecord> {
    const key = parseKey(wish.key)
    const offerText = parseOfferText(text)
    const named = wish.amount === undefined ? undefined : parseValue(wish.amount, 'amount')
    const feeMax = parseFeeMax(wish.feeMax)
    const waitSeconds = parseWaitSeconds(wish.waitSeconds ?? WAIT_SECONDS, LETTER_SECONDS_MAX)
    return this.#once(key, caller, {
      isSame: ({ what, amount }) =>
        what.kind === 'offer' &&
        what.text === offerText &&
        (named === undefined || named === amount),
      make: async (id) => {
        const policy = await this.#link.connected(caller)
        const { asset } = policy
        const { feed, keys } = this.#core
        const [chainId, identity] = [feed.ledger.chainId, keys.identity.publicKey]
        const payer = { chainId, hub: this.#link.hub, asset, identity, now: feed.time }
        const { offer, amount } = checkOffer(offerText, named, payer)
        requireFeeWithin(routingFee(policy, amount), feeMax)
        const end = addSeconds(feed.time, waitSeconds)
        const expiry = offer.expiry !== undefined && offer.expiry < end ? offer.expiry : end
        return askingPayment(this.#core, id, { offer, text: offerText, amount, feeMax, expiry })
      },
    })
  }

  async paySpontaneously(wish: SpontaneousWish, caller: Caller): Promise<PaymentRecord> {
    const key = parseKey(wish.key)
    const payee = parsePayee(wish.to)
    const amount = parseValue(wish.amount, 'amount')
    const feeMax = parseFeeMax(wish.feeMax)
    const message = parseMessage(wish.message ?? '')
    return this.#once(key, caller, {
      isSame: (known) =>
        known.what.kind === 'spontaneous' &&
        known.what.message === message &&
        known.payee === payee &&
        known.amount === amount,
      make: async (id) => {
        const policy = await this.#link.connected(caller)
        if (payee === this.#core.keys.identity.publicKey) {
          throw new WalletError('own_invoice', 'a wallet does not pay itself')
        }
        requireFeeWithin(routingFee(policy, amount), feeMax)
        return announcingPayment(this.#core, id, { payee, amount, feeMax, message })
      },
    })
  }

  /** The payment that was begun with this key, whatever became of it. */
  async of(key: string): Promise<LetterPayment | undefined> {
    return this.#stored.get(itemIdOf(parseKey(key)))
  }

  /** A page of all of them, newest first. */
  async list(wish: PageWish<LetterPayment['status']>): Promise<Page<LetterPayment>> {
    parseStatus(wish.status, LETTER_PAYMENT_STATUSES)
    return this.#stored.list(wish)
  }

  /** What was answered to one of them; anything else is nobody's. */
  async answered(letter: Extract<SealedLetter, { kind: 'answer' }>): Promise<void> {
    const asked = this.#stored.active().find(({ what }) => {
      return what.kind === 'offer' && what.request === letter.request
    })
    if (asked?.what.kind !== 'offer') return
    const { request, answerKey } = asked.what
    const address = { chainId: this.#core.feed.ledger.chainId, request, answerKey }
    const content = openAnswer(address, letter)
    if (!isRejection(content)) await this.#meet(asked.id, { kind: 'answered', content })
  }

  /** There is a new connection: what has to be said is said again. */
  connected(): void {
    this.#turns.clear()
    this.goOn()
  }

  /** Ends what ran out, and goes on with what is due; after every block. */
  goOn(): void {
    for (const { id, expiry, status } of this.#stored.active()) {
      if (status === 'asking' && this.#core.feed.time > expiry) {
        this.#meet(id, { kind: 'timePassed' }).catch(ignoreFault)
      } else this.#drive(id)
    }
  }

  /** Begins the payment of a key unless it was begun before, and waits for its end. */
  async #once(
    key: string,
    caller: Caller,
    how: {
      readonly isSame: (known: LetterPayment) => boolean
      readonly make: (id: ItemId) => Promise<LetterPayment>
    },
  ): Promise<PaymentRecord> {
    const id = itemIdOf(key)
    const known = await this.#stored.get(id)
    if (known === undefined) await this.#begin(id, how.make)
    const begun = await this.#stored.get(id)
    if (begun === undefined || !how.isSame(begun)) throw keyReused()
    return this.#receipt(id, caller)
  }

  async #begin(id: ItemId, make: (id: ItemId) => Promise<LetterPayment>): Promise<void> {
    if ((await this.#payments.get(id)) !== undefined) throw keyReused()
    const made = await make(id)
    await this.#inTurn(async () => {
      // INV-26: the same payment, asked for twice at once, is the one that is under way.
      if ((await this.#stored.get(id)) === undefined) await this.#store(made)
    })
    this.#drive(id)
  }

  /** Does what is due for a payment now; what fails for now is done again later. */
  #drive(id: ItemId): void {
    const payment = this.#stored.underway(id)
    if (payment === undefined || this.#underway.has(id)) return
    switch (payment.status) {
      case 'asking':
        return this.#ask(payment)
      case 'paying':
        this.#underway.add(id)
        this.#pay(payment)
          .catch(ignoreFault)
          .finally(() => this.#underway.delete(id))
        return
      case 'paid':
      case 'failed':
      case 'unknown':
        return
    }
  }

  #ask({ id, payee, letter, expiry }: LetterPayment): void {
    const now = this.#core.clock.nowMs()
    const turn = this.#turns.get(id)
    if (turn !== undefined && now < turn.at) return
    const waitMs = Math.min(turn === undefined ? AGAIN_MS_FIRST : 2 * turn.waitMs, AGAIN_MS_LAST)
    this.#turns.set(id, { at: now + waitMs, waitMs })
    this.#link
      .put({ to: { kind: 'identity', key: payee }, expiry, letter })
      .then(() => this.#meet(id, { kind: 'kept' }))
      .catch((error: unknown) => {
        // A hub that is away, or full, is asked again; one that does not know the payee never will.
        if (!(error instanceof WalletError) || error.retryable) return
        return this.#meet(id, { kind: 'undeliverable', code: error.code })
      })
      .catch(ignoreFault)
  }

  /** Carries out what is certain to be paid, and notes how it ended. */
  async #pay(payment: LetterPayment): Promise<void> {
    const { id, what, payee, amount, feeMax, expiry } = payment
    try {
      if (what.kind === 'offer') await this.#payments.payAs(id, what.invoice, feeMax)
      else {
        const { anchor, message } = what
        const order = { payee, anchor, amount, description: message, until: expiry }
        await this.#payments.payUnasked(id, order, feeMax)
      }
      await this.#meet(id, { kind: 'ended', status: 'paid', code: '' })
    } catch (error) {
      await this.#notPaid(id, error)
    }
  }

  async #notPaid(id: ItemId, error: unknown): Promise<void> {
    if (!(error instanceof WalletError)) throw error
    // Something else was paid under the key meanwhile: this was not.
    const isTaken = error.code === 'key_reused'
    const made = isTaken ? undefined : await this.#payments.get(id)
    switch (made?.status) {
      case undefined:
        // Nothing was promised: later it may be, as long as the invoice can be paid.
        if (error.retryable || error.code === 'wallet_closed') return
        return this.#meet(id, { kind: 'ended', status: 'failed', code: shortCode(error.code) })
      case 'failed':
      case 'unknown':
        return this.#meet(id, { kind: 'ended', status: made.status, code: made.code })
      default:
        return
    }
  }

  async #meet(id: ItemId, event: LetterPaymentEvent): Promise<void> {
    await this.#inTurn(async () => {
      const before = this.#stored.underway(id)
      const after = before && stepLetterPayment(before, event, this.#core.feed.time)
      if (after !== undefined && after !== before) await this.#store(after)
    })
    this.#drive(id)
  }

  /** One change after the other: each sees what the one before it has stored. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #store(payment: LetterPayment): Promise<void> {
    await this.#stored.put(payment)
    if (isEnded(payment)) this.#turns.delete(payment.id)
    this.#onStored()
    this.#core.notify({ kind: 'letterPayment', payment })
  }

  async #receipt(id: ItemId, { signal }: Caller): Promise<PaymentRecord> {
    const ended = this.#core.changes.wait(
      (notice) =>
        notice.kind === 'letterPayment' && notice.payment.id === id && isEnded(notice.payment),
      signal,
    )
    const known = await this.#stored.get(id)
    if (known !== undefined && isEnded(known)) ended.catch(() => undefined)
    else await ended
    const outcome = await this.#stored.get(id)
    const made = await this.#payments.get(id)
    if (outcome?.status === 'paid' && made !== undefined) return made
    if (outcome?.status === 'unknown') {
      throw new WalletError('payment_unknown', 'it is not known whether it was paid')
    }
    // The hub asks for more than it did when the payment was begun.
    const code = outcome?.code === 'fee_above_cap' ? outcome.code : 'payment_failed'
    throw new WalletError(code, `nothing was paid: ${outcome?.code ?? 'failed'}`)
  }
}

/** An invoice that ended before it was paid is a payment that came too late. */
function shortCode(code: string): string {
  return code === 'invoice_expired' ? 'expired' : code.slice(0, 64)
}

function keyReused(): WalletError {
  const detail =
    'the key is of another payment: the same key is the same payment for ever; name each payment by a key of its own'
  return new WalletError('key_reused', detail)
}
