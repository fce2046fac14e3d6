import { decodeTrusted, type LockRoot, STATE_ENTRIES, toHex } from '@tallystick/protocol'
import { channelsLeft } from './channels-left.js'
import { FEE_BASE } from './hub-actor.js'
import { Violation } from './violation.js'
import { worthOf } from './virtual-ledger-store.js'
import { COIN, HUB_COINS, WALLET_COINS, type World } from './world.js'

/**
 * What everybody has on the ledger once nobody has a channel any more, against what they were told.
 * INV-4 and INV-28: no honest wallet has less than it had, and was paid, less what it paid. INV-7:
 * no honest hub has less than it had and has earned. INV-14: nothing is left in a channel. INV-25:
 * who has a receipt has paid somebody. All but for the fees of the ledger, which are far below the
 * smallest amount that is ever paid.
 */
export async function checkFinalBalances(world: World): Promise<void> {
  const { books, hub, ledger } = world
  const { channels, burnt } = worthOf(ledger.records)
  if (burnt >= FEE_BASE) throw new Violation('defect', `fees of ${burnt} hide a loss`)
  const left = channelsLeft(world)
  if (left.length > 0) {
    const numbers = left.map(({ number }) => number).join(', ')
    throw new Violation('INV-14', `channels ${numbers} are not settled and hold ${channels}`)
  }
  // Whoever sleeps while it is being paid may lose what it was not told of (INV-28).
  const isAwake = typeof world.setup.hubVanishes !== 'object'
  const isHonest = (name: string) => !world.setup.liars.includes(name)
  for (const { name, lock, wallet } of world.honestWallets()) {
    let due = COIN * BigInt(WALLET_COINS)
    for (const value of books.received(name).values()) due += value
    for (const { payer, payee, anchor, key } of books.orders) {
      const payment = payer === name ? await wallet?.paymentOf(key) : undefined
      if (payment === undefined || payment.status === 'failed') continue
      if (payment.status !== 'paid') {
        throw new Violation('INV-4', `${name} does not know how ${key} ended: ${payment.status}`)
      }
      due -= payment.amount + payment.fee
      if (isAwake && isHonest(payee) && !books.received(payee).has(anchor)) {
        throw new Violation('INV-25', `${name} has paid ${key}, and ${payee} was not paid`)
      }
    }
    const found = coinsUnder(world, lock)
    if (found < due - burnt) throw new Violation('INV-4', `${name} has ${found}, ${due} are due`)
  }
  if (!world.isHubAttentive) return
  let due = COIN * BigInt(HUB_COINS)
  for (const { status, fee } of hub.records.payments.values()) if (status === 'settled') due += fee
  const found = coinsUnder(world, hub.keys.payoutLock)
  if (found < due - burnt) throw new Violation('INV-7', `the hub has ${found}, ${due} are due`)
}

function coinsUnder({ ledger }: World, wanted: LockRoot): bigint {
  let sum = 0n
  for (const { kind, lock, value } of ledger.records.entries.values()) {
    if (kind !== 'coin' || lock === null || toHex(lock) !== wanted) continue
    sum += decodeTrusted(STATE_ENTRIES.coin.value, value).amount
  }
  return sum
}
