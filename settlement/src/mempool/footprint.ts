import type { EntryKind, StateEntries } from '@tallystick/protocol'
import { entryName } from '../core/entry-name.js'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'

/**
 * How transactions that touch one entry stand to one another. `shared`: in any order they do, so
 * that nobody depends on anybody by it: sums, counters, parameters. `ordered`: who comes later builds
 * on what who came before has left. The one thing that the mempool knows of the rules.
 */
const SHARING: Readonly<Record<EntryKind, 'shared' | 'ordered'>> = {
  parameters: 'shared',
  asset: 'shared',
  coin: 'ordered',
  channel: 'ordered',
  channelCount: 'shared',
  reveal: 'ordered',
  revealStep: 'ordered',
  assetCount: 'shared',
  parametersChange: 'shared',
}

/** The ordered entries, by place in the state, that applying a transaction read and wrote. */
export type Footprint = {
  readonly reads: ReadonlySet<string>
  readonly writes: ReadonlyMap<string, StateWrite>
}

/** The write of a pending transaction to show at a place; `undefined`: what the tip has. */
export type ShownWrite = (place: string, isAtTip: boolean) => StateWrite | undefined

/** The tip with some pending writes over it; notes the ordered entries that are read. */
export class FootprintView implements LedgerView {
  readonly reads = new Set<string>()
  readonly #tip: LedgerView
  readonly #shown: ShownWrite

  constructor(tip: LedgerView, shown: ShownWrite) {
    this.#tip = tip
    this.#shown = shown
  }

  read<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
  ): StateEntries[Kind]['value'] | undefined {
    const value = this.#tip.read(kind, key)
    if (SHARING[kind] === 'shared') return value
    const place = entryName(kind, key)
    this.reads.add(place)
    const write = this.#shown(place, value !== undefined)
    // The place binds the kind, so the value found there is of that kind.
    return write === undefined ? value : (write.value as StateEntries[Kind]['value'] | undefined)
  }
}

/** The ordered entries among `writes`, by place. */
export function orderedWrites(
  tip: LedgerView,
  writes: readonly StateWrite[],
): ReadonlyMap<string, StateWrite> {
  const ordered = new Map<string, StateWrite>()
  for (const write of writes) {
    if (SHARING[write.kind] === 'shared' || isUnnumbered(tip, write)) continue
    ordered.set(entryName(write.kind, write.key), write)
  }
  return ordered
}

/** The places of all ordered entries among `writes`. */
export function orderedPlaces(writes: readonly StateWrite[]): ReadonlySet<string> {
  const ordered = writes.filter(({ kind }) => SHARING[kind] === 'ordered')
  return new Set(ordered.map(({ kind, key }) => entryName(kind, key)))
}

/**
 * A channel has no number before a block opens it: who else opens one first takes the number, so
 * nothing that waits may name a channel that waits.
 */
function isUnnumbered(tip: LedgerView, write: StateWrite): boolean {
  return write.kind === 'channel' && tip.read('channel', write.key) === undefined
}
