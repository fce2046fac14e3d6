import type { Anchor } from '@tallystick/protocol'
import type { DeedOf } from './action.js'
import { give } from './orders.js'
import { begin } from './perform.js'
import { Violation } from './violation.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** For how long a payee is down that dies over its decision, virtual milliseconds. */
const DOWN_MS = 2_000

/** A payment that its payee was told to hold. */
export type HoldOrder = {
  readonly deed: DeedOf<'hold'>
  readonly anchor: Anchor
  /** When its payee first saw it held, virtual milliseconds. */
  heldAtMs: number | undefined
  /** Whether its owner has ever said that it takes it. */
  isTaken: boolean
  /** Whether its payee has died over it. */
  hasDied: boolean
  /** What its owner was told of its end. */
  readonly told: Set<'captured' | 'voided'>
}

/** A payee asks for what it will only hold, its payer pays, and the payee decides some time later. */
export async function holdPayment(world: World, deed: DeedOf<'hold'>): Promise<void> {
  const { payer, payee, lockSeconds } = deed
  const value = BigInt(deed.value)
  const invoice = await world.wallet(payee).wallet?.createInvoice({ value, hold: true })
  if (invoice === undefined) return
  const { text, anchor } = invoice
  const hold: HoldOrder = {
    ...{ deed, anchor, heldAtMs: undefined },
    ...{ isTaken: false, hasDied: false, told: new Set() },
  }
  world.holds.push(hold)
  begin(world, () => decideHold(world, hold))
  const how = { kind: 'invoice', text, anchor, lockSeconds } as const
  await give(world, { payer, payee, value, partsMax: 1, how })
}

/** What a payee wants to do about a hold, in each life of its process again until it was told of an end. */
export async function decideHold(world: World, hold: HoldOrder): Promise<void> {
  const { anchor, told, deed } = hold
  const { schedule } = world
  const actor = world.wallet(deed.payee)
  const { life, wallet } = actor
  if (wallet === undefined || told.size > 0 || deed.decision === 'neither') return
  await wallet.held(anchor)
  hold.heldAtMs ??= schedule.nowMs
  await schedule.pause(hold.heldAtMs + deed.afterMs - schedule.nowMs)
  if (!life.isAlive) return
  if (deed.crashAfter !== undefined && !hold.hasDied) {
    hold.hasDied = true
    const until = world.downUntilMs.get(deed.payee) ?? 0
    world.downUntilMs.set(deed.payee, Math.max(until, schedule.nowMs + DOWN_MS))
    life.crashAfter(deed.crashAfter)
  }
  if (deed.decision !== 'void') begin(world, () => capture(hold, actor))
  if (deed.decision !== 'capture') begin(world, () => cancel(hold, actor))
}

async function capture(hold: HoldOrder, { wallet }: WalletActor): Promise<void> {
  hold.isTaken = true
  if ((await wallet?.capture(hold.anchor)) !== undefined) hold.told.add('captured')
}

async function cancel({ anchor, told }: HoldOrder, { wallet }: WalletActor): Promise<void> {
  if ((await wallet?.cancel(anchor)) !== undefined) told.add('voided')
}

/**
 * INVOICE-7: in the end nothing is held any more; what its owner was told is what became of it; and what was shown in
 * time was paid.
 */
export async function checkHolds(world: World, { name, wallet }: WalletActor): Promise<void> {
  const { books, setup } = world
  // Whoever sleeps while it is being paid may lose what it was not told of (INV-28).
  const mayNotKnow = typeof setup.hubVanishes === 'object' || books.hasLost(name)
  for (const { anchor, deed, told } of world.holds) {
    if (deed.payee !== name || mayNotKnow) continue
    const { status, received } = (await wallet?.invoice(anchor)) ?? {}
    const isPaid = books.received(name).has(anchor)
    const isEnded = status === 'open' || status === 'paid' || status === 'cancelled'
    const isAsTold =
      told.size < 2 && (!told.has('captured') || isPaid) && (!told.has('voided') || !isPaid)
    const isNothing = status === 'paid' || received === 0n
    if (isEnded && isAsTold && isNothing && isPaid === (status === 'paid')) continue
    const what = `${name} was told ${[...told].join(', ') || 'nothing'} of a hold that is ${status}`
    throw new Violation('INVOICE-7', `${what} and brought ${received}`)
  }
}
