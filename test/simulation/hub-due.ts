import type { Anchor } from '@tallystick/protocol'
import { type Payment, sumOf } from '#hub/core/payment.js'
import type { HubActor } from './hub-actor.js'
import { COIN, HUB_COINS } from './world.js'

/**
 * What an honest hub has at least once nobody has a channel any more: what it began with, and what it
 * has earned; less what HUB-8 says that a lost disk can cost: what it had paid to payees by then, and
 * its payers had not signed yet.
 */
export function hubDue({ records, lost }: HubActor): bigint {
  let due = COIN * BigInt(HUB_COINS)
  const settled = new Map<Anchor, Payment>()
  for (const { payments } of [...lost, records]) {
    for (const payment of payments.values()) {
      if (payment.status === 'settled') settled.set(payment.anchor, payment)
    }
  }
  for (const payment of settled.values()) due += sumOf(payment).fee
  const atRisk = new Map<Anchor, Payment>()
  for (const { payments } of lost) {
    for (const payment of payments.values()) {
      if (payment.status === 'claimed') atRisk.set(payment.anchor, payment)
    }
  }
  for (const payment of atRisk.values()) {
    if (!settled.has(payment.anchor)) due -= sumOf(payment).amount
  }
  return due
}
