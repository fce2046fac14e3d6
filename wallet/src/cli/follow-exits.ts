import { setTimeout as sleep } from 'node:timers/promises'
import type { BlockFeed, ExitPlan } from '@tallystick/client-sdk'
import type { ExitRoute } from './exit-route.js'
import { timeText } from './ledger-words.js'

/** Between two looks at the ledger, milliseconds: about a block. */
const LOOK_MS = 500
/** Channels that are worked at at a time. */
const PARALLEL = 8

export type Following = {
  /** Whether there is nothing more to do, or to wait for, with a channel. */
  readonly isDone: (plan: ExitPlan | undefined) => boolean
  readonly isToLeave: (plan: ExitPlan | undefined) => boolean
  readonly feed: BlockFeed
}

/** Does what is due on each channel until all are done; each step is told on standard error. */
export async function followExits(
  routes: readonly ExitRoute[],
  following: Following,
): Promise<void> {
  const queue = [...routes]
  const lane = async () => {
    for (let route = queue.shift(); route !== undefined; route = queue.shift()) {
      await followExit(route, following)
    }
  }
  const waiting = setInterval(
    () => process.stderr.write(`ledger time goes on, block ${following.feed.height}\n`),
    30_000,
  )
  await Promise.all(Array.from({ length: Math.min(PARALLEL, routes.length) }, lane)).finally(() => {
    clearInterval(waiting)
  })
}

async function followExit(route: ExitRoute, following: Following): Promise<void> {
  const { isDone, isToLeave } = following
  let told = ''
  for (;;) {
    const plan = await route.plan()
    const said = whatGoesOn(plan)
    if (said !== told) process.stderr.write(`channel ${route.number}: ${said}\n`)
    told = said
    if (isDone(plan)) return
    if (plan?.step.kind === 'forceClose' && isToLeave(plan)) await route.leave(plan.step.unsure)
    if (plan?.step.kind === 'finalize') await route.finalize(plan.step.part)
    await sleep(LOOK_MS)
  }
}

/** One step in a few words; it changes when the step does. */
function whatGoesOn(plan: ExitPlan | undefined): string {
  if (plan === undefined) return 'settled'
  const { step } = plan
  switch (step.kind) {
    case 'forceClose':
      return 'closing it alone'
    case 'window':
      return `closing; the window ends after ${timeText(step.deadline)}`
    case 'finalize':
      return 'the window is over: it is being paid'
    case 'items':
      return `what is decided is paid; payments wait until ${timeText(step.until)} at the latest`
  }
}
