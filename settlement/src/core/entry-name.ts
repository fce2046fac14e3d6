import type { EntryKind, StateEntries } from '@tallystick/protocol'

/**
 * A name that differs for different entries, as a key of maps: what the state key is in the tree,
 * without a hash.
 */
export function entryName<Kind extends EntryKind>(
  kind: Kind,
  key: StateEntries[Kind]['key'],
): string {
  let name: string = kind
  // Not `Object.values`, which makes an array: this runs ten times per transfer.
  for (const part in key) name += `:${key[part]}`
  return name
}
