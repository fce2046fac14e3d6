import type { OfferRecord } from '@tallystick/client-sdk'
import { isRejection, type OfferId, parseOffer } from '@tallystick/protocol'
import type { ApiCaller } from '../core/caller.js'
import { HUB_MS_MAX } from '../limits.js'
import { dataOf, type StoredObject } from '../store/object-row.js'
import { changeObject, findObject, insertObject } from '../store/object-store.js'
import { type DoneRequest, rememberRequest } from '../store/request-store.js'
import { type OfferData, offerData } from '../store/stored-data.js'
import { type MerchantParts, newId } from './merchant-parts.js'

/** What a shop asks for again and again. */
export type OfferOrder = {
  /** Base units; absent: the payer says how much. */
  readonly amount: bigint | undefined
  readonly description: string
  /** Absent: until it is withdrawn. */
  readonly expirySeconds: number | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** The shop's offers; the invoices that the wallet gives for them are of the account that made the offer. */
export class OfferDesk {
  readonly #parts: MerchantParts

  constructor(parts: MerchantParts) {
    this.#parts = parts
  }

  /**
   * Makes an offer. As with invoices, the wallet has it before this server does, and one whose request died in between was
   * never handed out. Errors: as of `Wallet.createOffer`.
   */
  async create(
    caller: ApiCaller,
    order: OfferOrder,
    remember: (object: string) => DoneRequest,
  ): Promise<StoredObject> {
    const { wallet, database, now } = this.#parts
    const { amount, description, expirySeconds, metadata } = order
    const made = await wallet.createOffer({
      ...(amount !== undefined && { value: amount }),
      ...(expirySeconds !== undefined && { expirySeconds }),
      description,
      signal: AbortSignal.timeout(HUB_MS_MAX),
    })
    const id = newId(this.#parts, 'off')
    const data: OfferData = {
      ...{ amount: amount?.toString() ?? null, description, offer: made.text },
      ...{ ...termsOf(made), metadata: { ...metadata } },
    }
    return database.write(async (statements) => {
      await rememberRequest(statements, remember(id))
      await insertObject(statements, {
        ...{ id, kind: 'offer', account: caller.account, link: made.id, status: 'active' },
        ...{ created: now(), data },
      })
      return requireObject(await findObject(statements, 'id', [id]), id)
    })
  }

  /** Has nobody be given an invoice for it any more; what the wallet does twice, it does once. */
  async withdraw({ id, link }: StoredObject, request: DoneRequest): Promise<StoredObject> {
    const { wallet, database, news, now } = this.#parts
    await wallet.withdrawOffer(link as OfferId)
    const withdrawn = await database.write(async (statements) => {
      await rememberRequest(statements, request)
      const found = requireObject(await findObject(statements, 'id', [id]), id)
      const event = { time: now(), newId: (prefix: string) => newId(this.#parts, prefix) }
      const data = dataOf(offerData, found)
      return changeObject(statements, found, { status: 'withdrawn', data }, event)
    })
    news.tell()
    return withdrawn
  }
}

function termsOf({ text }: OfferRecord): Pick<OfferData, 'asset' | 'expires'> {
  const offer = parseOffer(text)
  // The wallet has just signed it: it is one.
  return isRejection(offer)
    ? { asset: 0, expires: null }
    : { asset: offer.asset, expires: offer.expiry ?? null }
}

function requireObject(object: StoredObject | undefined, id: string): StoredObject {
  if (object !== undefined) return object
  throw new Error(`${id} was just written and is not there`)
}
