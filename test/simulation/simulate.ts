import type { Action } from './action.js'
import { checkFinalBalances } from './final-balance.js'
import { perform } from './perform.js'
import { planOf } from './plan.js'
import type { Setup } from './setup.js'
import { supervise } from './supervisor.js'
import type { Violation } from './violation.js'
import { windUp } from './wind-up.js'
import { World } from './world.js'

/** What a run is made from: with the same, it is the same. */
export type Script = {
  readonly setup: Setup
  /** Events after which nothing more is begun, and everybody leaves. */
  readonly steps: number
  /** Absent: those that the seed has. */
  readonly actions?: readonly Action[]
}

export type Outcome = {
  readonly violation: Violation | undefined
  /** Those that took place. */
  readonly actions: readonly Action[]
  readonly events: number
  readonly virtualMs: number
  readonly traceHash: string
  readonly world: World
}

/** Runs a script to its end, or to the first violation. */
export async function simulate({ setup, steps, actions }: Script): Promise<Outcome> {
  const world = new World(setup)
  const { schedule } = world
  const done: Action[] = []
  const plan = actions === undefined ? planOf(setup) : actions.values()
  const onRejection = (error: unknown) => world.fail('defect', 'a rejection nobody handles', error)
  process.on('unhandledRejection', onRejection)
  try {
    supervise(world)
    let isOver = false
    const next = () => {
      const { value: action, done: isLast } = plan.next()
      if (isLast === true || action === undefined || schedule.events >= steps) return wind()
      schedule.after(action.atMs - schedule.nowMs, () => {
        if (schedule.events >= steps) return wind()
        done.push(action)
        perform(world, action)
        next()
      })
    }
    const wind = () => {
      windUp(world)
        .then(() => checkFinalBalances(world))
        .catch((error) => world.fail('defect', 'the end failed', error))
        .finally(() => {
          isOver = true
        })
    }
    next()
    while (!isOver && world.violation === undefined) await schedule.step()
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  const { events, nowMs: virtualMs } = schedule
  return {
    ...{ violation: world.violation, actions: done, events, virtualMs },
    ...{ traceHash: world.traceHash, world },
  }
}
