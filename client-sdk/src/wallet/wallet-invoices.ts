import {
  type Amount,
  type Anchor,
  addSeconds,
  amount,
  type Description,
  decodeTrusted,
  encodeInvoice,
  fromHex,
  type OfferId,
  sha256,
  toHex,
} from '@tallystick/protocol'
import { OfferInvoices } from '../letters/offer-invoices.js'
import { weighRequest } from '../letters/weigh-request.js'
import { WalletError } from '../wallet-error.js'
import { errorOf } from './error-of.js'
import type { HubLink } from './hub-link.js'
import { isOver } from './invoice-machine.js'
import type { FieldsOf } from './named-arguments.js'
import {
  parseAnchor,
  parseDescription,
  parseDescriptionHash,
  parseExpirySeconds,
  parseFlag,
  parseStatus,
  parseValue,
} from './parse-arguments.js'
import { type Page, type PageWish, recordPage } from './record-page.js'
import type { WalletChannels } from './wallet-channels.js'
import type { Caller, WalletCore, WalletNotice } from './wallet-core.js'
import {
  INVOICE_STATUSES,
  type InvoiceRecord,
  type InvoiceStatus,
  invoiceRecordCodec,
} from './wallet-records.js'

/** Seconds that an invoice is good for, unless told otherwise. */
const INVOICE_SECONDS = 3_600

/** What a payee asks for. */
export type InvoiceWish = {
  /** Base units, at least 1; absent: the payer says how much. */
  readonly value?: bigint
  /** Shown to the payer, at most 1,024 bytes. */
  readonly description?: string
  /** In its place: SHA-256 of what the payer was shown elsewhere, 32 bytes. */
  readonly descriptionHash?: Uint8Array
  /** Whole seconds, at least 1; absent: an hour. */
  readonly expirySeconds?: number
  /** What is paid is only held until `capture` takes it, or `cancel` gives it back. */
  readonly hold?: boolean
}

/** What `createInvoice` takes. */
export const INVOICE_FIELDS: FieldsOf<InvoiceWish> = {
  value: true,
  description: true,
  descriptionHash: true,
  expirySeconds: true,
  hold: true,
}

/** Why a hub makes no more room. */
const TOO_MUCH: ReadonlySet<string> = new Set([
  'inbound_out_of_bounds',
  'hub_out_of_funds',
  'amount_invalid',
])

/** What others are asked to pay to this wallet. */
export class WalletInvoices {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #channels: WalletChannels
  readonly #offers = new OfferInvoices()

  constructor(core: WalletCore, link: HubLink, channels: WalletChannels) {
    this.#core = core
    this.#link = link
    this.#channels = channels
  }

  async create(wish: InvoiceWish, caller: Caller): Promise<InvoiceRecord> {
    // A price that got lost on its way here must not let the payer choose one.
    const value = 'value' in wish ? parseValue(wish.value, 'value') : undefined
    const description = describe(wish)
    const expirySeconds = parseExpirySeconds(wish.expirySeconds ?? INVOICE_SECONDS)
    const hold = parseFlag(wish.hold, 'hold')
    await this.makeRoom(value, caller)
    const preimage = this.#core.randomBytes(32)
    const expiry = addSeconds(this.#core.feed.time, expirySeconds)
    const asked = { preimage, amount: value, expiry, description, hold }
    return this.#make({ ...asked, offer: undefined }, caller)
  }

  /**
   * Has the hub make room for a payment of `value` base units, or of the least that it carries, beside all that is asked for
   * and not paid yet; for this one alone where that is more than the hub gives. Errors: as of `ensureInbound`.
   */
  async makeRoom(value: Amount | undefined, caller: Caller): Promise<void> {
    const { itemAmountMin } = (await this.#link.connected(caller)).terms
    const wanted: bigint = value ?? (itemAmountMin > 0n ? itemAmountMin : 1n)
    const now = this.#core.feed.time
    let asked = 0n
    for (const { status, origin, amount: due, expiry } of this.#core.state.invoices()) {
      // Whoever takes up an offer may never pay, and costs nothing to be.
      if (status === 'open' && origin === 'asked' && expiry > now) asked += due ?? 0n
    }
    try {
      await this.#channels.ensureInbound(wanted + asked, caller)
    } catch (error) {
      const isTooMuch = error instanceof WalletError && TOO_MUCH.has(error.code)
      if (asked === 0n || !isTooMuch) throw error
      await this.#channels.ensureInbound(wanted, caller)
    }
  }

  /** The invoice of this preimage for an offer (OFFER-4): the one that was made before, if there is one. */
  async forOffer(
    {
      preimage,
      description,
      isNamed,
      offers,
      ...asked
    }: Omit<AskedFor, 'description' | 'hold'> & {
      readonly amount: Amount
      readonly offer: OfferId
      readonly description: string
      /** Whether the offer says how much, and not who takes it up. */
      readonly isNamed: boolean
      /** How many offers can be taken up now. */
      readonly offers: number
    },
    caller: Caller = {},
  ): Promise<InvoiceRecord> {
    const known = await this.get(anchorOf(preimage))
    if (known !== undefined) return known
    await this.#link.connected(caller)
    const open = this.#offers.openFor(asked.offer, this.#core.state.invoices())
    const use = { open, offers, receivable: this.#channels.receivable() }
    const weighed = weighRequest(use, { amount: asked.amount, isNamed })
    if (weighed !== 'fits') throw errorOf(weighed)
    if (isNamed) await this.#channels.ensureInbound(asked.amount, caller)
    const text = { kind: 'text', text: description } as const
    return this.#make({ ...asked, preimage, description: text, hold: false }, caller)
  }

  async #make({ offer, ...asked }: AskedFor, caller: Caller): Promise<InvoiceRecord> {
    const { asset } = await this.#link.connected(caller)
    const { feed, keys } = this.#core
    const { preimage, amount: value, expiry, description } = asked
    const anchor = anchorOf(preimage)
    const payee = keys.identity.publicKey
    const invoice = {
      ...{ chainId: feed.ledger.chainId, hubs: [this.#link.hub], payee, asset, anchor },
      ...{ amount: value, expiry, description },
      offer: offer === undefined ? undefined : fromHex(offer),
    }
    const text = encodeInvoice(invoice, keys.identity)
    const origin = offer === undefined ? 'asked' : 'offer'
    return this.#add({ ...asked, anchor, text, origin, created: feed.time })
  }

  async #add(asked: Handed): Promise<InvoiceRecord> {
    const record = newInvoice(asked)
    await this.#core.submit({ kind: 'invoice', invoice: record })
    return (await this.get(record.anchor)) ?? record
  }

  /** An invoice of this wallet, whatever became of it. */
  async get(anchor: Anchor): Promise<InvoiceRecord | undefined> {
    const active = this.#core.state.invoice(parseAnchor(anchor))
    if (active !== undefined) return active
    const stored = await this.#core.store.get('doneInvoice', anchor)
    return stored === undefined ? undefined : decodeTrusted(invoiceRecordCodec, stored)
  }

  /** A page of all of them, newest first. */
  async list(wish: PageWish<InvoiceStatus>): Promise<Page<InvoiceRecord>> {
    parseStatus(wish.status, INVOICE_STATUSES)
    return recordPage(this.#core.store, 'invoiceOrder', wish, (name) => this.get(name as Anchor))
  }

  async paid(anchor: Anchor, caller: Caller): Promise<InvoiceRecord> {
    return requirePaid(await this.#until(anchor, isOver, caller))
  }

  async held(anchor: Anchor, caller: Caller): Promise<InvoiceRecord> {
    const isHeld = (invoice: InvoiceRecord) => invoice.status === 'held' || isOver(invoice)
    const invoice = await this.#until(anchor, isHeld, caller)
    return invoice.status === 'held' ? invoice : requirePaid(invoice)
  }

  /** Takes what is held; kept once the invoice is paid. */
  async capture(anchor: Anchor, caller: Caller): Promise<InvoiceRecord> {
    await this.#decide('capture', anchor)
    return this.paid(anchor, caller)
  }

  /** Takes an invoice back: what is held is given back, and nobody can pay it any more. */
  async cancel(anchor: Anchor): Promise<InvoiceRecord> {
    return this.#decide('cancel', anchor)
  }

  async #decide(kind: 'capture' | 'cancel', anchor: Anchor): Promise<InvoiceRecord> {
    const invoice = await this.#known(anchor)
    // Of one that is over, its machine says why not, and changes nothing.
    const known = kind === 'capture' ? 'paid' : 'cancelled'
    if (invoice.status === known) return invoice
    const refused = await this.#core.submit({ kind, anchor })
    if (refused === undefined) return this.#known(anchor)
    const { status } = await this.#known(anchor)
    throw refused.code === 'invoice_unknown' ? notAnyMore(kind, status) : errorOf(refused)
  }

  async #known(anchor: Anchor): Promise<InvoiceRecord> {
    const invoice = await this.get(anchor)
    if (invoice !== undefined) return invoice
    throw new WalletError('invoice_unknown', `this wallet has no invoice with anchor ${anchor}`)
  }

  async #until(
    anchor: Anchor,
    accept: (invoice: InvoiceRecord) => boolean,
    { signal }: Caller,
  ): Promise<InvoiceRecord> {
    await this.#known(anchor)
    const changed = this.#core.changes.wait(
      (notice) =>
        notice.kind === 'invoice' && notice.invoice.anchor === anchor && accept(notice.invoice),
      signal,
    )
    const known = await this.get(anchor)
    if (known !== undefined && accept(known)) {
      // Nobody waits for the notice any more, however it ends.
      changed.catch(() => undefined)
      return known
    }
    return ((await changed) as Extract<WalletNotice, { kind: 'invoice' }>).invoice
  }
}

type AskedFor = Pick<InvoiceRecord, 'preimage' | 'amount' | 'expiry' | 'description' | 'hold'> & {
  readonly offer: OfferId | undefined
}

type Handed = Omit<AskedFor, 'offer'> &
  Pick<InvoiceRecord, 'anchor' | 'text' | 'origin' | 'created'>

function anchorOf(preimage: Uint8Array): Anchor {
  return toHex(sha256(preimage)) as Anchor
}

/** An invoice to which nothing has happened. */
function newInvoice(asked: Handed): InvoiceRecord {
  return {
    ...asked,
    order: 0,
    received: amount(0n),
    status: 'open',
    parts: [],
    waitsUntil: undefined,
    time: asked.created,
    refunded: amount(0n),
    refundsPending: 0,
  }
}

function describe({ description, descriptionHash }: InvoiceWish): Description {
  if (descriptionHash === undefined) {
    return { kind: 'text', text: parseDescription(description ?? '') }
  }
  if (description === undefined) {
    return { kind: 'hash', hash: parseDescriptionHash(descriptionHash) }
  }
  const detail = 'an invoice has a description or the hash of one, not both'
  throw new WalletError('description_invalid', detail)
}

function requirePaid(invoice: InvoiceRecord): InvoiceRecord {
  switch (invoice.status) {
    case 'paid':
      return invoice
    case 'cancelled':
      throw new WalletError(
        'invoice_cancelled',
        'the invoice was cancelled, or not captured in time',
      )
    default:
      throw new WalletError(
        'invoice_expired',
        `the invoice ended unpaid at ledger time ${invoice.expiry}`,
      )
  }
}

function notAnyMore(kind: 'capture' | 'cancel', status: InvoiceStatus): WalletError {
  if (kind === 'capture') {
    return new WalletError('invoice_not_held', `nothing is held for the invoice: it is ${status}`)
  }
  return status === 'paid'
    ? new WalletError('already_paid', 'the invoice is paid: refund it instead')
    : new WalletError('invoice_expired', 'the invoice has ended unpaid already')
}
