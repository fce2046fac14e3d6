/** Between two lines about the same work, milliseconds; what takes less says nothing. */
const PROGRESS_MS = 1_000

/** Tells on standard error, once a second, how far some work is. */
export function progressOf(work: string): (what: string) => void {
  let toldAt = performance.now()
  return (what) => {
    const now = performance.now()
    if (now - toldAt < PROGRESS_MS) return
    toldAt = now
    process.stderr.write(`${work}: ${what}\n`)
  }
}
