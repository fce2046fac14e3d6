/** Order of hex identifiers and ASCII text by code unit, never by locale: negative, zero, positive. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whether `items` strictly ascend under `compare`: sorted, and no two equal. */
export function ascends<T>(items: readonly T[], compare: (a: T, b: T) => number): boolean {
  return items.every((item, i) => {
    const before = items[i - 1]
    return i === 0 || (before !== undefined && compare(before, item) < 0)
  })
}
