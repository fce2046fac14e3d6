import { spendable } from '@tallystick/protocol'
import type { DeedOf } from './action.js'
import { FEE_BASE } from './hub-actor.js'
import type { World } from './world.js'

/** The invoice of a payee is paid by somebody, under a key that pays once for ever. */
export async function payInvoice(
  world: World,
  { payer, payee, value, expirySeconds }: Omit<DeedOf<'pay'>, 'kind'>,
  partsMax = 1,
): Promise<void> {
  const { wallet } = world.wallet(payee)
  const invoice = await wallet?.createInvoice({ value: BigInt(value), expirySeconds })
  if (invoice === undefined) return
  const key = `order ${world.books.orders.length}`
  const { text, anchor } = invoice
  world.books.orders.push({ key, payer, payee, text, anchor, value: BigInt(value), partsMax })
  await world.wallet(payer).wallet?.pay(text, { key })
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
