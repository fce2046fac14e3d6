import { availableParallelism } from 'node:os'
import { tellWrongUse } from '#scripts/wrong-use.js'
import { makePatchedBuild } from '../mutation/patched-build.js'
import type { Mutant } from './mutant.js'
import { MUTANTS } from './mutants.js'
import type { SeedReport } from './run.js'

/** Seeds that one defect is looked for in, and events of each. */
const SEEDS = 80
const STEPS = 3_000
/** Of one defect: what a slow machine does not come to is not found. */
const TIMEOUT_MS = 1_800_000

/** What became of one defect. */
export type MutantReport = {
  readonly name: string
  readonly rule: string
  /** `null`: no seed found it. */
  readonly caught: null | {
    readonly seed: number
    readonly events: number
    readonly invariant: string
    readonly detail: string
  }
}

/** Looks for one defect, seed by seed, in a build that has it. */
export async function huntMutant(mutant: Mutant): Promise<MutantReport> {
  const { name, rule } = mutant
  const patched = makePatchedBuild(mutant.and === undefined ? [mutant] : [mutant, mutant.and])
  try {
    const known = mutant.seed === undefined ? [] : [{ seed: mutant.seed, seeds: 1 }]
    for (const seeds of [...known, { seed: 1, seeds: SEEDS }]) {
      const order = { ...seeds, steps: STEPS, json: true, realSignatures: false, shrink: false }
      const run = await patched.run('test/dist/simulation/run.js', [JSON.stringify(order)], {
        timeoutMs: TIMEOUT_MS,
      })
      const [last = ''] = run.stdout.trimEnd().split('\n').slice(-1)
      // What takes too long was not found either.
      if (run.status === 0 || run.status === null) continue
      if (run.status !== 1 || !last.startsWith('{')) throw new Error(`${name}: ${run.stderr}`)
      const { seed, events, violation } = JSON.parse(last) as SeedReport
      if (violation === null) continue
      const { invariant, detail } = violation
      return { name, rule, caught: { seed, events, invariant, detail: detail.slice(0, 160) } }
    }
    return { name, rule, caught: null }
  } finally {
    patched.remove()
  }
}

/** Looks for many, a few at a time, in the order of the list. */
export async function huntMutants(
  mutants: readonly Mutant[],
  onReport: (report: MutantReport) => void,
): Promise<readonly MutantReport[]> {
  const reports: MutantReport[] = []
  const waiting = mutants.values()
  const hunt = async () => {
    for (const mutant of waiting) {
      const report = await huntMutant(mutant)
      reports.push(report)
      onReport(report)
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, hunt))
  return reports
}

const [, script, argument] = process.argv
if (argument !== undefined && script?.endsWith('run-mutants.js')) {
  const { json, name } = JSON.parse(argument) as { json: boolean; name?: string }
  const chosen = MUTANTS.filter((mutant) => name === undefined || mutant.name === name)
  if (chosen.length === 0) {
    tellWrongUse(`there is no defect ${name}: ${MUTANTS.map((one) => one.name).join(', ')}`, json)
    process.exit(2)
  }
  const reports = await huntMutants(chosen, (report) => {
    process.stdout.write(`${json ? JSON.stringify(report) : lineOf(report)}\n`)
  })
  const survived = reports.filter(({ caught }) => caught === null).length
  if (!json) process.stdout.write(`${reports.length - survived} of ${reports.length} were caught\n`)
  process.exitCode = survived === 0 ? 0 : 1
}

function lineOf({ name, rule, caught }: MutantReport): string {
  return caught === null
    ? `SURVIVED ${name} (${rule})`
    : `caught ${name} (${rule}): seed ${caught.seed}, ${caught.events} events, ${caught.detail}`
}
