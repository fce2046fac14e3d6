import type { PaymentRecord } from '@tallystick/client-sdk'
import { channelTotal, decodeTrusted, type LockRoot, STATE_ENTRIES } from '@tallystick/protocol'
import type { Order } from './books.js'
import { channelsLeft } from './channels-left.js'
import { checkHolds } from './holds.js'
import { FEE_BASE } from './hub-actor.js'
import { hubDue } from './hub-due.js'
import { checkRefunds } from './refunds.js'
import { Violation } from './violation.js'
import { worthOf } from './virtual-ledger-store.js'
import type { WalletActor } from './wallet-actor.js'
import { checkSavings, coinsUnder } from './withdrawals.js'
import { COIN, WALLET_COINS, type World } from './world.js'

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
  const unknown = new Set(world.lostOnBothSides.values())
  for (const actor of world.honestWallets()) {
    const { name, lock } = actor
    let due = COIN * BigInt(WALLET_COINS)
    for (const value of books.received(name).values()) due += value
    const mayHaveSlept = typeof world.setup.hubVanishes === 'object'
    due += world.streams.received(name, mayHaveSlept) - world.streams.paid(name)
    for (const order of books.orders) {
      if (order.payer === name) due -= await costOf(world, actor, order)
      if (order.payee === name) due += await unseenBy(world, order)
    }
    checkSavings(world, actor)
    await checkHolds(world, actor)
    checkRefunds(world, actor)
    world.served.checkStored(actor)
    const found = sumUnder(world, lock) + sumUnder(world, actor.savings)
    // What is lost on both sides, nobody can bring back.
    if (unknown.has(name)) continue
    if (found < due - burnt) throw new Violation('INV-4', `${name} has ${found}, ${due} are due`)
  }
  if (!world.isHubAttentive || unknown.size > 0) return
  const due = hubDue(hub)
  const found = sumUnder(world, hub.keys.payoutLock) + frozenOf(world)
  if (found < due - burnt) throw new Violation('INV-7', `the hub has ${found}, ${due} are due`)
}

/** What an order has cost its payer, base units: at most, where lost disks leave it unknown. */
async function costOf(world: World, { name, wallet }: WalletActor, order: Order): Promise<bigint> {
  const { books, setup } = world
  const { payee, key } = order
  const payment = await wallet?.paymentOf(key)
  const isReceived = isTold(world, order, payment)
  await checkLetter(world, { name, wallet }, order, payment)
  if (payment?.status === 'paid') {
    // Whoever sleeps while it is being paid may lose what it was not told of (INV-28).
    const isAsleep = typeof setup.hubVanishes === 'object'
    const mayNotKnow = isAsleep || setup.liars.includes(payee) || books.hasLost(payee)
    if (!mayNotKnow && !isReceived) {
      throw new Violation('INV-25', `${name} has paid ${key}, and ${payee} was not paid`)
    }
    return payment.amount + payment.fee
  }
  if (books.mayBeForgotten(order) || (payment?.status === 'unknown' && mayLackData(world))) {
    const isSure = !setup.liars.includes(payee) && !books.hasLost(payee)
    // Who has forgotten a letter does not know what it was to be paid by.
    return isReceived || !isSure || order.how.kind !== 'invoice'
      ? order.value + FEE_BASE * BigInt(order.partsMax)
      : 0n
  }
  if (payment === undefined || payment.status === 'failed') return 0n
  throw new Violation('INV-4', `${name} does not know how ${key} ended: ${payment.status}`)
}

/** Whether the payee was told that it has been paid. */
function isTold({ books }: World, { payee, how }: Order, payment?: PaymentRecord): boolean {
  const anchor = how.kind === 'invoice' ? how.anchor : payment?.anchor
  return anchor !== undefined && books.received(payee).has(anchor)
}

/** What a payment that began with a letter has come to is what became of the payment (OFFER-5). */
async function checkLetter(
  { books, isHubAttentive }: World,
  { name, wallet }: Pick<WalletActor, 'name' | 'wallet'>,
  order: Order,
  payment: PaymentRecord | undefined,
): Promise<void> {
  const letter = await wallet?.letterPaymentOf(order.key)
  if (letter === undefined || books.mayBeForgotten(order)) return
  const { status } = letter
  // Without a hub nobody begins what was agreed on.
  const isLeft = status === 'paying' && payment === undefined && !isHubAttentive
  const isRight = status === 'failed' ? isUnpaid(payment) : status === payment?.status
  if (isRight || isLeft) return
  const made = payment?.status ?? 'not made'
  throw new Violation('INV-26', `${name} calls ${order.key} ${status}, and it is ${made}`)
}

function isUnpaid(payment: PaymentRecord | undefined): boolean {
  return payment === undefined || payment.status === 'failed'
}

/** Whether an honest side may have had to ask another what it had signed. */
function mayLackData({ setup }: World): boolean {
  return setup.forgetful.length > 0
}

/** What an honest payee was paid before it lost its disk and could tell, by its payer's receipt. */
async function unseenBy(world: World, order: Order): Promise<bigint> {
  const { books, setup, hub } = world
  const { payer, payee, key, value } = order
  const isVouched = setup.isHubHonest && hub.lost.length === 0 && !setup.liars.includes(payer)
  if (!isVouched || !books.hasLost(payee)) return 0n
  const payment = await world.wallets.get(payer)?.wallet?.paymentOf(key)
  return payment?.status === 'paid' && !isTold(world, order, payment) ? value : 0n
}

function sumUnder({ ledger }: World, lock: LockRoot): bigint {
  return coinsUnder(ledger.records, lock).reduce((sum, value) => sum + value, 0n)
}

/** What lies in channels that a hub which lost its disk may not close, and whose client has no share to close them for. */
function frozenOf({ hub, ledger }: World): bigint {
  if (hub.lost.length === 0) return 0n
  let sum = 0n
  for (const { kind, value } of ledger.records.entries.values()) {
    if (kind !== 'channel') continue
    const channel = decodeTrusted(STATE_ENTRIES.channel.value, value)
    const known = hub.records.channels.get(channel.id)?.party
    if (known?.lostAt !== undefined) sum += channelTotal(channel)
  }
  return sum
}
