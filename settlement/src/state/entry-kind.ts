import { type EntryKind, STATE_ENTRIES } from '@tallystick/protocol'

const KIND_OF_BYTE = new Map(
  Object.entries(STATE_ENTRIES).map(([kind, { byte }]) => [byte, kind as EntryKind]),
)

/** The kind that a number in storage stands for. */
export function entryKindOf(byte: number): EntryKind | undefined {
  return KIND_OF_BYTE.get(byte)
}
