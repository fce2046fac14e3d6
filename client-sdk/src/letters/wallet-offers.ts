import {
  type AnswerContent,
  addSeconds,
  encode,
  encodeOffer,
  type InvoiceRequest,
  isRejection,
  type Offer,
  type OfferId,
  offerIdOf,
  sealAnswer,
} from '@tallystick/protocol'
import type { HubLink } from '../wallet/hub-link.js'
import type { FieldsOf } from '../wallet/named-arguments.js'
import { parseDescription, parseExpirySeconds, parseValue } from '../wallet/parse-arguments.js'
import type { Caller, WalletCore } from '../wallet/wallet-core.js'
import type { WalletInvoices } from '../wallet/wallet-invoices.js'
import { WalletError } from '../wallet-error.js'
import {
  invoiceAskedFor,
  type OfferRecord,
  type OwnOffer,
  offerRecordCodec,
  ownOffer,
  requestLabel,
} from './own-offer.js'
import { parseOfferId } from './parse-letter-arguments.js'

/** What can be asked for again and again. */
export type OfferWish = {
  /** Base units, at least 1; absent: the payer says how much. */
  readonly value?: bigint
  /** Shown to the payer, at most 1,024 bytes. */
  readonly description?: string
  /** Whole seconds, at least 1; absent: until it is withdrawn. */
  readonly expirySeconds?: number
}

/** What `createOffer` takes. */
export const OFFER_FIELDS: FieldsOf<OfferWish> = {
  value: true,
  description: true,
  expirySeconds: true,
}

/** Milliseconds after which an answer that the hub did not take is put again. */
const ANSWER_AGAIN_MS = 1_000
/** How often at most. */
const ANSWERS_MAX = 5
const NONCE_BYTES = 24

/** The offers of this wallet, and the invoices that it gives for them (OFFER-1, OFFER-4). */
export class WalletOffers {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #invoices: WalletInvoices
  readonly #onStored: () => void
  readonly #offers = new Map<OfferId, OwnOffer>()
  /** Requests are decided one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  /** `onStored`: something that a backup should hold has become durable. */
  constructor(core: WalletCore, link: HubLink, invoices: WalletInvoices, onStored: () => void) {
    this.#onStored = onStored
    this.#core = core
    this.#link = link
    this.#invoices = invoices
  }

  /** Reads what is stored. */
  async load(): Promise<void> {
    for (const { value } of await this.#core.store.list('offer')) {
      const own = ownOffer(value)
      this.#offers.set(own.id, own)
    }
  }

  async create(wish: OfferWish, caller: Caller): Promise<OfferRecord> {
    const value = wish.value === undefined ? undefined : parseValue(wish.value, 'value')
    const description = parseDescription(wish.description ?? '')
    const seconds =
      wish.expirySeconds === undefined ? undefined : parseExpirySeconds(wish.expirySeconds)
    // Whoever asks for an invoice finds a payee with a channel.
    await this.#invoices.makeRoom(undefined, caller)
    const { asset } = await this.#link.connected(caller)
    const { feed, keys, randomBytes } = this.#core
    const offer: Offer = {
      chainId: feed.ledger.chainId,
      hubs: [this.#link.hub],
      payee: keys.identity.publicKey,
      asset,
      amount: value,
      description,
      expiry: seconds === undefined ? undefined : addSeconds(feed.time, seconds),
      nonce: randomBytes(16),
    }
    const text = encodeOffer(offer, keys.identity)
    const id = offerIdOf(offer)
    return this.#store({ id, text, status: 'active', created: feed.time, offer })
  }

  /** All offers that were made here, the oldest first. */
  list(): readonly OfferRecord[] {
    return [...this.#offers.values()].map(recordOf).sort((a, b) => a.created - b.created)
  }

  /** From here on nobody is given an invoice for it; those that were given can be paid. */
  async withdraw(id: OfferId): Promise<OfferRecord> {
    const own = this.#offers.get(parseOfferId(id))
    if (own === undefined) throw new WalletError('offer_unknown', `this wallet has no offer ${id}`)
    return own.status === 'withdrawn' ? recordOf(own) : this.#store({ ...own, status: 'withdrawn' })
  }

  /** Answers a request; the same one with the same invoice, whenever it comes (OFFER-4). */
  answer(request: InvoiceRequest, returnAddress: Uint8Array): Promise<void> {
    const decided = this.#last.then(() => this.#decide(request))
    this.#last = decided.catch(() => undefined)
    // Whose box takes no answer makes nobody else wait for one.
    return decided.then((content) => this.#put(request, returnAddress, content))
  }

  async #decide(request: InvoiceRequest): Promise<AnswerContent> {
    const own = this.#offers.get(request.offer)
    const asked = invoiceAskedFor(own, request, this.#core.feed.time)
    if (isRejection(asked) || own === undefined) {
      return isRejection(asked) ? refusal(asked) : refusal({ code: 'offer_unknown', detail: '' })
    }
    const preimage = this.#core.keys.secret(requestLabel(request), 0)
    try {
      const { text } = await this.#invoices.forOffer({
        ...asked,
        description: own.offer.description,
        preimage,
        offer: own.id,
        isNamed: own.offer.amount !== undefined,
        offers: this.#active(),
      })
      return { kind: 'invoice', text }
    } catch (error) {
      // What the store cannot keep is not answered: whoever comes after this process does.
      if (!(error instanceof WalletError) || error.code === 'wallet_closed') throw error
      return refusal({ code: error.code, detail: error.message })
    }
  }

  /** How many can be taken up now. */
  #active(): number {
    const { time } = this.#core.feed
    const isActive = ({ status, offer: { expiry } }: OwnOffer) =>
      status === 'active' && (expiry === undefined || time <= expiry)
    return [...this.#offers.values()].filter(isActive).length
  }

  async #put(
    { request, answerKey, expiry }: InvoiceRequest,
    returnAddress: Uint8Array,
    content: AnswerContent,
  ): Promise<void> {
    const { feed, randomBytes } = this.#core
    const address = { chainId: feed.ledger.chainId, request, answerKey }
    const letter = sealAnswer(address, content, randomBytes(NONCE_BYTES))
    if (isRejection(letter)) return
    const to = { kind: 'sender', returnAddress } as const
    for (let tries = 1; ; tries++) {
      try {
        return await this.#link.put({ to, expiry, letter })
      } catch (error) {
        if (!(error instanceof WalletError)) throw error
        // The request is heard again at the next connection.
        if (error.code === 'hub_disconnected') throw error
        // Who asked is away for good, or does not wait any more; or asks again.
        if (!error.retryable || tries === ANSWERS_MAX) return
        await new Promise<void>((done) => this.#core.clock.after(ANSWER_AGAIN_MS, done))
      }
    }
  }

  async #store(own: OwnOffer): Promise<OfferRecord> {
    const record = recordOf(own)
    const value = encode(offerRecordCodec, record)
    await this.#core.store.commit([{ kind: 'offer', key: own.id, value }])
    this.#offers.set(own.id, own)
    this.#onStored()
    this.#core.notify({ kind: 'offer', offer: record })
    return record
  }
}

function recordOf({ offer: _, ...record }: OwnOffer): OfferRecord {
  return record
}

function refusal({ code, detail }: { readonly code: string; readonly detail: string }) {
  return { kind: 'refused', code: code.slice(0, 64), detail: detail.slice(0, 64) } as const
}
