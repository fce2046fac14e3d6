import { type PublicKey, spendable } from '@tallystick/protocol'
import type { DeedOf } from './action.js'
import type { Order } from './books.js'
import { FEE_BASE } from './hub-actor.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** Items that a payment comes by at most, where nobody counts them. */
const PARTS_MAX = 16

/** The invoice of a payee is paid by somebody, under a key that pays once for ever. */
export async function payInvoice(
  world: World,
  { payer, payee, value, expirySeconds }: Omit<DeedOf<'pay'>, 'kind'>,
  partsMax = 1,
): Promise<void> {
  const { wallet } = world.wallet(payee)
  const invoice = await wallet?.createInvoice({ value: BigInt(value), expirySeconds })
  if (invoice === undefined) return
  const { text, anchor } = invoice
  const how = { kind: 'invoice', text, anchor } as const
  await give(world, { payer, payee, value: BigInt(value), partsMax, how })
}

/**
 * The same of more than any channel of the payer holds: as much of what lies beyond the fullest as `share` says, of
 * 1,000.
 */
export async function payInParts(
  world: World,
  { share, ...order }: Omit<DeedOf<'payInParts'>, 'kind'>,
): Promise<void> {
  const rooms = (world.wallet(order.payer).wallet?.channels() ?? [])
    .map(({ party }) => spendable(party) - FEE_BASE)
    .filter((room) => room > 0n)
    .sort((a, b) => (a < b ? 1 : -1))
  const [fullest, ...others] = rooms
  if (fullest === undefined || others.length === 0) return
  const beyond = others.reduce((sum, room) => sum + room, 0n)
  const value = fullest + (beyond * BigInt(share)) / 1_000n
  await payInvoice(world, { ...order, value: Number(value) }, rooms.length)
}

/** An offer of a payee is paid, one for this alone or its standing one; the payee is away meanwhile. */
export async function payOffer(world: World, deed: DeedOf<'payOffer'>): Promise<void> {
  const { payer, payee, waitSeconds, isNamed } = deed
  const value = BigInt(deed.value)
  const text = await offerOf(world, payee, isNamed ? value : undefined)
  if (text === undefined) return
  goAwayFor(world, payee, deed.awayMs)
  const how = { kind: 'offer', text, waitSeconds } as const
  await give(world, { payer, payee, value, partsMax: PARTS_MAX, how })
}

/** A payee is paid that did not ask for it, and is away meanwhile. */
export async function paySpontaneously(
  world: World,
  { payer, payee, value, awayMs }: DeedOf<'paySpontaneously'>,
): Promise<void> {
  goAwayFor(world, payee, awayMs)
  const to: PublicKey = world.wallet(payee).keys.identity.publicKey
  const how = { kind: 'spontaneous', to } as const
  await give(world, { payer, payee, value: BigInt(value), partsMax: PARTS_MAX, how })
}

/** Has a wallet pay what it was told to, also once more. */
export async function payOrder({ wallet }: WalletActor, order: Order): Promise<void> {
  const { key, how, value } = order
  switch (how.kind) {
    case 'invoice': {
      const { text, lockSeconds } = how
      await wallet?.pay(text, { key, ...(lockSeconds !== undefined && { lockSeconds }) })
      return
    }
    case 'refund': {
      const { text = '' } = how.asked.at(-1) ?? {}
      await wallet?.refund(text, { key, sale: how.sale })
      return
    }
    case 'offer': {
      const { text, waitSeconds } = how
      await wallet?.payOffer(text, { key, amount: value, waitSeconds })
      return
    }
    case 'spontaneous':
      await wallet?.paySpontaneously({ to: how.to, amount: value, key })
  }
}

/** Has a wallet make a payment that nobody was told of before. */
export async function give(world: World, about: Omit<Order, 'key'>): Promise<void> {
  const order = { ...about, key: `order ${world.books.orders.length}` }
  world.books.orders.push(order)
  await payOrder(world.wallet(order.payer), order)
}

async function offerOf(
  { books, ...world }: World,
  payee: string,
  value: bigint | undefined,
): Promise<string | undefined> {
  const { wallet } = world.wallets.get(payee) ?? {}
  const standing = value === undefined ? books.offers.get(payee) : undefined
  if (standing !== undefined) return standing
  const offer = await wallet?.createOffer(value === undefined ? {} : { value })
  if (offer !== undefined && value === undefined) books.offers.set(payee, offer.text)
  return offer?.text
}

/** A process ends, and its owner starts it again after a while. */
function goAwayFor({ downUntilMs, schedule, ...world }: World, wallet: string, ms: number): void {
  if (ms === 0) return
  const until = schedule.nowMs + ms
  downUntilMs.set(wallet, Math.max(until, downUntilMs.get(wallet) ?? 0))
  world.wallets.get(wallet)?.life.crash()
}
