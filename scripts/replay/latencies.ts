/** The `share` quantile (0..1) of measured milliseconds, by the nearest rank; 0 of none. */
export function quantile(milliseconds: readonly number[], share: number): number {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return Math.round((sorted[rank - 1] ?? 0) * 100) / 100
}
