import type { EntryKind, Outpoint, StateEntries } from '@tallystick/protocol'
import { entryName } from './entry-name.js'

/** Read access to the state: whatever holds entries, from a map to an overlay over one. */
export type LedgerView = {
  /** `name`: what `entryName` gives for the entry, from whoever has asked it already. */
  read<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
    name?: string,
  ): StateEntries[Kind]['value'] | undefined
  /** Told which coins will be read, a view may get them ready together. Changes nothing. */
  expectCoins?(outpoints: readonly Outpoint[]): void
}

/** One entry written (or, without a value, removed) by a transaction. */
export type StateWrite = {
  [Kind in EntryKind]: {
    readonly kind: Kind
    readonly key: StateEntries[Kind]['key']
    readonly value: StateEntries[Kind]['value'] | undefined
    /** What `entryName` gives for the entry, from whoever has asked it already. */
    readonly name?: string
  }
}[EntryKind]

/** A state root that is worked out; the state is as it was until it is committed. */
export type StagedRoot = {
  /** 32 bytes. */
  readonly root: Uint8Array
  /** What the write at a position of the batch replaces or removes. */
  before(position: number): StateWrite['value']
  commit(): void
  discard(): void
}

/** A state that can work out what a block makes of it. */
export type StageableState<Staged extends StagedRoot> = LedgerView & {
  /** `writes`: no two of one entry. One block at a time. */
  stage(writes: readonly StateWrite[]): Staged
}

/** Writes held above a view that they do not change: refused work is dropped with the overlay. */
export class StateOverlay implements LedgerView {
  readonly #base: LedgerView
  readonly #writes = new Map<string, StateWrite>()
  /**
   * What was read of the view below: it does not change, and reading it costs a walk in the tree.
   * Not coins, which are read once, by what spends them. Absent above another overlay, which
   * remembers for both.
   */
  readonly #read: Map<string, StateEntries[EntryKind]['value'] | undefined> | undefined

  constructor(base: LedgerView) {
    this.#base = base
    this.#read = base instanceof StateOverlay ? undefined : new Map()
  }

  read<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
    name = entryName(kind, key),
  ): StateEntries[Kind]['value'] | undefined {
    const write = this.#writes.get(name)
    // A name tells the kind, so the value found under it is of that kind.
    if (write !== undefined) return write.value as StateEntries[Kind]['value'] | undefined
    const read = this.#read
    if (read?.has(name)) return read.get(name) as StateEntries[Kind]['value'] | undefined
    const value = this.#base.read(kind, key, name)
    if (kind !== 'coin') read?.set(name, value)
    return value
  }

  write<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
    value: StateEntries[Kind]['value'] | undefined,
    name = entryName(kind, key),
  ): void {
    this.#writes.set(name, { kind, key, value, name } as StateWrite)
  }

  /** Takes over the writes of an overlay above this one. */
  absorb(writes: readonly StateWrite[]): void {
    for (const write of writes) {
      this.#writes.set(write.name ?? entryName(write.kind, write.key), write)
    }
  }

  /** The last write of each entry, in the order of their first. */
  writes(): StateWrite[] {
    return [...this.#writes.values()]
  }
}
