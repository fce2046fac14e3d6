import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  deriveKeys,
  type HubPolicy,
  keyLock,
  type LockRoot,
  lockRoot,
  routingFee,
} from '@tallystick/protocol'
import type { Order } from './orders.js'

/** Somebody who buys: a customer of the export, or one guest order. */
export type Customer = {
  readonly name: string
  readonly seed: Uint8Array
  readonly orders: readonly Order[]
  /** Sum of what this customer will pay, base units. */
  readonly spends: bigint
  /** Sum of what will be refunded, base units. */
  readonly refunded: bigint
}

export type Cast = {
  readonly shopSeed: Uint8Array
  readonly bankSeed: Uint8Array
  readonly customers: readonly Customer[]
  readonly sales: bigint
  readonly refunds: bigint
  /** Whose money the shop has in its till before the first sale; see `floatOf`. */
  readonly lender: Customer
}

/** The people of a replay. Their keys follow from one secret in the data folder, so it can go on. */
export function castOf(orders: readonly Order[], dataDir: string): Cast {
  const secret = replaySecret(dataDir)
  const seedOf = (name: string) =>
    new Uint8Array(createHmac('sha512', secret).update(name).digest())
  const byName = new Map<string, Order[]>()
  for (const order of orders) {
    if (order.total === 0n) continue
    const name =
      order.customer === undefined ? `guest of ${order.id}` : `customer ${order.customer}`
    byName.set(name, [...(byName.get(name) ?? []), order])
  }
  const customers = [...byName].map(([name, own]): Customer => {
    return { name, seed: seedOf(name), orders: own, spends: sum(own, 1n), refunded: sum(own, -1n) }
  })
  return {
    shopSeed: seedOf('shop'),
    bankSeed: seedOf('bank'),
    customers,
    sales: sum(orders, 1n),
    refunds: sum(orders, -1n),
    lender: { name: 'lender', seed: seedOf('lender'), orders: [], spends: 0n, refunded: 0n },
  }
}

/**
 * What a shop must have before its first sale, base units: an export may begin with refunds of
 * sales that are older than it, and what is paid back costs the hub's fee and leaves the reserve.
 */
export function floatOf({ customers }: Cast, policy: HubPolicy): bigint {
  const inOrder = customers.flatMap(({ orders }) => orders).sort((a, b) => a.line - b.line)
  let [till, float] = [0n, 0n]
  for (const { total } of inOrder) {
    till += total < 0n ? total - routingFee(policy, -total) : total
    const short = policy.terms.exitReserve - till
    if (total < 0n && short > float) float = short
  }
  return float
}

/** The lock under which the wallet of a seed is paid on the ledger. */
export function payoutLockOf(seed: Uint8Array): LockRoot {
  return lockRoot(keyLock(deriveKeys(seed).payout(0).publicKey))
}

/** Sum of the totals with this sign, as a positive number. */
function sum(orders: readonly Order[], sign: 1n | -1n): bigint {
  return orders.reduce(
    (total, order) => total + (order.total * sign > 0n ? order.total * sign : 0n),
    0n,
  )
}

function replaySecret(dataDir: string): Uint8Array {
  const file = join(dataDir, 'replay.key')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return new Uint8Array(Buffer.from(readFileSync(file, 'utf8'), 'hex'))
}
