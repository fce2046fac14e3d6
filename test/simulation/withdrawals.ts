import { WalletError } from '@tallystick/client-sdk'
import {
  decodeTrusted,
  type LockRoot,
  STATE_ENTRIES,
  toHex,
  withdrawable,
} from '@tallystick/protocol'
import type { DeedOf } from './action.js'
import { Violation } from './violation.js'
import type { LedgerRecords } from './virtual-ledger-store.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** Money that somebody was told to take out of a channel. */
export type WithdrawalOrder = {
  readonly wallet: string
  /** Whether it is for a lock that is not the wallet's own. */
  readonly isElsewhere: boolean
  /** Base units that the lock is to get. */
  readonly value: bigint
  /** Whether its owner was told that the ledger has paid it. */
  isDone: boolean
  /** When its owner was told that it has failed, virtual milliseconds; absent: it was not. */
  failedAtMs?: number
}

/** A wallet takes money out of its fullest channel: of 1,000 parts `share`. */
export async function withdraw(world: World, deed: DeedOf<'withdraw'>): Promise<void> {
  const { wallet, savings, name } = world.wallet(deed.wallet)
  const rooms = (wallet?.channels() ?? []).map(({ party }) => withdrawable(party, 'client'))
  const most = rooms.reduce((best, room) => (room > best ? room : best), 0n)
  const value = (most * BigInt(deed.share)) / 1_000n
  if (value === 0n) return
  const { isElsewhere } = deed
  const key = `withdrawal ${world.withdrawals.length}`
  const order: WithdrawalOrder = { wallet: name, isElsewhere, value, isDone: false }
  world.withdrawals.push(order)
  try {
    await wallet?.withdraw({ key, value, ...(isElsewhere && { lock: savings }) })
    order.isDone = true
  } catch (error) {
    const isFailed = error instanceof WalletError && error.code === 'payout_failed'
    if (isFailed) order.failedAtMs = world.schedule.nowMs
    throw error
  }
}

/** HUB-15: what was withdrawn to another lock has come once, or not at all; and has come where its owner was told. */
export function checkSavings(world: World, { name, savings }: WalletActor): void {
  const coins = coinsUnder(world.ledger.records, savings)
  const orders = world.withdrawals.filter(
    ({ wallet, isElsewhere }) => isElsewhere && wallet === name,
  )
  for (const order of orders) {
    const at = coins.indexOf(order.value)
    if (at >= 0) coins.splice(at, 1)
    else if (order.isDone) {
      throw new Violation('HUB-15', `${name} was told of ${order.value} that were never paid out`)
    }
  }
  if (coins.length > 0) {
    throw new Violation('HUB-15', `${name} has withdrawn ${coins.join(', ')} unasked, or twice`)
  }
}

/** What lies under a lock, coin by coin, base units. */
export function coinsUnder({ entries }: LedgerRecords, wanted: LockRoot): bigint[] {
  return [...entries.values()].flatMap(({ kind, lock, value }) => {
    if (kind !== 'coin' || lock === null || toHex(lock) !== wanted) return []
    return [decodeTrusted(STATE_ENTRIES.coin.value, value).amount]
  })
}
