import type { Seal } from '../store/seal.js'
import type { StoreFault } from '../store/store-fault.js'
import type { HighWaterMark } from './high-water-mark.js'

/** Why a database and the mark beside it do not belong together. */
export type Mismatch = { readonly code: StoreFault['code']; readonly detail: string }

/**
 * JRN-5: whether the database is what its mark says; `undefined` when it is. A commit is in the
 * database before it is in the mark, so that a crash leaves the mark one behind, never two.
 */
export function mismatchOf(seal: Seal, mark: HighWaterMark): Mismatch | undefined {
  if (mark.id !== seal.id) {
    return { code: 'store_swapped', detail: 'the mark beside it is that of another database' }
  }
  if (seal.sequence < mark.sequence) {
    const detail = `it ends with commit ${seal.sequence}, and commit ${mark.sequence} was acted upon`
    return { code: 'store_rolled_back', detail }
  }
  if (seal.sequence > mark.sequence + 1) {
    const detail = `the mark ends with commit ${mark.sequence}, the database with ${seal.sequence}`
    return { code: 'mark_rolled_back', detail }
  }
  const isBehind = seal.sequence === mark.sequence + 1
  if ((isBehind ? seal.previous : seal.head) !== mark.head) {
    return { code: 'store_swapped', detail: `it has another commit ${mark.sequence} than its mark` }
  }
  if (!isBehind && !mark.isWhole) {
    // A cut write leaves the mark one behind. Here, what was lost may have been a later one.
    return { code: 'mark_damaged', detail: 'half of the mark beside it cannot be read' }
  }
  return undefined
}
