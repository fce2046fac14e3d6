import type { WalletNotice } from '@tallystick/client-sdk'
import type { Anchor } from '@tallystick/protocol'

/** A payment that somebody was told to make. */
export type Order = {
  readonly key: string
  readonly payer: string
  readonly payee: string
  readonly text: string
  readonly anchor: Anchor
}

/** What owners were told: an account of its own, which the ledger is compared with at the end. */
export class Books {
  readonly orders: Order[] = []
  readonly #received = new Map<string, Map<Anchor, bigint>>()

  onNotice(wallet: string, notice: WalletNotice): void {
    if (notice.kind === 'invoice' && notice.invoice.status === 'paid') {
      const received = this.#received.get(wallet) ?? new Map<Anchor, bigint>()
      this.#received.set(wallet, received.set(notice.invoice.anchor, notice.invoice.amount))
    }
  }

  /** What a wallet was told that it has been paid, by anchor. */
  received(wallet: string): ReadonlyMap<Anchor, bigint> {
    return this.#received.get(wallet) ?? new Map()
  }
}
