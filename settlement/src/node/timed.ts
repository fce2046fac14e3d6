/** What `work` gives, and how long it took, milliseconds. */
export function timed<T>(work: () => T): readonly [T, number] {
  const started = performance.now()
  const result = work()
  return [result, performance.now() - started]
}
