import {
  type ChannelEnd,
  type ChannelId,
  isClosing,
  isRejection,
  type TxId,
} from '@tallystick/protocol'
import { type BundledExit, bundleExit, type ExitBundle } from '../exit/exit-bundle.js'
import { type ExitPlan, planExit } from '../exit/exit-plan.js'
import { itemReveals } from '../exit/item-reveals.js'
import { type LeavingParty, leavingPlan, wayOut } from '../exit/way-out.js'
import { dutiesOf } from '../guard/duties.js'
import { GuardPayments } from '../guard/guard-payments.js'
import { findChannelEnd } from '../ledger/find-channel-end.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { backOffMs, pause } from '../ledger/pause.js'
import { WalletError } from '../wallet-error.js'
import { errorOf } from './error-of.js'
import { type LeavingMode, leavingMode } from './leaving-mode.js'
import { toldAborted } from './told-aborted.js'
import type { Caller, WalletCore } from './wallet-core.js'
import type { WalletChannel } from './wallet-records.js'
import type { WalletWatch } from './wallet-watch.js'

/** How a wallet leaves a channel alone. */
export type ExitOptions = {
  /** Vouches for nothing: where the store may be an old copy, a longer window buys off the penalty. */
  readonly unsure?: boolean
}

/** Refusals of a force close that say that the channel is on its way out already. */
const UNDER_WAY = new Set(['channel_closing', 'channel_missing'])
/** Attempts after which the pause between two grows no more: four seconds. */
const ATTEMPT_MAX = 4

/** How channels of a wallet end without the hub, and what they paid. */
export class WalletExits {
  readonly #core: WalletCore
  readonly #watch: WalletWatch
  readonly #payments: GuardPayments
  readonly #lookedUp = new Set<ChannelId>()

  constructor(core: WalletCore, watch: WalletWatch) {
    this.#core = core
    this.#watch = watch
    const { coins, feed } = core
    this.#payments = new GuardPayments({
      ...{ ledger: feed.ledger, coins },
      feePerKiloCost: ({ asset }) => feed.ledger.feePerKiloCost(asset),
    })
  }

  /** `undefined` once the ledger has settled the channel. */
  async plan(id: ChannelId, { unsure = false }: ExitOptions): Promise<ExitPlan | undefined> {
    const held = this.#held(id)
    const { party } = held
    if (party.phase.kind === 'closed') return undefined
    const { chainId } = this.#core.feed.ledger
    const now = this.#core.feed.time
    const revealedBy = await itemReveals(this.#core.feed.ledger, party)
    const duties = dutiesOf(party, chainId, now, revealedBy)
    const challenge = duties.find(({ kind }) => kind === 'challenge')
    const answer = challenge?.kind === 'challenge' ? challenge.operation : undefined
    const mayBeOld = this.#mode(held) !== 'plain'
    const way = wayOut(this.#leaving(held, unsure || mayBeOld), mayBeOld)
    const plan = planExit(party.ledger, party.role, { way, answer }, { chainId, now, revealedBy })
    if (isRejection(plan)) throw errorOf(plan)
    return plan
  }

  /** Hands in the force close; the answer comes before a block holds it. */
  async forceClose(id: ChannelId, { unsure = false }: ExitOptions): Promise<TxId> {
    const known = this.#held(id)
    if (!unsure && known.party.phase.kind !== 'closed') requirePlain(id, this.#mode(known))
    const held = await this.#watch.leave(id)
    const { signer, operations, reveals } = leavingPlan(this.#leaving(held, unsure))
    const side = { party: held.party, signer }
    const txId = await this.#payments.pay(`leave ${id}`, side, { operations, reveals })
    if (isRejection(txId)) throw errorOf(txId)
    return txId
  }

  /**
   * Leaves the channel alone, unless it is being left already: kept once the ledger shows it closing
   * or settled. What a full pool turned away is handed in again.
   */
  exit(id: ChannelId, options: ExitOptions, caller: Caller): Promise<void> {
    return toldAborted(caller.signal, this.#exit(id, options, caller))
  }

  async #exit(id: ChannelId, options: ExitOptions, caller: Caller): Promise<void> {
    const isLeft = () => {
      const { party } = this.#held(id)
      return party.phase.kind === 'closed' || isClosing(party.ledger)
    }
    for (let attempt = 0; !isLeft(); attempt++) {
      try {
        const txId = await this.forceClose(id, options)
        if (await this.#isIncluded(txId, caller)) break
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error
        if (UNDER_WAY.has(error.code)) break
        if (!error.retryable) throw error
      }
      await pause(backOffMs(Math.min(attempt, ATTEMPT_MAX), Math.random()), caller.signal)
    }
    await this.#core.until(isLeft, caller)
  }

  /**
   * How a channel that is settled ended, and what it paid; learnt from the ledger's blocks once.
   * `undefined`: it is not settled, or the node does not keep those blocks.
   */
  async end(id: ChannelId): Promise<ChannelEnd | undefined> {
    const { party, end } = this.#held(id)
    if (end !== undefined || party.phase.kind !== 'closed') return end
    const found = await findChannelEnd(this.#core.feed.ledger, party.ledger)
    if (found !== undefined) {
      await this.#core.submit({ kind: 'channelEnded', channel: id, end: found })
    }
    return found
  }

  /**
   * Signed ways out of every channel that is not being left yet, for a file: unsure, so that they never
   * cost a penalty however old they become (DSP-9).
   */
  bundle(): ExitBundle {
    const { ledger, height, time } = this.#core.feed
    const exits = this.#core
      .channels()
      .filter(({ party }) => !isClosing(party.ledger))
      .map((held): BundledExit => {
        const exit = bundleExit(this.#leaving(held, true))
        if (isRejection(exit)) throw errorOf(exit)
        return exit
      })
    return { chainId: ledger.chainId, height, time, exits }
  }

  /** Has channels that were settled keep how they ended; each is looked up once while it lives. */
  learnEnds(): void {
    for (const { party, end } of this.#core.state.channels()) {
      const { id } = party.ledger
      if (end !== undefined || party.phase.kind !== 'closed' || this.#lookedUp.has(id)) continue
      this.#lookedUp.add(id)
      this.end(id).catch((error) => {
        if (error instanceof LedgerError && error.retryable) this.#lookedUp.delete(id)
        else this.#core.problem('end_unknown', `channel ${id}: ${String(error)}`)
      })
    }
  }

  /** Whether a block holds it; `false` once the node has it no more. */
  async #isIncluded(txId: TxId, { signal }: Caller): Promise<boolean> {
    const { ledger } = this.#core.feed
    for (let attempt = 0; ; attempt++) {
      const status = await ledger.transactionStatus(txId, signal)
      if (status.kind === 'included') return true
      if (status.kind !== 'pending') return false
      await pause(backOffMs(Math.min(attempt, ATTEMPT_MAX), Math.random()), signal)
    }
  }

  #leaving({ party, keyIndex }: WalletChannel, unsure: boolean): LeavingParty {
    const { ledger, time: now } = this.#core.feed
    return {
      ...{ chainId: ledger.chainId, party, unsure, now },
      signer: this.#core.keys.channel(keyIndex),
      feePerKiloCost: ledger.feePerKiloCost(party.ledger.asset),
    }
  }

  #mode(held: WalletChannel): LeavingMode {
    return leavingMode(held, this.#core.sharedWords.isSet)
  }

  #held(id: ChannelId): WalletChannel {
    const held = this.#core.state.channel(id)
    if (held !== undefined) return held
    throw errorOf({ code: 'channel_unknown', detail: `this wallet has no channel ${id}` })
  }
}

/** Errors: `state_lost`, `words_shared`, where a close must vouch for nothing. */
function requirePlain(id: ChannelId, mode: LeavingMode): void {
  switch (mode) {
    case 'plain':
      return
    case 'unsure':
      throw wordsShared(id)
    case 'lost':
      throw stateLost(id)
  }
}

function wordsShared(id: ChannelId): WalletError {
  const detail =
    `other devices use these words, and may have signed on channel ${id} since: if they have, what` +
    ' this store knows costs a penalty; an unsure close costs none'
  return new WalletError('words_shared', detail)
}

export function stateLost(id: ChannelId): WalletError {
  const detail =
    `what was signed last on channel ${id} is not in this store: an old state costs a penalty;` +
    ' an unsure close costs none'
  return new WalletError('state_lost', detail)
}
