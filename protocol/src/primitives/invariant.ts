/** Our own code broke a promise. Never caught: the process logs it and stops. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant'
}

/** States what cannot be false. Throws `BrokenInvariant`, so that nothing is built on top of it. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenInvariant(message)
}
