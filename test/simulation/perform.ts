import type { ChannelId } from '@tallystick/protocol'
import type { Action } from './action.js'
import { goAway } from './going-away.js'
import { holdPayment } from './holds.js'
import { HUB } from './hub-actor.js'
import type { Liar } from './liar.js'
import { keepCopy, loseDisk } from './lost-disk.js'
import { payInParts, payInvoice, payOffer, paySpontaneously } from './orders.js'
import { refundSale } from './refunds.js'
import { closeWithLie } from './stale-close.js'
import { openStream } from './stream-payer.js'
import { withdraw } from './withdrawals.js'
import type { World } from './world.js'

/** The name of the ledger's process. */
export const LEDGER = 'ledger'

/** Lets an action happen. What it begins goes on by itself; what is refused is refused. */
export function perform(world: World, action: Action): void {
  const { ledger, network, schedule } = world
  world.note(JSON.stringify(action))
  switch (action.kind) {
    case 'open':
      return begin(world, async () => {
        await world.wallet(action.wallet).wallet?.openChannel({ deposit: BigInt(action.deposit) })
      })
    case 'pay':
      return begin(world, () => payInvoice(world, action))
    case 'payInParts':
      return begin(world, () => payInParts(world, action))
    case 'payOffer':
      return begin(world, () => payOffer(world, action))
    case 'paySpontaneously':
      return begin(world, () => paySpontaneously(world, action))
    case 'hold':
      return begin(world, () => holdPayment(world, action))
    case 'refund':
      return begin(world, () => refundSale(world, action))
    case 'stream':
      return begin(world, () => openStream(world, action))
    case 'withdraw':
      return begin(world, () => withdraw(world, action))
    case 'close':
      return begin(world, async () => {
        const { wallet } = world.wallet(action.wallet)
        const channel = wallet?.channels().find(({ party }) => {
          return action.isWithdrawing === undefined || party.withdrawing !== undefined
        })
        if (channel !== undefined) await wallet?.closeChannel(channel.party.ledger.id)
      })
    case 'forceClose':
      return begin(world, async () => {
        const { wallet } = world.wallet(action.wallet)
        const [channel] = wallet?.channels() ?? []
        if (channel !== undefined) await wallet?.forceClose(channel.party.ledger.id)
      })
    case 'crash': {
      const { life } = processOf(world, action.process)
      const until = world.downUntilMs.get(action.process) ?? 0
      world.downUntilMs.set(action.process, Math.max(until, schedule.nowMs + action.downMs))
      return life.crashAfter(action.afterEffects)
    }
    case 'disk':
      processOf(world, action.process).disk.fault = action.fault
      return
    case 'partition':
      return network.partition(action.process, action.ms)
    case 'ledgerAway': {
      lineOf(world, action.process).apartUntilMs = schedule.nowMs + action.ms
      return
    }
    case 'fullBlocks':
      ledger.congestedUntilMs = schedule.nowMs + action.ms
      return
    case 'clock':
      ledger.skewMs = action.skewMs
      return
    case 'network':
      network.profile = action.profile
      return
    case 'goAway':
      return begin(world, () => goAway(world, world.wallet(action.wallet), action.ms))
    case 'keepCopy':
      return begin(world, () => keepCopy(world, action.process))
    case 'loseDisk':
      return begin(world, () => loseDisk(world, action))
    case 'lie':
      return world.liar(action.liar).lie(action.lie)
    case 'delay':
      return world.liar(action.liar).slow.delay(action.delay)
    case 'lyingClose':
      return begin(world, () => lyingClose(world, action))
    case 'backup':
      return processWithBackup(world, action.liar).backUp()
    case 'restore': {
      const process = processWithBackup(world, action.liar)
      process.life.crash()
      return process.restore()
    }
  }
}

async function lyingClose(
  world: World,
  { liar: name, channel, how }: Extract<Action, { kind: 'lyingClose' }>,
): Promise<void> {
  const liar = world.liar(name)
  const ids = channelsOfSleepers(world, liar) ?? liar.channels()
  const id = ids[channel % Math.max(1, ids.length)]
  const { access } = processWithBackup(world, name)
  const signer = id && world.signerOf(name, id)
  if (id === undefined || access === undefined || signer === undefined) return
  await closeWithLie({ liar, access, signer }, id, how, world.lies)
}

/** The channels that a liar could close while their owners are away, if anybody is. */
function channelsOfSleepers(world: World, liar: Liar): ChannelId[] | undefined {
  const { wallets, asleepUntilMs, schedule } = world
  const away = [...wallets.values()].filter(
    ({ name }) => (asleepUntilMs.get(name) ?? 0) > schedule.nowMs,
  )
  const ids = liar.channels().filter((id) => {
    const ledger = liar.held(id).at(-1)?.ledger
    if (ledger?.status.kind !== 'open') return false
    return away.some(({ lock }) => lock === ledger.client.payoutLock)
  })
  return ids.length > 0 ? ids : undefined
}

function processWithBackup(world: World, name: string) {
  return name === HUB ? world.hub : world.wallet(name)
}

/** Errors with a code are answers; any other is a defect. */
export function begin(world: World, work: () => Promise<unknown>): void {
  work().catch((error: unknown) => {
    if (error instanceof Error && 'code' in error) return
    world.fail('defect', 'an order failed without a code', error)
  })
}

export function processOf(world: World, name: string) {
  if (name === HUB) return world.hub
  if (name === LEDGER) return world.ledger
  return world.towers.has(name) ? world.tower(name) : world.wallet(name)
}

function lineOf(world: World, name: string) {
  if (name === HUB) return world.hub.line
  return world.towers.has(name) ? world.tower(name).line : world.wallet(name).line
}
