import { BLOCK_COST_MAX, BLOCK_TRANSACTIONS_MAX } from '@tallystick/protocol'
import {
  BLOCK_BYTES_MAX,
  MEMPOOL_BYTES_MAX,
  MEMPOOL_COST_MAX,
  MEMPOOL_TRANSACTIONS_MAX,
} from '../limits.js'
import type { PendingTransaction } from './pending-transaction.js'

/** Room that transactions take, or may take: their number, encoded bytes and cost (COST-1). */
export type Room = {
  readonly transactions: number
  readonly bytes: number
  readonly cost: number
}

export const NO_ROOM: Room = { transactions: 0, bytes: 0, cost: 0 }

export function roomOf({ encoded }: PendingTransaction, cost: number): Room {
  return { transactions: 1, bytes: encoded.length, cost }
}

export function addRoom(a: Room, b: Room): Room {
  return {
    transactions: a.transactions + b.transactions,
    bytes: a.bytes + b.bytes,
    cost: a.cost + b.cost,
  }
}

export function subtractRoom(a: Room, b: Room): Room {
  return {
    transactions: a.transactions - b.transactions,
    bytes: a.bytes - b.bytes,
    cost: a.cost - b.cost,
  }
}

/** Whether `used` is within `bounds` in every respect. */
export function fits(used: Room, bounds: Room): boolean {
  return (
    used.transactions <= bounds.transactions &&
    used.bytes <= bounds.bytes &&
    used.cost <= bounds.cost
  )
}

/** So many sixteenths of some room, rounded down. */
export function sixteenthsOf({ transactions, bytes, cost }: Room, sixteenths: number): Room {
  const share = (whole: number) => Math.floor((whole * sixteenths) / 16)
  return { transactions: share(transactions), bytes: share(bytes), cost: share(cost) }
}

/** What a block of this node may hold. */
export const BLOCK_ROOM: Room = {
  transactions: BLOCK_TRANSACTIONS_MAX,
  bytes: BLOCK_BYTES_MAX,
  cost: BLOCK_COST_MAX,
}

/** What may wait for one. */
export const MEMPOOL_ROOM: Room = {
  transactions: MEMPOOL_TRANSACTIONS_MAX,
  bytes: MEMPOOL_BYTES_MAX,
  cost: MEMPOOL_COST_MAX,
}
