import type { Anchor, PublicKey } from '@tallystick/protocol'

/** A payment that somebody was told to make. */
export type Order = {
  readonly key: string
  readonly payer: string
  readonly payee: string
  readonly how:
    | {
        readonly kind: 'invoice'
        readonly text: string
        readonly anchor: Anchor
        /** How long it stays locked, seconds; absent: as long as payments do. */
        readonly lockSeconds?: number
      }
    | {
        readonly kind: 'refund'
        readonly sale: Anchor
        /** The invoices that the customer has asked for it by: the newest is what is paid. */
        readonly asked: { readonly text: string; readonly anchor: Anchor }[]
      }
    | { readonly kind: 'offer'; readonly text: string; readonly waitSeconds: number }
    | { readonly kind: 'spontaneous'; readonly to: PublicKey }
  /** What the payee is to get, base units. */
  readonly value: bigint
  /** Items that it may come by: of each the hub asks for a fee. */
  readonly partsMax: number
}

/** What owners were told: an account of its own, which the ledger is compared with at the end. */
export class Books {
  readonly orders: Order[] = []
  /** The standing offers of payees. */
  readonly offers = new Map<string, string>()
  readonly #received = new Map<string, Map<Anchor, bigint>>()
  /** How many payments owners were told of. */
  paid = 0

  /** How many orders there were when a wallet last lost its disk. */
  readonly #lostAt = new Map<string, number>()

  /** A wallet has lost its disk. */
  onLost(wallet: string): void {
    this.#lostAt.set(wallet, this.orders.length)
    this.offers.delete(wallet)
  }

  hasLost(wallet: string): boolean {
    return this.#lostAt.has(wallet)
  }

  /** Whether an order was given to its payer before that lost its disk. */
  mayBeForgotten(order: Order): boolean {
    return this.orders.indexOf(order) < (this.#lostAt.get(order.payer) ?? 0)
  }

  /** A wallet shows an invoice as paid from now on; answers whether that is new. */
  onPaid(wallet: string, anchor: Anchor, value: bigint): boolean {
    const received = this.#received.get(wallet) ?? new Map<Anchor, bigint>()
    if (received.has(anchor)) return false
    this.#received.set(wallet, received.set(anchor, value))
    this.paid++
    return true
  }

  /** What a wallet was told that it has been paid, by anchor. */
  received(wallet: string): ReadonlyMap<Anchor, bigint> {
    return this.#received.get(wallet) ?? new Map()
  }
}
