import {
  draftDigest,
  hasDraft,
  isRejection,
  maySign,
  type Rejection,
  seal,
  signEvidence,
  updateMessage,
} from '@tallystick/protocol'
import type { WalletStore } from '../store/wallet-store.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import { WalletOverlay, type WalletState } from './wallet-state.js'
import { stepWallet, type WalletContext } from './wallet-step.js'

/** Events that one commit takes at most. */
const BATCH_EVENTS_MAX = 128

type Work = {
  readonly event: WalletEvent
  readonly done: (refused: Rejection | undefined) => void
  readonly failed: (fault: unknown) => void
}

export type WalletLoopParts = {
  readonly state: WalletState
  readonly store: WalletStore
  readonly context: () => WalletContext
  readonly perform: (effect: WalletEffect) => void
  /** The hub said something that a rule forbids. */
  readonly onRefused: (event: WalletEvent, rejection: Rejection) => void
  /** A commit failed: the wallet must not sign anything any more. */
  readonly onFault: (fault: unknown) => void
}

/** The only loop of a wallet: decide, sign, store, act. */
export class WalletLoop {
  readonly #parts: WalletLoopParts
  readonly #queue: Work[] = []
  #running: Promise<void> | undefined
  #fault: unknown

  constructor(parts: WalletLoopParts) {
    this.#parts = parts
  }

  /** Kept once the event is durable; answers the rejection when it was refused. */
  submit(event: WalletEvent): Promise<Rejection | undefined> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((done, failed) => {
      this.#queue.push({ event, done, failed })
      this.#running ??= this.#run()
    })
  }

  /** Kept once nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // A turn of the event loop lets what arrives together share a commit.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch()
      try {
        await this.#runBatch(batch)
      } catch (fault) {
        this.#fault = fault
        for (const work of [...batch, ...this.#queue.splice(0)]) work.failed(fault)
        this.#parts.onFault(fault)
      }
    }
    this.#running = undefined
  }

  /** What the ledger says never shares a batch with a draft: it may stop a channel from signing. */
  #takeBatch(): readonly Work[] {
    const first = this.#queue.findIndex(({ event }) => isLedgerEvent(event))
    if (first === 0) {
      const others = this.#queue.findIndex(({ event }) => !isLedgerEvent(event))
      return this.#queue.splice(0, others === -1 ? this.#queue.length : others)
    }
    const end = first === -1 ? this.#queue.length : first
    return this.#queue.splice(0, Math.min(end, BATCH_EVENTS_MAX))
  }

  async #runBatch(batch: readonly Work[]): Promise<void> {
    const { state, store, perform, context, onRefused } = this.#parts
    const overlay = new WalletOverlay(state)
    const effects: WalletEffect[] = []
    const refusals = new Map<Work, Rejection>()
    for (const work of batch) {
      const outcome = stepWallet(overlay, work.event, context())
      if (isRejection(outcome)) refusals.set(work, outcome)
      else effects.push(...outcome)
    }
    effects.push(...this.#seal(overlay))
    const writes = overlay.writes()
    if (writes.length > 0) await store.commit(writes)
    overlay.applyTo(state)
    for (const effect of effects) perform(effect)
    for (const work of batch) {
      const refused = refusals.get(work)
      if (refused !== undefined) onRefused(work.event, refused)
      work.done(refused)
    }
  }

  #seal(overlay: WalletOverlay): WalletEffect[] {
    const { chainId, signer } = this.#parts.context()
    return overlay.written().flatMap((held): WalletEffect[] => {
      const { party, keyIndex } = held
      if (!hasDraft(party) || !maySign(party)) return []
      const [evidence] = signEvidence(chainId, signer(keyIndex), [draftDigest(chainId, party)])
      if (evidence === undefined) return []
      const sealed = seal(party, evidence)
      overlay.setChannel({ ...held, party: sealed.party })
      return [{ kind: 'send', message: updateMessage(sealed.update) }]
    })
  }
}

function isLedgerEvent({ kind }: WalletEvent): boolean {
  return (
    kind === 'channelSeen' ||
    kind === 'channelGone' ||
    kind === 'revealSeen' ||
    kind === 'timePassed' ||
    kind === 'leave' ||
    kind === 'stateLost' ||
    kind === 'turnEnded' ||
    kind === 'askedAnew' ||
    kind === 'adopted'
  )
}
