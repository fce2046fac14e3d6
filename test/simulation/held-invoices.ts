import type { Anchor } from '@tallystick/protocol'
import type { InvoiceRecord } from '#client-sdk/wallet/wallet-records.js'
import { Violation } from './violation.js'

/** So long before the first item expires an owner can still take what is held, seconds (INVOICE-7). */
const CAPTURE_SECONDS_MIN = 150

/**
 * INVOICE-7: what is held is shown for, or paid, only once its owner has said that it takes it, and not when it is too
 * late for that. Judged at all that lies on the disk of an honest payee.
 */
export class HeldInvoices {
  readonly #isTaken: (anchor: Anchor) => boolean
  readonly #claimed = new Set<string>()

  /** `isTaken`: whether the owner of a held invoice has ever said so. */
  constructor(isTaken: (anchor: Anchor) => boolean) {
    this.#isTaken = isTaken
  }

  onStored(name: string, { anchor, hold, status, parts, time }: InvoiceRecord): void {
    if (!hold || (status !== 'claiming' && status !== 'paid')) return
    if (!this.#isTaken(anchor)) {
      throw new Violation('INVOICE-7', `${name} takes what it was to hold: it is ${status}`)
    }
    if (status !== 'claiming' || this.#claimed.has(`${name} ${anchor}`)) return
    this.#claimed.add(`${name} ${anchor}`)
    const first = Math.min(...parts.map(({ expiry }) => expiry))
    if (time > first - CAPTURE_SECONDS_MIN) {
      const what = `${name} takes at ${time} what is held until ${first}`
      throw new Violation('INVOICE-7', what)
    }
  }
}
