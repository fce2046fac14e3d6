/** The items that are kept; the same list where all are, so that whoever compares sees that nothing changed. */
export function keep<T>(items: readonly T[], isKept: (item: T) => boolean): readonly T[] {
  return items.every(isKept) ? items : items.filter(isKept)
}
