import type { Anchor, Reveal, RevealLookup, Timestamp } from '@tallystick/protocol'
import type { LedgerView } from './ledger-view.js'
import type { TransactionRun } from './transaction-run.js'

/**
 * Records that a link of a hash chain is public from this block time on (REV-2); answers false when
 * it, or a later one, was public before.
 */
export function recordReveal(run: TransactionRun, reveal: Reveal, position: number): boolean {
  const anchor = run.checks.anchorOf(position)
  const steps = run.state.read('reveal', { anchor })?.steps ?? 0
  const newest = steps === 0 ? undefined : run.state.read('revealStep', { anchor, step: steps - 1 })
  if (newest !== undefined && newest.index >= reveal.index) return false
  run.state.write(
    'revealStep',
    { anchor, step: steps },
    { index: reveal.index, time: run.time, link: reveal.link },
  )
  run.state.write('reveal', { anchor }, { steps: steps + 1 })
  return true
}

/**
 * When the first link of an anchor's chain became public, if one is (LOCK-3): one read, however many
 * steps there are, because they rise in time.
 */
export function firstReveal(view: LedgerView): (anchor: Anchor) => Timestamp | undefined {
  return (anchor) => view.read('revealStep', { anchor, step: 0 })?.time
}

/**
 * Newest link known at a time, by binary search: steps rise in index and time, and whoever adds
 * many of them makes nobody else's settlement costlier than their logarithm.
 */
export function revealLookup(view: LedgerView): RevealLookup {
  return (anchor: Anchor, notAfter) => {
    let [low, high] = [0, view.read('reveal', { anchor })?.steps ?? 0]
    while (low < high) {
      const middle = (low + high) >>> 1
      const step = view.read('revealStep', { anchor, step: middle })
      if (step !== undefined && step.time <= notAfter) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (view.read('revealStep', { anchor, step: low - 1 })?.index ?? 0)
  }
}
