/**
 * The items of `source`, with up to `depth` of them asked for before they are taken: an async
 * generator then works on the next while its reader works on the last.
 */
export async function* readAhead<T>(source: AsyncGenerator<T>, depth: number): AsyncGenerator<T> {
  const asked: Promise<IteratorResult<T>>[] = []
  try {
    for (;;) {
      while (asked.length < depth) {
        const next = source.next()
        // Whoever takes it is told; nobody is when the reader leaves before.
        next.catch(() => undefined)
        asked.push(next)
      }
      const result = await asked.shift()
      if (result === undefined || result.done) return
      yield result.value
    }
  } finally {
    await source.return(undefined)
  }
}
