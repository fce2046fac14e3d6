import type { Action } from './action.js'
import { checkFinalBalances } from './final-balance.js'
import { perform } from './perform.js'
import type { Setup } from './setup.js'
import { supervise } from './supervisor.js'
import type { Violation } from './violation.js'
import { windUp } from './wind-up.js'
import { World } from './world.js'

/** What happens in a run, and who takes part: with the same, it is the same. It is plain JSON. */
export type Script = {
  readonly setup: Setup
  readonly actions: readonly Action[]
  /** When faults stop and everybody leaves, virtual milliseconds. */
  readonly windUpMs: number
}

export type Outcome = {
  readonly violation: Violation | undefined
  /** What took place, so that it can take place again. */
  readonly script: Script
  readonly events: number
  readonly virtualMs: number
  readonly traceHash: string
  readonly world: World
}

/** When a run is over: at a moment of virtual time, or after so many events. */
export type End = { readonly windUpMs: number } | { readonly events: number }

/** Lets actions happen to a new world until the end, or to the first violation. */
export async function simulate(
  setup: Setup,
  actions: Iterable<Action>,
  end: End,
): Promise<Outcome> {
  const world = new World(setup)
  const { schedule } = world
  const done: Action[] = []
  const due = actions[Symbol.iterator]()
  let [isOver, windUpMs]: [boolean, number | undefined] = [false, undefined]
  const wind = () => {
    if (windUpMs !== undefined) return
    windUpMs = schedule.nowMs
    windUp(world)
      .then(() => checkFinalBalances(world))
      .catch((error) => world.fail('defect', 'the end failed', error))
      .finally(() => {
        isOver = true
      })
  }
  const next = () => {
    if ('events' in end && schedule.events >= end.events) return wind()
    const { value: action, done: isLast } = due.next()
    if (isLast === true) return
    schedule.after(action.atMs - schedule.nowMs, () => {
      if (windUpMs !== undefined) return
      done.push(action)
      perform(world, action)
      next()
    })
  }
  const onRejection = (error: unknown) => world.fail('defect', 'a rejection nobody handles', error)
  process.on('unhandledRejection', onRejection)
  try {
    supervise(world)
    next()
    if ('windUpMs' in end) schedule.after(end.windUpMs, wind)
    while (!isOver && world.violation === undefined) await schedule.step()
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  const { events, nowMs: virtualMs } = schedule
  const script = { setup, actions: done, windUpMs: windUpMs ?? virtualMs + 1 }
  const { violation, traceHash } = world
  return { violation, script, events, virtualMs, traceHash, world }
}

/** Runs a script again. */
export function replay({ setup, actions, windUpMs }: Script): Promise<Outcome> {
  return simulate(setup, actions, { windUpMs })
}
