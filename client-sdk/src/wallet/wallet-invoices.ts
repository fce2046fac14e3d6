import {
  type Anchor,
  addSeconds,
  amount,
  decodeTrusted,
  encodeInvoice,
  sha256,
  toHex,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import type { HubLink } from './hub-link.js'
import { parseAnchor, parseDescription, parseExpirySeconds, parseValue } from './parse-arguments.js'
import type { WalletChannels } from './wallet-channels.js'
import type { Caller, WalletCore, WalletNotice } from './wallet-core.js'
import { type InvoiceRecord, invoiceRecordCodec } from './wallet-records.js'

/** Seconds that an invoice is good for, unless told otherwise. */
const INVOICE_SECONDS = 3_600

/** What a payee asks for. */
export type InvoiceWish = {
  /** Base units, at least 1. */
  readonly value: bigint
  /** Shown to the payer, at most 1,024 bytes. */
  readonly description?: string
  /** Whole seconds, at least 1; absent: an hour. */
  readonly expirySeconds?: number
}

/** What others are asked to pay to this wallet. */
export class WalletInvoices {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #channels: WalletChannels

  constructor(core: WalletCore, link: HubLink, channels: WalletChannels) {
    this.#core = core
    this.#link = link
    this.#channels = channels
  }

  async create(wish: InvoiceWish, caller: Caller): Promise<InvoiceRecord> {
    const value = parseValue(wish.value, 'value')
    const description = parseDescription(wish.description ?? '')
    const expirySeconds = parseExpirySeconds(wish.expirySeconds ?? INVOICE_SECONDS)
    await this.#channels.ensureInbound(value, caller)
    const { asset } = await this.#link.connected(caller)
    const { feed, keys } = this.#core
    const preimage = this.#core.randomBytes(32)
    const anchor = toHex(sha256(preimage)) as Anchor
    const expiry = addSeconds(feed.time, expirySeconds)
    const invoice = {
      chainId: feed.ledger.chainId,
      hubs: [this.#link.hub],
      payee: keys.identity.publicKey,
      asset,
      amount: value,
      anchor,
      expiry,
      description: { kind: 'text', text: description },
      offer: undefined,
    } as const
    const record: InvoiceRecord = {
      anchor,
      preimage,
      amount: invoice.amount,
      expiry,
      description,
      text: encodeInvoice(invoice, keys.identity),
      status: 'open',
      time: feed.time,
      refunded: amount(0n),
      refundsPending: 0,
    }
    await this.#core.submit({ kind: 'invoice', invoice: record })
    return record
  }

  /** An invoice of this wallet, whatever became of it. */
  async get(anchor: Anchor): Promise<InvoiceRecord | undefined> {
    const active = this.#core.state.invoice(parseAnchor(anchor))
    if (active !== undefined) return active
    const stored = await this.#core.store.get('doneInvoice', anchor)
    return stored === undefined ? undefined : decodeTrusted(invoiceRecordCodec, stored)
  }

  async paid(anchor: Anchor, { signal }: Caller): Promise<InvoiceRecord> {
    if ((await this.get(anchor)) === undefined) {
      throw new WalletError('invoice_unknown', `this wallet has no invoice with anchor ${anchor}`)
    }
    const ended = this.#core.changes.wait(
      (notice) =>
        notice.kind === 'invoice' && notice.invoice.anchor === anchor && isOver(notice.invoice),
      signal,
    )
    const known = await this.get(anchor)
    if (known !== undefined && isOver(known)) {
      // Nobody waits for the notice any more, however it ends.
      ended.catch(() => undefined)
      return requirePaid(known)
    }
    return requirePaid(((await ended) as Extract<WalletNotice, { kind: 'invoice' }>).invoice)
  }
}

function isOver({ status }: InvoiceRecord): boolean {
  return status === 'paid' || status === 'expired'
}

function requirePaid(invoice: InvoiceRecord): InvoiceRecord {
  if (invoice.status === 'paid') return invoice
  throw new WalletError(
    'invoice_expired',
    `the invoice ended unpaid at ledger time ${invoice.expiry}`,
  )
}
