import { decodeTrusted, encode, type ItemId } from '@tallystick/protocol'
import type { StoreWrite, WalletStore } from '../store/wallet-store.js'
import { countOf, letterOrder } from '../wallet/record-order.js'
import { type Page, type PageWish, recordPage } from '../wallet/record-page.js'
import { type LetterPayment, letterPaymentCodec } from './letter-payment.js'
import { isEnded } from './letter-payment-machine.js'

/** Records of a store of format 7 that are read at a time. */
const FORMER_PAGE = 512

/** Payments that began with a letter as they are stored: those under way in memory as well, and the place of each in lists. */
export class LetterPaymentStore {
  readonly #store: WalletStore
  readonly #active = new Map<ItemId, LetterPayment>()
  readonly #places = new Map<ItemId, number>()
  #count = 0

  constructor(store: WalletStore) {
    this.#store = store
  }

  /** Reads what has not ended; gives what a store of format 7, or a backup, kept without a place one, in the order of time. */
  async load(): Promise<void> {
    this.#count = await countOf(this.#store, 'letterOrder')
    const unplaced = this.#count === 0 ? await this.#former() : []
    for (const { value } of await this.#store.list('letterPayment')) {
      const payment = decodeTrusted(letterPaymentCodec, value)
      this.#active.set(payment.id, payment)
      const place = await this.#store.get('letterOrder', nameKey(payment.id))
      if (place === undefined) unplaced.push(payment)
      else this.#places.set(payment.id, Number(new TextDecoder().decode(place)))
    }
    if (unplaced.length === 0) return
    unplaced.sort((a, b) => a.created - b.created)
    await this.#store.commit(unplaced.flatMap((payment) => this.#placed(payment, undefined)))
  }

  /** Those that have not ended. */
  active(): readonly LetterPayment[] {
    return [...this.#active.values()]
  }

  underway(id: ItemId): LetterPayment | undefined {
    return this.#active.get(id)
  }

  async get(id: ItemId): Promise<LetterPayment | undefined> {
    const active = this.#active.get(id)
    if (active !== undefined) return active
    const stored = await this.#store.get('doneLetterPayment', id)
    return stored === undefined ? undefined : decodeTrusted(letterPaymentCodec, stored)
  }

  /** A page of all of them, newest first. Errors: `page_invalid`. */
  list(wish: PageWish<LetterPayment['status']>): Promise<Page<LetterPayment>> {
    return recordPage(this.#store, 'letterOrder', wish, (name) => this.get(name as ItemId))
  }

  /** Durable when the promise is kept; one change after the other. */
  async put(payment: LetterPayment): Promise<void> {
    const { id } = payment
    const before = this.#active.get(id)
    await this.#store.commit([...writesOf(payment), ...this.#placed(payment, before)])
    if (isEnded(payment)) {
      this.#active.delete(id)
      this.#places.delete(id)
    } else this.#active.set(id, payment)
  }

  #placed(payment: LetterPayment, before: LetterPayment | undefined): StoreWrite[] {
    const { id } = payment
    const place = this.#places.get(id) ?? ++this.#count
    this.#places.set(id, place)
    const value = new TextEncoder().encode(String(place))
    return [
      ...(before === undefined ? [{ kind: 'letterOrder', key: nameKey(id), value } as const] : []),
      ...letterOrder(payment, place, before),
    ]
  }

  /** What a store of format 7 kept of payments that have ended. */
  async #former(): Promise<LetterPayment[]> {
    const found: LetterPayment[] = []
    for (let after: string | undefined; ; ) {
      const page = await this.#store.page('doneLetterPayment', after, FORMER_PAGE, 'ascending')
      found.push(...page.map(({ value }) => decodeTrusted(letterPaymentCodec, value)))
      if (page.length < FORMER_PAGE) return found
      after = page.at(-1)?.key
    }
  }
}

/** Where the place of a payment is kept. */
function nameKey(id: ItemId): string {
  return `name/${id}`
}

function writesOf(payment: LetterPayment): StoreWrite[] {
  const value = encode(letterPaymentCodec, payment)
  const { id: key } = payment
  return isEnded(payment)
    ? [
        { kind: 'letterPayment', key, value: undefined },
        { kind: 'doneLetterPayment', key, value },
      ]
    : [{ kind: 'letterPayment', key, value }]
}
