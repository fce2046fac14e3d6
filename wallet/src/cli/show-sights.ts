import type { BlockFeed } from '@tallystick/client-sdk'
import { printFacts } from '@tallystick/daemon'
import { endFacts, endLines } from './end-text.js'
import { isEmpty, type Sight } from './exit-sight.js'
import { type Money, timeText } from './ledger-words.js'
import { planFacts, planLines } from './plan-text.js'

/** Prints where the channels stand. A problem with one of them ends the process with 1. */
export async function showSights(
  json: true | undefined,
  feed: BlockFeed,
  sights: readonly Sight[],
  money: Money,
): Promise<void> {
  if (sights.some(({ kind }) => kind === 'problem')) process.exitCode = 1
  const { height, time, ledger } = feed
  const channels = await Promise.all(sights.map(factsOf))
  const facts = { chain_id: ledger.chainId, height, time, channels }
  printFacts(json, facts, json ? '' : await textOf(sights, money, feed))
}

async function factsOf(sight: Sight): Promise<object> {
  const { id: channel, number } = sight.route
  switch (sight.kind) {
    case 'settled':
      return { channel, number, settled: endFacts(await sight.route.end()) }
    case 'planned':
      return planFacts(sight.plan)
    case 'problem':
      return { channel, number, problem: { code: sight.code, detail: sight.detail } }
  }
}

/** The same for people. */
export async function textOf(
  sights: readonly Sight[],
  money: Money,
  feed: BlockFeed,
): Promise<string> {
  if (sights.length === 0) return 'there is no channel'
  const blocks: string[] = []
  for (const sight of sights) {
    const lines = await linesOf(sight, money, feed)
    blocks.push([`channel ${sight.route.number}`, ...lines.map((line) => `  ${line}`)].join('\n'))
  }
  const isBegun = sights.some((sight) => {
    return sight.kind === 'planned' && sight.plan.step.kind !== 'forceClose'
  })
  const hint = isBegun ? ['Run the same command again to go on, or with --wait to wait here.'] : []
  return [`ledger time ${timeText(feed.time)}, block ${feed.height}`, ...blocks, ...hint].join('\n')
}

async function linesOf(sight: Sight, money: Money, { time }: BlockFeed): Promise<string[]> {
  switch (sight.kind) {
    case 'settled':
      return endLines(await sight.route.end(), sight.route.asset, money)
    case 'planned':
      return isEmpty(sight.plan)
        ? ['nothing comes home: it holds no more of yours than the fee']
        : planLines(sight.plan, money, time)
    case 'problem':
      return [`problem   ${sight.code}: ${sight.detail}`]
  }
}
