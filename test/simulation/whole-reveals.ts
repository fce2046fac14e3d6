import {
  type Anchor,
  type ChannelParty,
  decodeTrusted,
  isRejection,
  lockedBy,
  parseFrame,
} from '@tallystick/protocol'
import { type InvoiceRecord, invoiceRecordCodec } from '#client-sdk/wallet/wallet-records.js'
import { Violation } from './violation.js'

/** What an honest payee has on its disk. */
export type PayeeDisk = {
  readonly name: string
  readonly channels: () => readonly ChannelParty[]
  readonly invoice: (anchor: Anchor) => Uint8Array | undefined
}

/**
 * INVOICE-6: an honest payee shows the preimage of an invoice for nothing less than the whole of it. At the first
 * claim that it says, the items of its anchor that lie on its lanes are worth as much as the invoice asks for; and
 * what it calls paid has brought as much.
 */
export class WholeReveals {
  readonly #shown = new Set<string>()

  /** A frame leaves an honest wallet. */
  onSent(payee: PayeeDisk, bytes: Uint8Array): void {
    const messages = parseFrame(bytes)
    if (isRejection(messages)) return
    for (const message of messages) {
      if (message.kind !== 'claim') continue
      const party = payee.channels().find(({ ledger }) => ledger.id === message.channel)
      const item = party?.peer.items.find(({ id }) => id === message.id)
      if (item !== undefined) this.#onShown(payee, item.anchor)
    }
  }

  /** An honest wallet shows an invoice as paid from now on. */
  onPaid(name: string, { amount, received }: InvoiceRecord): void {
    if (amount === undefined || received >= amount) return
    throw new Violation('INVOICE-6', `${name} was paid ${received} and calls ${amount} paid`)
  }

  #onShown({ name, channels, invoice }: PayeeDisk, anchor: Anchor): void {
    const stored = invoice(anchor)
    if (this.#shown.has(`${name} ${anchor}`) || stored === undefined) return
    this.#shown.add(`${name} ${anchor}`)
    const { amount, parts } = decodeTrusted(invoiceRecordCodec, stored)
    const paid = parts.reduce((sum, part) => sum + (part.isPaid ? part.amount : 0n), 0n)
    const locked = channels()
      .flatMap(({ peer }) => peer.items)
      .reduce((sum, item) => sum + (item.anchor === anchor ? lockedBy(item) : 0n), paid)
    if (amount !== undefined && locked < amount) {
      throw new Violation('INVOICE-6', `${name} shows for ${locked} what asks for ${amount}`)
    }
  }
}
