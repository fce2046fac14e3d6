import { closeAlone } from '@tallystick/client-sdk'
import { type ChannelId, isRejection } from '@tallystick/protocol'
import { channelsLeft, hasWorth } from './channels-left.js'
import { FEE_PER_KILO_COST, HUB } from './hub-actor.js'
import { lostOnBothSides } from './lost-on-both-sides.js'
import { begin } from './perform.js'
import { Violation } from './violation.js'
import type { World } from './world.js'

/** Virtual milliseconds for what was begun to settle, and for closes by agreement. */
const CALM_MS = 40_000
const CLOSE_MS = 60_000
/** How many calms it may take until everybody has gone on from a resume. */
const RESUME_LOOKS_MAX = 6
/** After which every window and every expiry is over, and every transaction in a block. */
const ALL_OVER_MS = 1_500_000

/** Faults stop, everybody leaves, and the ledger decides what is left to whom. */
export async function windUp(world: World): Promise<void> {
  const { schedule, network, ledger, hub, setup } = world
  network.heal()
  world.isWindingUp = true
  // Owners who were told that all is well sleep on.
  if (world.downUntilMs.get(HUB) !== Infinity) {
    world.downUntilMs.clear()
    for (const [name, untilMs] of world.asleepUntilMs) world.downUntilMs.set(name, untilMs)
  }
  if (setup.hubVanishes !== 'never') {
    world.downUntilMs.set(HUB, Infinity)
    hub.life.crash()
  }
  ledger.congestedUntilMs = 0
  ledger.skewMs = 0
  await schedule.pause(CALM_MS)
  recoverChannels(world)
  await schedule.pause(CALM_MS)
  world.lostOnBothSides = await learnWhatIsLost(world)
  for (const { wallet } of world.honestWallets()) {
    for (const { party } of wallet?.channels() ?? []) {
      begin(world, async () => wallet?.closeChannel(party.ledger.id))
    }
  }
  await schedule.pause(CLOSE_MS)
  const until = schedule.nowMs + ALL_OVER_MS
  while (schedule.nowMs < until && (isSomebodyAway(world) || channelsLeft(world).length > 0)) {
    recoverChannels(world)
    leaveAsWallets(world)
    await schedule.pause(CALM_MS)
    if (!world.isHubAttentive) continue
    for (const { party } of hub.hub?.state.channels() ?? []) {
      const { id, status } = party.ledger
      if (party.phase.kind === 'closed' || status.kind !== 'open' || !hasWorth(party, world.time))
        continue
      // Who lost a disk may have signed more than it knows; the operator of another vouches for its journal (HUB-11).
      if (party.lostAt !== undefined && hub.lost.length > 0) continue
      begin(world, () => leaveAsHub(world, id))
    }
  }
  // Wallets give a payment up a while after its expiry, however its channel has ended.
  while (schedule.nowMs < until && (await isPaying(world))) await schedule.pause(CALM_MS)
}

/**
 * CH-18: after a calm two honest sides go on, unless both have lost their data. A resume needs ledger
 * time to move, which stands still for as long as a clock was ahead, and is not granted under a withdrawal.
 */
async function learnWhatIsLost(world: World): Promise<World['lostOnBothSides']> {
  for (let looks = 0; ; ) {
    const { lost, waiting, isHeldUp } = lostOnBothSides(world)
    if (waiting === undefined) return lost
    if (!isHeldUp) looks++
    if (looks === RESUME_LOOKS_MAX) throw new Violation('CH-18', waiting)
    await world.schedule.pause(CALM_MS)
  }
}

/** Whoever is away comes back to what it has left to others. */
function isSomebodyAway(world: World): boolean {
  return world.honestWallets().some(({ wallet }) => wallet === undefined)
}

/** An opening whose wallet crashed before the ledger had it is found by asking. */
function recoverChannels(world: World): void {
  for (const { wallet } of world.honestWallets()) {
    begin(world, async () => wallet?.recoverChannels())
  }
}

function leaveAsWallets(world: World): void {
  for (const { wallet } of world.honestWallets()) {
    for (const { party, books } of wallet?.channels() ?? []) {
      const { id, status } = party.ledger
      // The hub has not said in all this time what was signed last; whom its hub tells again and again
      // that data was lost, leaves without a word for what it holds.
      const unsure = books !== 'whole' || party.lostAt !== undefined
      if (status.kind === 'open' && hasWorth(party, world.time)) {
        begin(world, async () => wallet?.forceClose(id, { unsure }))
      }
    }
  }
}

/** What a hub's operator does about a client that does not close: what its guard does, unasked. */
async function leaveAsHub({ hub }: World, channel: ChannelId): Promise<void> {
  const { hub: running, access } = hub
  if (running === undefined || access === undefined) return
  const { pipeline, state } = running
  const events = [{ kind: 'leave', channel }] as const
  await pipeline.ledger({ height: undefined, time: pipeline.now, events })
  const party = state.channel(channel)?.party
  if (party === undefined) return
  const built = closeAlone({
    chainId: access.chainId,
    party,
    signer: hub.keys.signer,
    unsure: false,
    now: pipeline.now,
    feePerKiloCost: FEE_PER_KILO_COST,
  })
  if (!isRejection(built)) await access.submit(built.transaction)
}

/** Whether an honest wallet does not know yet how a payment ends. */
async function isPaying(world: World): Promise<boolean> {
  for (const { name, wallet } of world.honestWallets()) {
    for (const { payer, key } of world.books.orders) {
      if (payer !== name) continue
      const payment = await wallet?.paymentOf(key)
      if (payment?.status === 'pending' || payment?.status === 'cancelling') return true
      const letter = await wallet?.letterPaymentOf(key)
      if (letter?.status === 'asking') return true
      if (letter?.status === 'paying' && world.isHubAttentive) return true
    }
  }
  return false
}
