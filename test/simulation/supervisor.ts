import { decideHold } from './holds.js'
import { HUB } from './hub-actor.js'
import { payOrder } from './orders.js'
import { begin, LEDGER, processOf } from './perform.js'
import { repeatRefund } from './refunds.js'
import { resumeStream } from './stream-payer.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** Virtual milliseconds between two looks at who is down. */
const LOOK_MS = 1_000

/** Starts everybody, and again whoever has crashed once its time to be down is over. */
export function supervise(world: World): void {
  const { schedule, hub, ledger, towers, wallets } = world
  const look = () => {
    for (const name of [LEDGER, HUB, ...towers.keys(), ...wallets.keys()]) {
      const process = processOf(world, name)
      if (process.life.isAlive || schedule.nowMs < (world.downUntilMs.get(name) ?? 0)) continue
      if (name === LEDGER) begin(world, () => ledger.start())
      else if (!ledger.isUp || ledger.blocks.length === 0) continue
      else if (name === HUB) begin(world, () => hub.start())
      else if (towers.has(name)) begin(world, () => world.tower(name).start())
      else begin(world, () => startWallet(world, world.wallet(name)))
    }
    schedule.after(LOOK_MS, look)
  }
  look()
}

/**
 * Whoever pays asks again for what it was told to pay: the same key pays once (INV-26). Streams that it has opened go
 * on (STREAM-4). What it holds it still has to decide on (INVOICE-7).
 */
async function startWallet(world: World, actor: WalletActor): Promise<void> {
  await actor.start()
  for (const order of world.streamOrders) {
    if (order.deed.payer === actor.name) begin(world, () => resumeStream(world, order))
  }
  for (const hold of world.holds) {
    if (hold.deed.payee === actor.name) begin(world, () => decideHold(world, hold))
  }
  for (const order of world.books.orders) {
    // Who has lost its disk does not pay again what it may have paid.
    if (order.payer !== actor.name || world.books.mayBeForgotten(order)) continue
    begin(world, async () => {
      await actor.wallet?.connected()
      await (order.how.kind === 'refund'
        ? repeatRefund(world, actor, order)
        : payOrder(actor, order))
    })
  }
}
