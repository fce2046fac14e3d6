import type { BlockFeed, ExitPlan, LedgerClient } from '@tallystick/client-sdk'
import type { ChainId } from '@tallystick/protocol'
import { CommandError } from './command-error.js'
import { confirm } from './confirm.js'
import { endFacts, endLines } from './end-text.js'
import { bundleRoutes, type ExitRoute, walletRoutes } from './exit-route.js'
import { followExits } from './follow-exits.js'
import { type Money, moneyOf, spanText, timeText } from './ledger-words.js'
import { openBundle } from './open-bundle.js'
import { openStore } from './open-store.js'
import { planFacts, planLines } from './plan-text.js'
import { printFacts } from './print-facts.js'
import { showProgress } from './progress.js'

export type ExitCommand = {
  readonly ledger: string
  readonly chainId?: ChainId
  readonly keys?: string
  readonly store?: string
  readonly bundle?: string
  readonly channel?: readonly number[]
  readonly unsure?: true
  readonly newStore?: true
  readonly plan?: true
  readonly wait?: true
  readonly yes?: true
  readonly json?: true
}

/** A channel on its way out, as it stands: `plan` is absent once it is settled. */
type Sight = { readonly route: ExitRoute; readonly plan: ExitPlan | undefined }

/** `wallet exit`: brings the money of channels home without the hub; again goes on where it was. */
export async function exitChannels(options: ExitCommand): Promise<void> {
  const opened = await openExit(options)
  try {
    await exitRoutes(options, opened)
  } finally {
    await opened.close()
  }
}

async function exitRoutes(
  options: ExitCommand,
  { ledger, feed, routes: all, origin }: OpenedExit,
): Promise<void> {
  const routes = wanted(all, options.channel)
  const sights = await showProgress('looking at the channels', () => lookAt(routes))
  const money = await moneyOf(
    ledger,
    routes.map(({ asset }) => asset),
  )
  if (options.plan) return show(options, feed, sights, money)
  const leaving = sights.filter(({ plan }) => isToLeave(plan))
  if (leaving.length > 0) {
    const shown = sights.filter(({ plan }) => plan !== undefined)
    process.stderr.write(`${await textOf(shown, money, feed)}\n${origin ?? ''}`)
    const count = leaving.length === 1 ? 'this channel' : `${leaving.length} channels`
    await confirm(options.yes, `Close ${count} alone`)
  }
  const isDone = options.wait
    ? (plan: ExitPlan | undefined) => plan === undefined || isEmpty(plan)
    : (plan: ExitPlan | undefined) => plan === undefined || isEmpty(plan) || isUnderWay(plan)
  await followExits(routes, { isDone, isToLeave, feed })
  return show(options, feed, await lookAt(routes), money)
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
  const { keys, store, bundle: file, ledger: url } = options
  if (file !== undefined) {
    const { bundle, ledger, feed, close } = await openBundle(file, url)
    const { height, time } = bundle
    const age = spanText(Math.max(0, feed.time - time))
    const origin =
      `The bundle is from block ${height}, ${timeText(time)}, ${age} of ledger time ago: what you\n` +
      'received after it comes home only if the hub shows it. Prefer the store, if it is there.\n'
    const routes = bundleRoutes(feed, bundle)
    return { ledger, feed, origin, routes, close: async () => close() }
  }
  if (keys === undefined || store === undefined) {
    throw new CommandError('usage', 'either --bundle is due, or --keys and --store')
  }
  const place = { keys, store, ledger: url, ...(options.chainId && { chainId: options.chainId }) }
  const how = { guards: options.plan !== true, isNew: options.newStore === true }
  const { wallet, ledger, feed, close } = await openStore(place, how)
  const routes = walletRoutes(wallet, options.unsure === true)
  return { ledger, feed, routes, close, origin: undefined }
}

function wanted(all: readonly ExitRoute[], numbers: readonly number[] | undefined): ExitRoute[] {
  for (const number of numbers ?? []) {
    if (all.some((route) => route.number === number)) continue
    throw new CommandError('channel_unknown', `there is no channel ${number} here`)
  }
  return all.filter(({ number }) => numbers === undefined || numbers.includes(number))
}

async function lookAt(routes: readonly ExitRoute[]): Promise<Sight[]> {
  const sights: Sight[] = []
  for (const route of routes) sights.push({ route, plan: await route.plan() })
  return sights
}

/** What costs more to leave than it brings is left alone. */
function isEmpty({ step, payout }: ExitPlan): boolean {
  return step.kind === 'forceClose' && payout.most === 0n
}

function isToLeave(plan: ExitPlan | undefined): plan is ExitPlan {
  return plan !== undefined && plan.step.kind === 'forceClose' && !isEmpty(plan)
}

/** Nothing can be done now but to wait. */
function isUnderWay({ step }: ExitPlan): boolean {
  return (step.kind === 'window' && !step.answerDue) || step.kind === 'items'
}

async function show(
  { json }: ExitCommand,
  feed: BlockFeed,
  sights: readonly Sight[],
  money: Money,
): Promise<void> {
  const channels = await Promise.all(
    sights.map(async ({ route, plan }) =>
      plan === undefined
        ? { channel: route.id, number: route.number, settled: endFacts(await route.end()) }
        : planFacts(plan),
    ),
  )
  const { height, time, ledger } = feed
  const facts = { chain_id: ledger.chainId, height, time, channels }
  printFacts(json, facts, json ? '' : await textOf(sights, money, feed))
}

async function textOf(sights: readonly Sight[], money: Money, feed: BlockFeed): Promise<string> {
  if (sights.length === 0) return 'there is no channel'
  const blocks: string[] = []
  for (const { route, plan } of sights) {
    const lines =
      plan === undefined
        ? endLines(await route.end(), route.asset, money)
        : isEmpty(plan)
          ? ['nothing comes home: it holds no more of yours than the fee']
          : planLines(plan, money, feed.time)
    blocks.push([`channel ${route.number}`, ...lines.map((line) => `  ${line}`)].join('\n'))
  }
  const hint = sights.some(({ plan }) => plan !== undefined && plan.step.kind !== 'forceClose')
    ? ['Run the same command again to go on, or with --wait to wait here.']
    : []
  return [`ledger time ${timeText(feed.time)}, block ${feed.height}`, ...blocks, ...hint].join('\n')
}
