/** How long things took, milliseconds: what half of them, and what all but a few, kept within. */
export type LatencyFigures = {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

/** Figures of at least one time; of none they are not a number. */
export function latencyFigures(milliseconds: Float64Array): LatencyFigures {
  const sorted = milliseconds.toSorted()
  const at = (share: number) => {
    const place = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)
    return sorted[Math.max(0, place)] ?? Number.NaN
  }
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) }
}
