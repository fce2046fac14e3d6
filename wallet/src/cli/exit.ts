import type { BlockFeed, LedgerClient } from '@tallystick/client-sdk'
import { CommandError, EXIT, showProgress } from '@tallystick/daemon'
import { confirm } from './confirm.js'
import { bundleRoutes, type ExitRoute, walletRoutes } from './exit-route.js'
import { isOver, isToLeave, isUnderWay, isUnsettled, lookAt, type Sight } from './exit-sight.js'
import { followExits } from './follow-exits.js'
import { interrupted } from './interrupted.js'
import { moneyOf, spanText, timeText } from './ledger-words.js'
import { openBundle } from './open-bundle.js'
import { openStore } from './open-store.js'
import { networkOf, type PlaceOptions, placeOf } from './place-of.js'
import { showSights, textOf } from './show-sights.js'
import { untilInterrupted } from './until-interrupted.js'

export type ExitCommand = PlaceOptions & {
  readonly bundle?: string
  readonly channel?: readonly number[]
  readonly unsure?: true
  readonly newStore?: true
  readonly plan?: true
  readonly wait?: true
  readonly yes?: true
  readonly json?: true
}

/** `wallet exit`: brings the money of channels home without the hub; again goes on where it was. */
export async function exitChannels(options: ExitCommand): Promise<void> {
  await untilInterrupted(async (signal) => {
    const opened = await openExit(options)
    try {
      await exitRoutes(options, opened, signal)
    } finally {
      await opened.close()
    }
  })
}

async function exitRoutes(
  options: ExitCommand,
  { ledger, feed, routes: all, origin }: OpenedExit,
  signal: AbortSignal,
): Promise<void> {
  const routes = wanted(all, options.channel)
  const sights = await showProgress('looking at the channels', () => lookAt(routes))
  const money = await moneyOf(
    ledger,
    routes.map(({ asset }) => asset),
  )
  if (origin !== undefined) process.stderr.write(origin)
  if (options.plan) return showSights(options.json, feed, sights, money)
  const leaving = sights.filter(isToLeave)
  if (leaving.length > 0) {
    process.stderr.write(`${await textOf(sights.filter(isUnsettled), money, feed)}\n`)
    const count = leaving.length === 1 ? 'this channel' : `${leaving.length} channels`
    await confirm(options.yes, `Close ${count} alone`)
  }
  if (signal.aborted) throw interrupted('nothing was done')
  const isDone = options.wait ? isOver : (sight: Sight) => isOver(sight) || isUnderWay(sight)
  const stand = await followExits(routes, isDone, signal)
  // Ctrl-C ends the wait: what was begun goes on, and the same command with it.
  if (!stand.every(isDone)) process.exitCode = EXIT.pending
  return showSights(options.json, feed, stand, money)
}

/** What an exit is made with. */
type OpenedExit = {
  readonly ledger: LedgerClient
  readonly feed: BlockFeed
  readonly routes: readonly ExitRoute[]
  readonly close: () => Promise<void>
  /** What a person has to know of where this comes from. */
  readonly origin: string | undefined
}

async function openExit(options: ExitCommand): Promise<OpenedExit> {
  const { bundle: file } = options
  if (file !== undefined) {
    const { ledger: url, chainId } = await networkOf(options)
    const { bundle, ledger, feed, close } = await openBundle(file, url, chainId)
    const { height, time } = bundle
    const age = spanText(Math.max(0, feed.time - time))
    const origin =
      `The bundle is from block ${height}, ${timeText(time)}, ${age} of ledger time ago: what you\n` +
      'received after it comes home only if the hub shows it. Prefer the store, if it is there.\n'
    const routes = bundleRoutes(feed, bundle)
    return { ledger, feed, origin, routes, close: async () => close() }
  }
  const mayBeOld = options.unsure === true
  const as = options.plan === true ? 'look' : 'guard'
  const how = { as, isNew: options.newStore === true, mayBeOld } as const
  const { wallet, ledger, feed, close } = await openStore(await placeOf(options), how)
  const routes = walletRoutes(wallet, mayBeOld)
  return { ledger, feed, routes, close, origin: undefined }
}

function wanted(all: readonly ExitRoute[], numbers: readonly number[] | undefined): ExitRoute[] {
  for (const number of numbers ?? []) {
    if (all.some((route) => route.number === number)) continue
    throw new CommandError('channel_unknown', `there is no channel ${number} here`)
  }
  return all.filter(({ number }) => numbers === undefined || numbers.includes(number))
}
