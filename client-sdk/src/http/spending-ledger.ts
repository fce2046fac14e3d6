import { type ItemId, isRejection } from '@tallystick/protocol'
import type { WalletStore } from '../store/wallet-store.js'
import { errorOf } from '../wallet/error-of.js'
import {
  type Budget,
  type Charge,
  charge,
  encodeCharges,
  leftOf,
  settleCharge,
  storedCharges,
} from './spending.js'

const RECORD = { kind: 'meta', key: 'hostCharges' } as const

/** What was set aside for hosts, on disk before anything is paid: a restart does not begin anew. */
export class SpendingLedger {
  readonly #store: Pick<WalletStore, 'get' | 'commit'>
  #charges: readonly Charge[] | undefined
  /** One change at a time: requests that come together must see one another's. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(store: Pick<WalletStore, 'get' | 'commit'>) {
    this.#store = store
  }

  /** What is left for a host, base units; `undefined`: no end. */
  left(budget: Budget, host: string, day: number): Promise<bigint | undefined> {
    return this.#inTurn(async (charges) => leftOf(charges, budget, host, day))
  }

  /** The streams that something was set aside for, for a host. */
  streamsFor(host: string): Promise<readonly ItemId[]> {
    return this.#inTurn(async (charges) =>
      charges.filter((charge) => charge.host === host).map(({ stream }) => stream),
    )
  }

  /** Sets aside; durable when the promise is kept. Errors: `budget_spent`. */
  charge(budget: Budget, wish: Parameters<typeof charge>[2]): Promise<void> {
    return this.#inTurn(async (charges) => {
      const next = charge(charges, budget, wish)
      if (isRejection(next)) throw errorOf(next)
      await this.#keep(next)
    })
  }

  /** The stream is over, and has cost no more than this. */
  settle(stream: ItemId, cost: bigint): Promise<void> {
    return this.#inTurn((charges) => this.#keep(settleCharge(charges, stream, cost)))
  }

  #inTurn<T>(act: (charges: readonly Charge[]) => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      const bytes =
        this.#charges === undefined ? await this.#store.get(RECORD.kind, RECORD.key) : undefined
      this.#charges ??= bytes === undefined ? [] : storedCharges(bytes)
      return act(this.#charges)
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #keep(charges: readonly Charge[]): Promise<void> {
    await this.#store.commit([{ ...RECORD, value: encodeCharges(charges) }])
    this.#charges = charges
  }
}
