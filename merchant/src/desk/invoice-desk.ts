import type { InvoiceRecord } from '@tallystick/client-sdk'
import { type Anchor, fromHex, isRejection, parseInvoice, toHex } from '@tallystick/protocol'
import { type ApiCaller, MAIN_ACCOUNT } from '../core/caller.js'
import type { InvoiceStatus } from '../core/object-events.js'
import { HUB_MS_MAX } from '../limits.js'
import { insertBooking } from '../store/booking-store.js'
import type { Statements } from '../store/merchant-database.js'
import { dataOf, numberIn, type StoredObject } from '../store/object-row.js'
import { changeObject, findObject, insertObject, ObjectStore } from '../store/object-store.js'
import { type DoneRequest, rememberRequest } from '../store/request-store.js'
import { type InvoiceData, invoiceData } from '../store/stored-data.js'
import { describedAs } from './described-as.js'
import { type MerchantParts, newId } from './merchant-parts.js'

/** What a shop asks for. */
export type InvoiceOrder = {
  /** Base units; absent: the payer says how much. */
  readonly amount: bigint | undefined
  readonly description: string
  /** In its place, SHA-256 of words that stand elsewhere, hex; null: none. */
  readonly descriptionHash: string | null
  readonly expirySeconds: number
  /** What is paid is held until it is captured. */
  readonly hold: boolean
  readonly metadata: Readonly<Record<string, string>>
}

/** Invoices looked at between two looks at anything else. */
const PAGE = 500

/** What the shop asks others to pay, and what became of it. */
export class InvoiceDesk {
  readonly #parts: MerchantParts
  readonly #objects: ObjectStore

  constructor(parts: MerchantParts) {
    this.#parts = parts
    this.#objects = new ObjectStore(parts.database)
  }

  /**
   * Makes an invoice. The wallet has it before this server does: one whose request died in between was never handed out,
   * nobody can pay it, and its repetition makes another.
   */
  async create(
    caller: ApiCaller,
    order: InvoiceOrder,
    remember: (object: string) => DoneRequest,
  ): Promise<StoredObject> {
    const { wallet, database, now } = this.#parts
    const record = await wallet.createInvoice({
      ...(order.amount !== undefined && { value: order.amount }),
      ...describedBy(order),
      ...{ expirySeconds: order.expirySeconds, hold: order.hold },
      signal: AbortSignal.timeout(HUB_MS_MAX),
    })
    const id = newId(this.#parts, 'inv')
    const data = { ...dataOfRecord(record), metadata: { ...order.metadata } }
    await database.write(async (statements) => {
      await rememberRequest(statements, remember(id))
      await insertObject(statements, {
        ...{ id, kind: 'invoice', account: caller.account, link: record.anchor },
        ...{ status: 'open', created: now(), data },
      })
    })
    // What has become of it in between was told to nobody.
    await this.learn((await wallet.invoice(record.anchor)) ?? record)
    return requireObject(await this.#objects.get(id), id)
  }

  /**
   * Takes what is held for an invoice, or has it be paid no more and gives back what is held; what the wallet does twice,
   * it does once. Errors: as of `Wallet.capture` and `Wallet.cancel`.
   */
  async decide(
    kind: 'capture' | 'cancel',
    { id, link }: StoredObject,
    request: DoneRequest,
  ): Promise<StoredObject> {
    const { wallet, database } = this.#parts
    const anchor = link as Anchor
    const signal = AbortSignal.timeout(HUB_MS_MAX)
    await this.learn(
      kind === 'capture' ? await wallet.capture(anchor, { signal }) : await wallet.cancel(anchor),
    )
    return database.write(async (statements) => {
      await rememberRequest(statements, request)
      return requireObject(await findObject(statements, 'id', [id]), id)
    })
  }

  /** Takes in what the wallet says of one of its invoices. */
  async learn(record: InvoiceRecord): Promise<void> {
    const { database, news, now } = this.#parts
    const isNews = await database.write(async (statements) => {
      const found = await this.#foundOrAdopted(statements, record)
      if (found === undefined) return false
      const before = dataOf(invoiceData, found)
      const status = statusOf(record)
      const isIn = status === 'held' || status === 'paid'
      const received = isIn ? record.received.toString() : before.received
      if (status === found.status && received === before.received) return false
      const after = await changeObject(
        statements,
        found,
        { status, data: { ...before, received }, isHold: before.hold },
        { time: now(), newId: (prefix: string) => newId(this.#parts, prefix) },
      )
      if (after.status === found.status) return false
      if (status === 'paid') {
        await insertBooking(statements, {
          ...{ kind: 'sale', reference: found.id, account: found.account, link: record.anchor },
          ...{ ledger: 0n, channels: record.received, text: before.description, time: now() },
        })
      }
      return true
    })
    if (isNews) news.tell()
  }

  /**
   * What this server has of an invoice. What the wallet gave for an offer, or took without having asked, comes to be here
   * when it is first heard of; an invoice that was made beside the server is not the server's.
   */
  async #foundOrAdopted(
    statements: Statements,
    record: InvoiceRecord,
  ): Promise<StoredObject | undefined> {
    const link = ['invoice', record.anchor] as const
    const known = await findObject(statements, 'kind, link', link)
    if (known !== undefined || record.origin === 'asked') return known
    const offer = await offerOf(statements, record)
    await insertObject(statements, {
      ...{ id: newId(this.#parts, 'inv'), kind: 'invoice', link: record.anchor, status: 'open' },
      ...{ account: offer?.account ?? MAIN_ACCOUNT, created: this.#parts.now() },
      data: { ...dataOfRecord(record), offer: offer?.id ?? null },
    })
    return findObject(statements, 'kind, link', link)
  }

  /** Invoices of the wallet that came since it was last looked at, while nobody heard of them. */
  async #catchUpNew(): Promise<void> {
    const { wallet, database } = this.#parts
    const seen = await database.read(async ({ all }) => {
      const [row] = await all('SELECT place FROM seen_invoice')
      return row === undefined ? undefined : numberIn(row, 'place')
    })
    const fresh: InvoiceRecord[] = []
    let newest = seen ?? 0
    for await (const record of wallet.eachInvoice()) {
      newest = Math.max(newest, record.order)
      // What there was before the server was is not its own.
      if (seen === undefined || record.order <= seen) break
      fresh.push(record)
    }
    for (const record of fresh.reverse()) await this.learn(record)
    if (newest === seen) return
    await database.write(({ run }) =>
      run('INSERT OR REPLACE INTO seen_invoice (one, place) VALUES (1, ?)', [newest]),
    )
  }

  /** Compares everything that is not final with the wallet's records: what happened while nobody looked. */
  async catchUp(): Promise<void> {
    await this.#catchUpNew()
    for (const status of ['open', 'held'] as const) {
      for (let after = 0, more = true; more; ) {
        const page = await this.#objects.withStatus('invoice', status, after, PAGE)
        for (const { link } of page) {
          const record = await this.#parts.wallet.invoice(link as Anchor)
          if (record !== undefined) await this.learn(record)
        }
        after = page.at(-1)?.seq ?? after
        more = page.length === PAGE
      }
    }
  }
}

/** What others see of an invoice: that its preimage is being shown is the wallet's own affair. */
function statusOf({ status, hold }: InvoiceRecord): InvoiceStatus {
  if (status === 'claiming') return hold ? 'held' : 'open'
  return status
}

/** What there is to say of an invoice to which nothing has happened. */
function dataOfRecord(record: InvoiceRecord): InvoiceData {
  const { description, origin } = record
  return {
    ...{ amount: record.amount?.toString() ?? null, asset: assetOf(record) },
    ...{ description: describedAs(description), invoice: record.text, anchor: record.anchor },
    ...{ expires: record.expiry, hold: record.hold, metadata: {}, received: null, refunded: '0' },
    description_hash: description.kind === 'hash' ? toHex(description.hash) : null,
    ...{ origin, offer: null },
  }
}

/** Both are handed on where both were said: the wallet refuses that. */
function describedBy({ description, descriptionHash }: InvoiceOrder) {
  if (descriptionHash === null) return { description }
  const hash = { descriptionHash: fromHex(descriptionHash) }
  return description === '' ? hash : { ...hash, description }
}

/** The shop's offer that an invoice was given for. */
async function offerOf(
  statements: Statements,
  { text }: InvoiceRecord,
): Promise<StoredObject | undefined> {
  const invoice = text === '' ? undefined : parseInvoice(text)
  if (invoice === undefined || isRejection(invoice) || invoice.offer === undefined) return undefined
  return findObject(statements, 'kind, link', ['offer', toHex(invoice.offer)])
}

function assetOf({ text }: InvoiceRecord): number {
  const invoice = parseInvoice(text)
  return isRejection(invoice) ? 0 : invoice.asset
}

function requireObject(object: StoredObject | undefined, id: string): StoredObject {
  if (object !== undefined) return object
  throw new Error(`${id} was just written and is not there`)
}
