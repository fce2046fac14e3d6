/**
 * An action whose module is loaded when it runs: help, and every other command, start without it.
 */
export function lazily<Given extends unknown[]>(
  load: () => Promise<(...given: Given) => unknown>,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    const act = await load()
    await act(...given)
  }
}
