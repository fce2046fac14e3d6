import {
  type Codec,
  decodeTrusted,
  type EntryKind,
  type Outpoint,
  type SparseProof,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
  stateValueHash,
} from '@tallystick/protocol'
import type { LedgerView, StagedRoot, StateWrite } from '../core/ledger-view.js'
import { SparseTree } from '../tree/sparse-tree.js'
import { ReadKeys } from './read-keys.js'
import { changedValue, type StateChanges, stateChanges } from './state-changes.js'
import { ValueArena } from './value-arena.js'

/** Coins whose paths are walked together: what lies on them fits the processor's cache. */
const EXPECTED_TOGETHER = 512

/** What a block does to the state, worked out and not yet done. */
export type StagedState = StagedRoot & {
  readonly changes: StateChanges
  /** Like `LedgerState.prove`, as the state will be. */
  readonly prove: LedgerState['prove']
}

/**
 * The state of a ledger in memory: encoded values under the tree that proves them. A block is
 * staged, which shows its state root, and then committed or discarded; until then readers see the
 * state before it.
 */
export class LedgerState implements LedgerView {
  readonly #tree = new SparseTree()
  readonly #values = new ValueArena()
  readonly #keys = new ReadKeys()

  /** Entries in the state. */
  get size(): number {
    return this.#tree.size
  }

  /** The state root, 32 bytes. */
  get root(): Uint8Array {
    return this.#tree.root
  }

  /** Bytes of memory that tree and values take. */
  get byteLength(): { readonly tree: number; readonly values: number } {
    return { tree: this.#tree.byteLength, values: this.#values.byteLength }
  }

  read<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
  ): StateEntries[Kind]['value'] | undefined {
    // The place in the tree binds the kind, so the value found there is of that kind.
    return this.#valueAt(this.#tree.slotOf(this.#keyOf(kind, key))) as
      | StateEntries[Kind]['value']
      | undefined
  }

  expectCoins(outpoints: readonly Outpoint[]): void {
    for (let from = 0; from < outpoints.length; from += EXPECTED_TOGETHER) {
      const expected = outpoints.slice(from, from + EXPECTED_TOGETHER)
      const keys = new Uint8Array(32 * expected.length)
      for (const [i, outpoint] of expected.entries())
        keys.set(this.#keyOf('coin', outpoint), 32 * i)
      this.#values.fetch(this.#tree.fetch(keys))
    }
  }

  /** The encoded value of an entry, copied. */
  encoded<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
  ): Uint8Array | undefined {
    const slot = this.#tree.slotOf(stateKey(kind, key))
    return slot === 0 ? undefined : this.#values.get(slot).value.slice()
  }

  /** The walk that shows how an entry stands in the state, or that it does not (STATE-4). */
  prove<Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): SparseProof {
    return this.#tree.prove(stateKey(kind, key), this.#valueHashOf)
  }

  readonly #valueHashOf = (slot: number): Uint8Array => {
    const { kind, value } = this.#values.get(slot)
    return stateValueHash(kind, value)
  }

  /** Works out `writes`, of which no two are of one entry. One block at a time. */
  stage(writes: readonly StateWrite[]): StagedState {
    return this.#stage(stateChanges(writes, ({ kind, key }) => this.#keys.get(kind, key)))
  }

  /** Makes room for so many entries at once. */
  reserve(entries: number): void {
    this.#tree.reserve(entries)
    this.#values.reserve(entries + 1)
  }

  /** Puts in entries that were read back from storage, at most as many as one batch takes. */
  restore(entries: StateChanges): void {
    this.#stage(entries).commit()
  }

  #valueAt(slot: number): StateWrite['value'] {
    if (slot === 0) return undefined
    const { kind, value } = this.#values.get(slot)
    return decodeTrusted(STATE_ENTRIES[kind].value as Codec<StateWrite['value']>, value)
  }

  #keyOf<Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): Uint8Array {
    const known = this.#keys.get(kind, key)
    if (known !== undefined) return known
    const hashed = stateKey(kind, key)
    this.#keys.add(kind, key, hashed)
    return hashed
  }

  #stage(changes: StateChanges): StagedState {
    const staged = this.#tree.stage(changes)
    for (const [position, slot] of staged.slots.entries()) {
      const value = changedValue(changes, position)
      if (value !== undefined) this.#values.put(slot, changes.kinds[position] ?? 0, value)
    }
    const free = (slots: Uint32Array) => {
      for (const slot of slots) if (slot !== 0) this.#values.free(slot)
    }
    return {
      root: staged.root,
      changes,
      prove: (kind, key) => staged.prove(stateKey(kind, key), this.#valueHashOf),
      before: (position) => this.#valueAt(staged.replaced[position] ?? 0),
      commit: () => {
        staged.commit()
        this.#keys.clear()
        free(staged.retired)
      },
      discard: () => {
        staged.discard()
        free(staged.slots)
      },
    }
  }
}
