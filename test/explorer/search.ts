/*
 * Breadth first through every state of a world, so that the first violation found has a shortest
 * trace. Worlds are values: a move makes a new state and leaves the old one as it was.
 */

/** One thing that may happen in a state: what to call it in a trace, and what comes of it. */
export type Move<State> = { readonly label: string; readonly next: State }

export type World<State> = {
  readonly name: string
  /** What of the design it puts to the test, for reports. */
  readonly about: string
  readonly start: State
  /** Two states of one name behave alike for ever. */
  readonly nameOf: (state: State) => string
  /** Everything that may happen next. Throws `Violation` for a step that no rule may allow. */
  readonly moves: (state: State) => Iterable<Move<State>>
  /** Throws `Violation` if the state is one that must not be reached. */
  readonly check: (state: State) => void
  /** One line about a state, for traces. */
  readonly describe: (state: State) => string
}

/** An invariant does not hold. */
export class Violation extends Error {}

/** What a search found out. */
export type Found = {
  readonly world: string
  /** Different states visited, and moves between them, those to known states included. */
  readonly states: number
  readonly moves: number
  /** The most moves that lead to a state. */
  readonly depth: number
  /** Whether every state was visited. */
  readonly complete: boolean
  readonly violation: { readonly message: string; readonly trace: readonly string[] } | undefined
}

type Visited<State> = {
  readonly state: State
  readonly label: string
  readonly parent: Visited<State> | undefined
  readonly depth: number
}

export type Bounds = {
  readonly statesMax: number
  /** Called now and then with the states visited so far. */
  readonly onProgress?: (states: number) => void
}

/** Visits the states of `world`, at most `statesMax` of them, until one violates an invariant. */
export function search<State>(
  world: World<State>,
  { statesMax, onProgress = () => {} }: Bounds,
): Found {
  const root: Visited<State> = { state: world.start, label: '', parent: undefined, depth: 0 }
  const known = new Set([world.nameOf(world.start)])
  const queue = [root]
  let [moves, visited, depth] = [0, 0, 0]
  const found = (failed: Visited<State> | undefined, message = '', last?: string): Found => ({
    world: world.name,
    states: visited,
    moves,
    depth,
    complete: failed === undefined && visited === known.size,
    violation: failed && {
      message,
      trace: [...traceOf(world, failed), ...(last === undefined ? [] : [last])],
    },
  })
  for (const at of queue) {
    if (visited >= statesMax) break
    visited++
    depth = at.depth
    if (visited % 100 === 0) onProgress(visited)
    let step = 'a move'
    try {
      world.check(at.state)
      for (const { label, next } of world.moves(at.state)) {
        moves++
        step = label
        const name = world.nameOf(next)
        if (known.has(name)) continue
        known.add(name)
        queue.push({ state: next, label, parent: at, depth: at.depth + 1 })
      }
    } catch (error) {
      // A broken assertion of the production code is a finding like any other.
      const message = error instanceof Violation ? error.message : stackOf(error)
      return found(at, message, error instanceof Violation ? undefined : `after ${step}`)
    }
  }
  return found(undefined)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function traceOf<State>(world: World<State>, end: Visited<State>): string[] {
  const trace: string[] = []
  for (let at: Visited<State> | undefined = end; at !== undefined; at = at.parent) {
    trace.unshift(`${at.label === '' ? 'start' : at.label}: ${world.describe(at.state)}`)
  }
  return trace
}
