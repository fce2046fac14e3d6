import type { Edit, Patch } from '../mutation/patched-build.js'

/** A deliberate defect; a rule that is kept in two places is broken in both. */
export type Mutant = Patch & {
  readonly and?: Edit
  /** One that caught it once, to be tried first. */
  readonly seed?: number
}
