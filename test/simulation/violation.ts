/** An invariant that did not hold in a simulated run. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** `INV-16` and the like, or `defect`: the program itself failed. */
  readonly invariant: string

  constructor(invariant: string, detail: string, cause?: unknown) {
    super(`${invariant}: ${detail}`, { cause })
    this.invariant = invariant
  }
}
