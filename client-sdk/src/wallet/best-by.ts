/** The item that is worth most; the first of equals. */
export function bestBy<T>(items: readonly T[], worth: (item: T) => bigint): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || worth(item) > worth(best) ? item : best),
    undefined,
  )
}
