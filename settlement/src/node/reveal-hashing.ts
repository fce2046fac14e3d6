import {
  type Anchor,
  earlierLink,
  type Rejection,
  type Reveal,
  reject,
  type Transaction,
  toHex,
} from '@tallystick/protocol'
import type { TransactionChecks } from '../core/transaction-checks.js'
import { HASH_STEPS_PER_TURN, HASHING_QUEUE_MAX } from '../limits.js'

/** Too much waits; the same transaction may be taken later. */
export type NodeBusy = Rejection<'node_busy'>

/**
 * Follows the hash chains of reveals a few milliseconds at a time, one transaction after the other,
 * so that long chains keep nobody waiting but those who have long chains too.
 */
export class RevealHashing {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Computes what `checks` will be asked for; the work that it took, milliseconds. */
  async follow({ body }: Transaction, checks: TransactionChecks): Promise<number | NodeBusy> {
    const steps = body.reveals.reduce((sum, { index }) => sum + index, 0)
    // Short chains are followed where they are needed.
    if (steps <= HASH_STEPS_PER_TURN) return 0
    if (this.#waiting === HASHING_QUEUE_MAX) {
      return reject('node_busy', 'too many long hash chains wait to be followed; try again later')
    }
    this.#waiting++
    const followed = this.#last.then(() => followAll(body.reveals, checks))
    this.#last = followed
    return followed.finally(() => this.#waiting--)
  }
}

async function followAll(reveals: readonly Reveal[], checks: TransactionChecks): Promise<number> {
  let workMs = 0
  for (const [position, { link, index }] of reveals.entries()) {
    let hash = link
    for (let left = index; left > 0; left -= HASH_STEPS_PER_TURN) {
      const started = performance.now()
      hash = earlierLink(hash, Math.min(left, HASH_STEPS_PER_TURN))
      workMs += performance.now() - started
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    checks.noteAnchor(position, toHex(hash) as Anchor)
  }
  return workMs
}
