import { parseArgs } from 'node:util'

/** What a benchmark found: figures by name, and what it was held against. */
export type Figures = { readonly [name: string]: number | string | boolean | Figures }

/** A limit and the figure that is held against it. */
export type Limit = { readonly figure: string; readonly is: number; readonly limit: string }

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, scale: { type: 'string', default: '1' } },
  strict: false,
})

/** The part of its full size that a benchmark is asked for, 0..1. */
export const SCALE = Number(values.scale)

/** Says what goes on; only people read it. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Prints what was found: for people, or one JSON object on the last line. */
export function report(name: string, figures: Figures): void {
  if (values.json) process.stdout.write(`${JSON.stringify({ benchmark: name, ...figures })}\n`)
  else process.stdout.write(`${[`${name}`, ...linesOf(figures, '  ')].join('\n')}\n`)
}

function linesOf(figures: Figures, indent: string): string[] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === 'object'
      ? [`${indent}${name}`, ...linesOf(value, `${indent}  `)]
      : [`${indent}${name.padEnd(44 - indent.length)} ${readable(value)}`],
  )
}

function readable(value: number | string | boolean): string {
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
