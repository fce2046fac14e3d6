import { type EntryKind, type StateEntries, stateKey, toHex } from '@tallystick/protocol'
import type { LedgerView, StateWrite } from '../core/ledger-view.js'

/** The state at the tip in memory, by place in the state tree. Changes with each block, at once. */
export class LedgerState implements LedgerView {
  readonly #entries = new Map<string, StateEntries[EntryKind]['value']>()

  get size(): number {
    return this.#entries.size
  }

  read<Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
  ): StateEntries[Kind]['value'] | undefined {
    // The state key binds the kind, so the value found under it is of that kind.
    return this.#entries.get(toHex(stateKey(kind, key))) as StateEntries[Kind]['value'] | undefined
  }

  /** Puts an entry that was read back from storage; `key` is its state key. */
  restore(key: Uint8Array, value: StateEntries[EntryKind]['value']): void {
    this.#entries.set(toHex(key), value)
  }

  /** Takes over the writes of a block. */
  absorb(writes: readonly StateWrite[]): void {
    for (const write of writes) {
      const key = toHex(stateKey(write.kind, write.key))
      if (write.value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, write.value)
    }
  }
}
