import { type Anchor, type ChannelId, encode, type ItemId } from '@tallystick/protocol'
import { isFinalPayout } from '../payout/payout-machine.js'
import { type PayoutRecord, payoutRecordCodec } from '../payout/payout-record.js'
import type { StoreWrite } from '../store/wallet-store.js'
import { endedStreamWrites, type StreamKind } from '../stream/ended-streams.js'
import {
  isDoneStream,
  type PaidStreamRecord,
  type ReceivedStreamRecord,
  type StreamRecord,
  streamKey,
  streamRecordCodec,
} from '../stream/stream-records.js'
import { isOver } from './invoice-machine.js'
import { isResolved } from './payment-machine.js'
import { invoiceOrder, paymentOrder, payoutOrder } from './record-order.js'
import {
  encodeWalletChannel,
  type InvoiceRecord,
  invoiceRecordCodec,
  type PaymentRecord,
  paymentRecordCodec,
  type WalletChannel,
} from './wallet-records.js'

/** What the wallet's core may read: channels, and what is not finished of the rest. */
export type WalletView = {
  channel(id: ChannelId): WalletChannel | undefined
  channels(): Iterable<WalletChannel>
  invoice(anchor: Anchor): InvoiceRecord | undefined
  payment(id: ItemId): PaymentRecord | undefined
  /** The payment that this item is a part of. */
  paymentOfItem(id: ItemId): PaymentRecord | undefined
  payments(): Iterable<PaymentRecord>
  invoices(): Iterable<InvoiceRecord>
  payout(id: ItemId): PayoutRecord | undefined
  payouts(): Iterable<PayoutRecord>
  stream(key: string): StreamRecord | undefined
  streams(): Iterable<StreamRecord>
}

/** The committed state in memory: what the store holds, less finished payments and invoices. */
export class WalletState implements WalletView {
  readonly #channels = new Map<ChannelId, WalletChannel>()
  readonly #invoices = new Map<Anchor, InvoiceRecord>()
  readonly #payments = new Map<ItemId, PaymentRecord>()
  readonly #payouts = new Map<ItemId, PayoutRecord>()
  readonly #streams = new Map<string, StreamRecord>()
  /** Items beyond the first of each payment, which has its name. */
  readonly #items = new Map<ItemId, ItemId>()
  /** How many of each this wallet has made so far. */
  invoiceCount = 0
  paymentCount = 0
  payoutCount = 0
  /** Streams of each kind that are over. */
  endedStreams: Readonly<Record<StreamKind, number>> = { paid: 0, received: 0 }

  channel(id: ChannelId): WalletChannel | undefined {
    return this.#channels.get(id)
  }

  channels(): Iterable<WalletChannel> {
    return this.#channels.values()
  }

  invoice(anchor: Anchor): InvoiceRecord | undefined {
    return this.#invoices.get(anchor)
  }

  invoices(): Iterable<InvoiceRecord> {
    return this.#invoices.values()
  }

  payment(id: ItemId): PaymentRecord | undefined {
    return this.#payments.get(id)
  }

  paymentOfItem(id: ItemId): PaymentRecord | undefined {
    return this.#payments.get(this.#items.get(id) ?? id)
  }

  payments(): Iterable<PaymentRecord> {
    return this.#payments.values()
  }

  payout(id: ItemId): PayoutRecord | undefined {
    return this.#payouts.get(id)
  }

  payouts(): Iterable<PayoutRecord> {
    return this.#payouts.values()
  }

  stream(key: string): StreamRecord | undefined {
    return this.#streams.get(key)
  }

  streams(): Iterable<StreamRecord> {
    return this.#streams.values()
  }

  setChannel(channel: WalletChannel): void {
    this.#channels.set(channel.party.ledger.id, channel)
  }

  setInvoice(invoice: InvoiceRecord): void {
    if (isDoneInvoice(invoice)) this.#invoices.delete(invoice.anchor)
    else this.#invoices.set(invoice.anchor, invoice)
  }

  setPayment(payment: PaymentRecord): void {
    const isDone = isResolved(payment)
    if (isDone) this.#payments.delete(payment.id)
    else this.#payments.set(payment.id, payment)
    for (const { id } of payment.parts.slice(1)) {
      if (isDone) this.#items.delete(id)
      else this.#items.set(id, payment.id)
    }
  }

  setPayout(payout: PayoutRecord): void {
    if (isFinalPayout(payout)) this.#payouts.delete(payout.id)
    else this.#payouts.set(payout.id, payout)
  }

  setStream(stream: StreamRecord): void {
    if (isDoneStream(stream)) this.#streams.delete(streamKey(stream))
    else this.#streams.set(streamKey(stream), stream)
  }
}

/** A batch's writes above the committed state: dropped whole if the commit fails. */
export class WalletOverlay implements WalletView {
  readonly #base: WalletState
  readonly #channels = new Map<ChannelId, WalletChannel>()
  readonly #invoices = new Map<Anchor, InvoiceRecord>()
  readonly #payments = new Map<ItemId, PaymentRecord>()
  readonly #payouts = new Map<ItemId, PayoutRecord>()
  readonly #streams = new Map<string, StreamRecord>()

  #invoiceCount: number
  #paymentCount: number
  #payoutCount: number
  #endedStreams: Readonly<Record<StreamKind, number>>
  /** The places of those that this batch has ended. */
  readonly #endedPlaces = new Map<string, number>()

  constructor(base: WalletState) {
    this.#base = base
    this.#invoiceCount = base.invoiceCount
    this.#paymentCount = base.paymentCount
    this.#payoutCount = base.payoutCount
    this.#endedStreams = base.endedStreams
  }

  /** The place of a new invoice, payment or payout among all of them. */
  nextOrder(kind: 'invoice' | 'payment' | 'payout'): number {
    switch (kind) {
      case 'invoice':
        return ++this.#invoiceCount
      case 'payment':
        return ++this.#paymentCount
      case 'payout':
        return ++this.#payoutCount
    }
  }

  channel(id: ChannelId): WalletChannel | undefined {
    return this.#channels.get(id) ?? this.#base.channel(id)
  }

  *channels(): Iterable<WalletChannel> {
    for (const channel of this.#base.channels()) {
      if (!this.#channels.has(channel.party.ledger.id)) yield channel
    }
    yield* [...this.#channels.values()]
  }

  invoice(anchor: Anchor): InvoiceRecord | undefined {
    return this.#invoices.get(anchor) ?? this.#base.invoice(anchor)
  }

  *invoices(): Iterable<InvoiceRecord> {
    for (const invoice of this.#base.invoices()) yield this.#invoices.get(invoice.anchor) ?? invoice
  }

  payment(id: ItemId): PaymentRecord | undefined {
    return this.#payments.get(id) ?? this.#base.payment(id)
  }

  paymentOfItem(id: ItemId): PaymentRecord | undefined {
    const made = [...this.#payments.values()].find(({ parts }) =>
      parts.some((part) => part.id === id),
    )
    return made ?? this.#base.paymentOfItem(id)
  }

  *payments(): Iterable<PaymentRecord> {
    for (const payment of this.#base.payments()) yield this.#payments.get(payment.id) ?? payment
  }

  payout(id: ItemId): PayoutRecord | undefined {
    return this.#payouts.get(id) ?? this.#base.payout(id)
  }

  *payouts(): Iterable<PayoutRecord> {
    for (const payout of this.#base.payouts()) yield this.#payouts.get(payout.id) ?? payout
  }

  stream(key: string): StreamRecord | undefined {
    return this.#streams.get(key) ?? this.#base.stream(key)
  }

  *streams(): Iterable<StreamRecord> {
    for (const stream of this.#base.streams()) {
      if (!this.#streams.has(streamKey(stream))) yield stream
    }
    yield* [...this.#streams.values()]
  }

  /** A stream that this wallet pays, by the id of its item. */
  paidStream(id: ItemId): PaidStreamRecord | undefined {
    const stream = this.stream(id)
    return stream?.kind === 'paid' ? stream : undefined
  }

  /** A stream that pays this wallet, by its anchor. */
  receivedStream(anchor: Anchor): ReceivedStreamRecord | undefined {
    const stream = this.stream(anchor)
    return stream?.kind === 'received' ? stream : undefined
  }

  setChannel(channel: WalletChannel): void {
    this.#channels.set(channel.party.ledger.id, channel)
  }

  setInvoice(invoice: InvoiceRecord): void {
    this.#invoices.set(invoice.anchor, invoice)
  }

  setPayment(payment: PaymentRecord): void {
    this.#payments.set(payment.id, payment)
  }

  setPayout(payout: PayoutRecord): void {
    this.#payouts.set(payout.id, payout)
  }

  setStream(stream: StreamRecord): void {
    const { kind } = stream
    const key = streamKey(stream)
    this.#streams.set(key, stream)
    if (!isDoneStream(stream) || this.#endedPlaces.has(key)) return
    const place = this.#endedStreams[kind] + 1
    this.#endedStreams = { ...this.#endedStreams, [kind]: place }
    this.#endedPlaces.set(key, place)
  }

  /** The channels that this batch wrote. */
  written(): readonly WalletChannel[] {
    return [...this.#channels.values()]
  }

  /** What the store must hold before anything leaves. */
  writes(): StoreWrite[] {
    return [
      ...this.written().map((channel): StoreWrite => {
        return {
          kind: 'channel',
          key: channel.party.ledger.id,
          value: encodeWalletChannel(channel),
        }
      }),
      ...[...this.#invoices.values()].flatMap((invoice) => {
        const value = encode(invoiceRecordCodec, invoice)
        return [
          ...moved('invoice', 'doneInvoice', invoice.anchor, value, isDoneInvoice(invoice)),
          ...invoiceOrder(invoice, this.#base.invoice(invoice.anchor)),
        ]
      }),
      ...[...this.#payments.values()].flatMap((payment) => {
        const value = encode(paymentRecordCodec, payment)
        return [
          ...moved('payment', 'donePayment', payment.id, value, isResolved(payment)),
          ...paymentOrder(payment, this.#base.payment(payment.id)),
        ]
      }),
      ...[...this.#payouts.values()].flatMap((payout) => {
        const value = encode(payoutRecordCodec, payout)
        return [
          ...moved('payout', 'donePayout', payout.id, value, isFinalPayout(payout)),
          ...payoutOrder(payout, this.#base.payout(payout.id)),
        ]
      }),
      ...[...this.#streams.values()].flatMap((stream) => {
        const key = streamKey(stream)
        const place = this.#endedPlaces.get(key)
        const value = place === undefined ? encode(streamRecordCodec, stream) : undefined
        const active: StoreWrite = { kind: 'stream', key, value }
        return place === undefined ? [active] : [active, ...endedStreamWrites(stream, place)]
      }),
    ]
  }

  /** Takes the batch over into the committed state, once it is durable. */
  applyTo(state: WalletState): void {
    for (const channel of this.#channels.values()) state.setChannel(channel)
    for (const invoice of this.#invoices.values()) state.setInvoice(invoice)
    for (const payment of this.#payments.values()) state.setPayment(payment)
    for (const payout of this.#payouts.values()) state.setPayout(payout)
    for (const stream of this.#streams.values()) state.setStream(stream)
    state.invoiceCount = this.#invoiceCount
    state.paymentCount = this.#paymentCount
    state.payoutCount = this.#payoutCount
    state.endedStreams = this.#endedStreams
  }
}

/** What is finished is kept apart, so that a start does not read all of history. */
function moved(
  active: 'invoice' | 'payment' | 'payout',
  done: 'doneInvoice' | 'donePayment' | 'donePayout',
  key: string,
  value: Uint8Array,
  isDone: boolean,
): StoreWrite[] {
  return isDone
    ? [
        { kind: active, key, value: undefined },
        { kind: done, key, value },
      ]
    : [
        { kind: active, key, value },
        { kind: done, key, value: undefined },
      ]
}

/** Whether nothing more can happen to it: neither paid, nor refunded. */
export function isDoneInvoice(invoice: InvoiceRecord): boolean {
  return isOver(invoice) && invoice.refundsPending === 0
}
