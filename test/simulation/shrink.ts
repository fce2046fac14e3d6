import type { Action } from './action.js'
import { replay, type Script } from './simulate.js'

/** Runs that are spent on one script at most. */
const RUNS_MAX = 150

/**
 * A shorter script that breaks the same invariant: parts are left out, the larger ones first, for as
 * long as it still does (delta debugging).
 */
export async function shrink(script: Script, invariant: string): Promise<Script> {
  let runs = 0
  const breaks = async (actions: readonly Action[]): Promise<Script | undefined> => {
    runs++
    const outcome = await replay({ ...script, actions })
    return outcome.violation?.invariant === invariant ? outcome.script : undefined
  }
  let shortest = script
  for (let size = Math.ceil(script.actions.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < shortest.actions.length && runs < RUNS_MAX; ) {
      const { actions } = shortest
      const shorter = await breaks([...actions.slice(0, from), ...actions.slice(from + size)])
      if (shorter === undefined) from += size
      else shortest = { ...shorter, windUpMs: script.windUpMs }
    }
  }
  return shortest
}
