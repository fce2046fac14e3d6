import { invariant } from '@tallystick/protocol'
import type { LeafColumns, NodeColumns } from './tree-columns.js'
import { isLeaf, isNode, type Subtree, slotOf } from './tree-slots.js'

/**
 * Brings what lies on the paths of keys, from `subtree` at `depth` down to their leaves, into the
 * processor's cache; changes nothing. All paths go down one level, then all the next: the processor
 * waits for many rows at once, while the steps of one path can only wait for each other. `keys`: 32
 * bytes each; those from number `from` to `to` are walked. Answers the leaf slot that each comes to, 0
 * for none; the leaf may be another key's.
 */
export function fetchPaths(
  nodes: NodeColumns,
  leaves: LeafColumns,
  subtree: Subtree,
  depth: number,
  { keys, from, to }: { readonly keys: Uint8Array; readonly from: number; readonly to: number },
): Uint32Array {
  const reached = new Uint32Array(to - from).fill(subtree)
  for (let level = depth, isMoving = true; isMoving; level++) {
    isMoving = false
    const shift = 7 - (level & 7)
    const byteAt = 32 * from + (level >>> 3)
    for (let i = 0; i < reached.length; i++) {
      const at = reached[i] ?? 0
      if (!isNode(at)) continue
      const slot = slotOf(at)
      const byte = keys[byteAt + 32 * i] ?? 0
      reached[i] = (byte >>> shift) & 1 ? nodes.right(slot) : nodes.left(slot)
      isMoving = true
    }
  }
  let sum = 0
  for (let i = 0; i < reached.length; i++) {
    const at = reached[i] ?? 0
    reached[i] = isLeaf(at) ? slotOf(at) : 0
    // Used only because a read without a use is left out.
    if (isLeaf(at)) sum += leaves.firstWord(slotOf(at))
  }
  invariant(sum >= 0, 'words are not negative')
  return reached
}
