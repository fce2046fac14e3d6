import type { Deed } from './action.js'
import type { Random } from './random.js'

/** A payment of one wallet to another, of an amount that no fee of the ledger could hide. */
export function paymentFrom(random: Random, payer: string, payee: string): Deed {
  return {
    ...{ kind: 'pay', payer, payee },
    value: 1_000 * random.int(20, 900),
    expirySeconds: random.pick([30, 120, 3_600]),
  }
}
