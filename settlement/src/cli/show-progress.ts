/** Until a person should hear that something goes on, and from then on, milliseconds. */
const PATIENCE_MS = 1_000

/** Does `work`; what takes longer than a second is told on standard error, every second. */
export async function showProgress<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  const telling = setInterval(() => {
    // A timer may be early by a part of a millisecond.
    const seconds = Math.round((performance.now() - started) / 1_000)
    process.stderr.write(`${what} (${seconds} s)\n`)
  }, PATIENCE_MS)
  try {
    return await work()
  } finally {
    clearInterval(telling)
  }
}
