import type { Deed } from './action.js'
import { paymentFrom } from './payment-plan.js'
import type { Random } from './random.js'

/** What happens next, and how many virtual milliseconds after what was before. */
export type Step = { readonly afterMs: number; readonly deed: Deed }

/** Payments before the closes, so that there is something to be paid back out of. */
const PAYMENTS_BEFORE = 12
/** Until what was under way has settled and every agreement is signed, milliseconds. */
const AGREED_MS = 40_000
/**
 * An agreement ends 600 to 900 s of ledger time after it was made. Whoever asks for an invoice before
 * waits for a channel that its hub does not open meanwhile, and for nothing else until then.
 */
const QUIET_MS = [300_000, 800_000] as const
const PAYMENTS_AFTER = 60
const PAUSE_MS = [2_000, 12_000] as const

/**
 * Some wallets agree to close, forget it, and are paid from some time before the end of the agreement
 * until after it: whoever signs while it can still be used is paid twice, or not at all.
 */
export function* agreementCycle(random: Random, wallets: readonly string[]): Generator<Step> {
  const closers = wallets.slice(0, Math.max(1, wallets.length >> 1))
  const others = wallets.slice(closers.length)
  const pause = () => random.int(...PAUSE_MS)
  for (;;) {
    for (let count = 0; count < PAYMENTS_BEFORE; count++) {
      yield {
        afterMs: pause(),
        deed: paymentFrom(random, random.pick(closers), random.pick(others)),
      }
    }
    for (const wallet of closers) yield { afterMs: AGREED_MS, deed: { kind: 'close', wallet } }
    for (const process of closers) {
      const crash = { kind: 'crash', process, afterEffects: 0, downMs: 1_000 } as const
      yield { afterMs: AGREED_MS, deed: crash }
    }
    const pays = () => paymentFrom(random, random.pick(others), random.pick(closers))
    yield { afterMs: random.int(...QUIET_MS), deed: pays() }
    for (let count = 1; count < PAYMENTS_AFTER; count++) yield { afterMs: pause(), deed: pays() }
  }
}
