import { setTimeout as sleep } from 'node:timers/promises'
import type { ExitRoute } from './exit-route.js'
import { isToLeave, type Sight, sightOf } from './exit-sight.js'
import { timeText } from './ledger-words.js'

/** Between two looks at the ledger, milliseconds: about a block. */
const LOOK_MS = 500
/** Channels that are worked at at a time. */
const PARALLEL = 8

/**
 * Does what is due on each channel, round after round, until all are done; each step is told on
 * standard error. A channel that fails holds up no other. Answers where each stands in the end, or once `signal` is
 * given and the round is over.
 */
export async function followExits(
  routes: readonly ExitRoute[],
  isDone: (sight: Sight) => boolean,
  signal: AbortSignal,
): Promise<Sight[]> {
  const sights = new Map<ExitRoute, Sight>()
  const told = new Map<ExitRoute, string>()
  const look = async (route: ExitRoute) => {
    const before = sights.get(route)
    const sight = await sightOf(route, () => doStep(route, before))
    sights.set(route, sight)
    const said = whatGoesOn(sight)
    if (said !== told.get(route)) process.stderr.write(`channel ${route.number}: ${said}\n`)
    told.set(route, said)
  }
  for (;;) {
    const left = routes.filter((route) => {
      const sight = sights.get(route)
      return sight === undefined || !isDone(sight)
    })
    if (left.length === 0) break
    await inLanes(left, look)
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
  }
  return routes.flatMap((route) => sights.get(route) ?? [])
}

/** What the newest look at a channel has shown to be due. */
async function doStep(route: ExitRoute, sight: Sight | undefined): Promise<void> {
  if (sight?.kind !== 'planned') return
  const { step } = sight.plan
  if (step.kind === 'forceClose' && isToLeave(sight)) await route.leave(step.unsure)
  if (step.kind === 'finalize') await route.finalize(step.part)
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: PARALLEL }, lane))
}

/** One step in a few words; it changes when the step does. */
function whatGoesOn(sight: Sight): string {
  if (sight.kind === 'settled') return 'settled'
  if (sight.kind === 'problem') return `${sight.code}: ${sight.detail}`
  const { step } = sight.plan
  switch (step.kind) {
    case 'forceClose':
      return isToLeave(sight) ? 'closing it alone' : 'nothing of it would come home'
    case 'window':
      return `closing; the window ends after ${timeText(step.deadline)}`
    case 'finalize':
      return 'the window is over: it is being paid'
    case 'items':
      return `what is decided is paid; payments wait until ${timeText(step.until)} at the latest`
  }
}
