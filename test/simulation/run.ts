import { readFileSync } from 'node:fs'
import type { Outcome, Script } from './simulate.js'
import { useSymbolicSignatures } from './use-symbolic-signatures.js'

/** What is to be run, as the command line hands it over. */
export type RunOrder = {
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly json: boolean
  readonly realSignatures: boolean
  /** A file with a script; absent: what the seeds have. */
  readonly replay?: string
  /** Whether a script that breaks something is made shorter. */
  readonly shrink: boolean
}

/** What a run of one seed came to; one line of JSON. */
export type SeedReport = {
  readonly seed: number
  readonly events: number
  readonly virtual_seconds: number
  readonly trace: string
  readonly violation: null | {
    readonly invariant: string
    readonly detail: string
    readonly script: Script
  }
}

/** Runs simulations in this process; answers whether every invariant held. */
export async function run(order: RunOrder, print: (line: string) => void): Promise<boolean> {
  if (!order.realSignatures) useSymbolicSignatures()
  // Only now: the packages are loaded with the signatures that were asked for.
  const { planOf } = await import('./plan.js')
  const { schemeOf } = await import('./scheme.js')
  const { setupOf } = await import('./setup.js')
  const { replay, simulate } = await import('./simulate.js')
  const { shrink } = await import('./shrink.js')
  let [events, broken] = [0, 0]
  const started = performance.now()
  const look = async ({ violation, script, ...outcome }: Outcome) => {
    events += outcome.events
    if (violation !== undefined) broken++
    const { invariant = '', message: detail = '' } = violation ?? {}
    const shown = violation !== undefined && order.shrink ? await shrink(script, invariant) : script
    const report: SeedReport = {
      seed: script.setup.seed,
      events: outcome.events,
      virtual_seconds: Math.round(outcome.virtualMs / 1_000),
      trace: outcome.traceHash.slice(0, 16),
      violation: violation === undefined ? null : { invariant, detail, script: shown },
    }
    if (order.json) return print(JSON.stringify(report))
    print(
      `seed ${report.seed}: ${report.events} events, ${report.virtual_seconds} s, ${report.trace}`,
    )
    if (violation === undefined) return
    print(`  ${detail}`)
    print(`  ${shown.actions.length} of ${script.actions.length} actions; --replay a file with:`)
    print(JSON.stringify(shown))
  }
  if (order.replay !== undefined) {
    await look(await replay(JSON.parse(readFileSync(order.replay, 'utf8')) as Script))
  } else {
    for (let seed = order.seed; seed < order.seed + order.seeds && broken === 0; seed++) {
      const setup = setupOf(seed)
      const length = (setup.scheme && schemeOf(setup.scheme).length) ?? 1
      await look(await simulate(setup, planOf(setup), { events: length * order.steps }))
    }
  }
  const rate = Math.round((1_000 * events) / (performance.now() - started))
  if (!order.json) {
    print(
      `${events} events, ${rate} a second: ${broken === 0 ? 'all invariants held' : 'VIOLATED'}`,
    )
  }
  return broken === 0
}

const [, , order] = process.argv
if (order !== undefined && process.argv[1]?.endsWith('simulation/run.js')) {
  const held = await run(JSON.parse(order) as RunOrder, (line) => process.stdout.write(`${line}\n`))
  process.exitCode = held ? 0 : 1
}
