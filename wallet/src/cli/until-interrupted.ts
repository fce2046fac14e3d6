/** What the shell sends to end a program. */
const ENDING = ['SIGINT', 'SIGTERM'] as const

/**
 * Does `work` with a signal that Ctrl-C gives, so that it can say where it stands and close its store. Who
 * presses it again ends the process at once: the store holds all that was promised (JRN-*).
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const stop = () => {
    process.stderr.write('\nending; again ends at once\n')
    forget()
    ended.abort()
  }
  const forget = () => {
    for (const signal of ENDING) process.removeListener(signal, stop)
  }
  for (const signal of ENDING) process.once(signal, stop)
  try {
    return await work(ended.signal)
  } finally {
    forget()
  }
}
