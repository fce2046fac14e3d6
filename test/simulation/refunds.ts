import type { Anchor } from '@tallystick/protocol'
import type { DeedOf } from './action.js'
import type { Order } from './books.js'
import { FEE_BASE } from './hub-actor.js'
import { payOrder } from './orders.js'
import { begin } from './perform.js'
import { Random } from './random.js'
import { Violation } from './violation.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** For how long a merchant is down that dies over its refunds, virtual milliseconds. */
const DOWN_MS = 2_000
/** Items that a refund may come by. */
const PARTS_MAX = 16

/** A merchant gives what a sale has brought back to who paid it, in parts that may be more than that together. */
export async function refundSale(world: World, deed: DeedOf<'refund'>): Promise<void> {
  const { books, schedule } = world
  const { merchant, shares, pauseMs, crashAfter } = deed
  const received = books.received(merchant)
  const sales = books.orders.flatMap(({ payer, how }) => {
    const value = how.kind === 'invoice' ? received.get(how.anchor) : undefined
    return how.kind === 'invoice' && value ? [{ payer, anchor: how.anchor, value }] : []
  })
  const sale = sales.at(-1 - (deed.sale % Math.max(1, sales.length)))
  const { life } = world.wallet(merchant)
  if (sale === undefined) return
  if (crashAfter !== undefined) {
    const until = world.downUntilMs.get(merchant) ?? 0
    world.downUntilMs.set(merchant, Math.max(until, schedule.nowMs + DOWN_MS))
    life.crashAfter(crashAfter)
  }
  for (const share of shares) {
    const value = (sale.value * BigInt(share)) / 1_000n
    // No fee of the ledger could hide it.
    if (value < FEE_BASE) continue
    begin(world, () => giveBack(world, { merchant, customer: sale.payer, of: sale.anchor, value }))
    await schedule.pause(pauseMs)
    if (!life.isAlive || world.isWindingUp) return
  }
}

async function giveBack(
  world: World,
  asked: { merchant: string; customer: string; of: Anchor; value: bigint },
): Promise<void> {
  const { merchant: payer, customer: payee, of, value } = asked
  const invoice = await world.wallet(payee).wallet?.createInvoice({ value })
  if (invoice === undefined) return
  const { text, anchor } = invoice
  const { orders } = world.books
  const order: Order = {
    ...{ key: `order ${orders.length}`, payer, payee, value, partsMax: PARTS_MAX },
    how: { kind: 'refund', sale: of, asked: [{ text, anchor }] },
  }
  orders.push(order)
  await payOrder(world.wallet(payer), order)
}

/**
 * A merchant that was restarted makes its refund again under the same key; sometimes its customer has meanwhile asked
 * anew, by an invoice of its own.
 */
export async function repeatRefund(world: World, actor: WalletActor, order: Order): Promise<void> {
  const { how, key, payee, value } = order
  if (how.kind !== 'refund') return
  const random = new Random(`${key} ${how.asked.length} ${world.schedule.nowMs}`)
  if (random.chance(400)) {
    const invoice = await world.wallet(payee).wallet?.createInvoice({ value })
    if (invoice !== undefined) how.asked.push({ text: invoice.text, anchor: invoice.anchor })
  }
  await payOrder(actor, order)
}

/**
 * PAY-1: what was paid back under one key has come once, by whichever invoice. PAY-7: all of a sale is no more than it
 * had brought.
 */
export function checkRefunds({ books, setup, hub }: World, { name }: WalletActor): void {
  if (books.hasLost(name)) return
  // A hub that lies, or has lost its disk, may pay a customer what it gave back to the merchant.
  const isHubsWord = setup.isHubHonest && hub.lost.length === 0
  const refunded = new Map<Anchor, bigint>()
  for (const { how, payer, payee, key } of books.orders) {
    if (how.kind !== 'refund' || payer !== name || setup.liars.includes(payee)) continue
    const came = how.asked.flatMap(({ anchor }) => books.received(payee).get(anchor) ?? [])
    if (came.length > 1) {
      throw new Violation('PAY-1', `${name} has paid ${key} ${came.length} times`)
    }
    const sum = (refunded.get(how.sale) ?? 0n) + (came[0] ?? 0n)
    refunded.set(how.sale, sum)
    const received = books.received(name).get(how.sale) ?? 0n
    if (isHubsWord && sum > received) {
      throw new Violation('PAY-7', `${name} has paid ${sum} back of a sale of ${received}`)
    }
  }
}
