/** Until a person should hear that something goes on, and from then on, milliseconds. */
const PATIENCE_MS = 1_000
/** What nobody watches is told every second at first, and then this seldom. */
const SECONDS_BETWEEN = 10

/**
 * Does `work`; what takes longer than a second is told on standard error: on a terminal on one line that
 * stays up to date, else every second, and later every ten. `what` may change while it goes on.
 */
export async function showProgress<T>(
  what: string | (() => string),
  work: () => Promise<T>,
): Promise<T> {
  const { isTTY = false } = process.stderr
  const started = performance.now()
  let isShown = false
  const telling = setInterval(() => {
    // A timer may be early by a part of a millisecond.
    const seconds = Math.round((performance.now() - started) / 1_000)
    const said = `${typeof what === 'string' ? what : what()} (${seconds} s)`
    if (isTTY) process.stderr.write(`${BEGIN_LINE}${said.slice(0, process.stderr.columns - 1)}`)
    else if (seconds <= SECONDS_BETWEEN || seconds % SECONDS_BETWEEN === 0) {
      process.stderr.write(`${said}\n`)
    }
    isShown = true
  }, PATIENCE_MS)
  try {
    return await work()
  } finally {
    clearInterval(telling)
    if (isTTY && isShown) process.stderr.write(BEGIN_LINE)
  }
}

/** Back to the left, and nothing to the right. */
const BEGIN_LINE = '\r\x1b[K'
