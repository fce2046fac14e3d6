import { parseArgs } from 'node:util'

/**
 * What a benchmark found: figures by name, and under `limits` what they were held against; `isMet`
 * there tells whether all was kept, null that it was not judged.
 */
export type Figures = {
  readonly [name: string]: number | string | boolean | null | Figures
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    scale: { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
  strict: false,
})

/** Below it some benchmarks have nothing left to measure. */
const SCALE_MIN = 0.001

/** The part of its full size that a benchmark is asked for, 0.001 to 1. */
export const SCALE = parseScale(values.scale)

/** Where the processes that are measured leave CPU profiles; absent: they are not profiled. */
export const PROFILE_DIR = typeof values.profile === 'string' ? values.profile : undefined

/** Ends with 2, as every wrong use of a command, when `text` is no part of the full size. */
function parseScale(text: unknown): number {
  const scale = typeof text === 'string' && /^(?:1|0\.\d{1,9})$/.test(text) ? Number(text) : 0
  if (scale >= SCALE_MIN) return scale
  process.stderr.write(`--scale is a part of the full size: a decimal from ${SCALE_MIN} to 1\n`)
  return process.exit(2)
}

/** Says what goes on; only people read it. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

/**
 * Prints what was found: for people, or one JSON object on the last line. A limit that is missed
 * ends the process with 1. Limits are those of the full size: a part of it is not judged by them
 * unless they hold at `any size`.
 */
export function report(
  name: string,
  figures: Figures,
  limitsHoldAt: 'full size' | 'any size' = 'full size',
): void {
  const isJudged = SCALE === 1 || limitsHoldAt === 'any size'
  const found = isJudged ? figures : withoutVerdict(figures)
  if (values.json) process.stdout.write(`${JSON.stringify({ benchmark: name, ...found })}\n`)
  else process.stdout.write(`${[`${name}`, ...linesOf(found, '  ')].join('\n')}\n`)
  if (limitsOf(found)['isMet'] === false) process.exitCode = 1
}

function withoutVerdict(figures: Figures): Figures {
  return { ...figures, limits: { ...limitsOf(figures), isMet: null } }
}

function limitsOf({ limits }: Figures): Figures {
  return typeof limits === 'object' && limits !== null ? limits : {}
}

function linesOf(figures: Figures, indent: string): string[] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? [`${indent}${name}`, ...linesOf(value, `${indent}  `)]
      : [`${indent}${name.padEnd(44 - indent.length)} ${readable(value)}`],
  )
}

function readable(value: number | string | boolean | null): string {
  if (value === null) return 'not judged: the limits are those of the full size'
  return typeof value === 'number'
    ? value.toLocaleString('en', { maximumFractionDigits: 3 })
    : `${value}`
}

/** Milliseconds that `work` takes, and what it gives. */
export function timed<T>(work: () => T): readonly [milliseconds: number, result: T] {
  const started = performance.now()
  const result = work()
  return [performance.now() - started, result]
}

/** The middle one of several figures. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >>> 1] ?? Number.NaN
}

/** Memory of the process after a collection, bytes. */
export function residentBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}
