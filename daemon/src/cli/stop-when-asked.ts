/** What the shell, or a service's manager, sends to end a program. */
const ENDING = ['SIGINT', 'SIGTERM'] as const

/** How a server is stopped: nothing depends on it once the promise is kept. */
export type Stop = () => Promise<void>

/**
 * Ends the process when it is asked to, with 0 or the exit code that is set by then: by SIGINT, SIGTERM or,
 * `withParent`, the end of its standard input, which is that of whoever started it. Hands back what takes the server
 * once it stands; before that there is nothing to be stopped, and the process just ends. Who asks by a signal twice
 * does not wait.
 * `onFault` hears why a server cannot stop, and ends the process.
 */
export function stopWhenAsked(
  withParent: boolean,
  onFault: (error: unknown) => void,
): (server: Stop) => void {
  let stop: Stop | undefined
  let isEnding = false
  const end = () => {
    if (stop === undefined) process.exit()
    // Signals and the end of the input come together where a terminal is closed.
    if (isEnding) return
    isEnding = true
    stop().then(() => process.exit(), onFault)
  }
  for (const signal of ENDING) process.once(signal, end)
  if (withParent) process.stdin.once('close', end).resume()
  return (server) => {
    stop = server
  }
}
