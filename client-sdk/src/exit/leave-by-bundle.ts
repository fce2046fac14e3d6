import {
  anchorOf,
  type Channel,
  type ChannelEnd,
  isClosing,
  isRejection,
} from '@tallystick/protocol'
import type { BlockFeed } from '../ledger/block-feed.js'
import { finalizeTransaction } from '../ledger/finalize-transaction.js'
import { findChannelEnd } from '../ledger/find-channel-end.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { backOffMs, pause } from '../ledger/pause.js'
import { WalletError } from '../wallet-error.js'
import { type BundledExit, bundledFee, bundledForceClose } from './exit-bundle.js'
import { type ExitPlan, planExit, type WayOut } from './exit-plan.js'
import { revealsOfItems } from './item-reveals.js'

/** Refusals that a higher fee may overcome: rates have risen, or others pay more for the room. */
const OUTBID = new Set([
  'fee_too_low',
  'mempool_full',
  'replacement_fee_too_low',
  'too_many_dependents',
])
/** Refusals that say that the channel is on its way out already. */
const UNDER_WAY = new Set(['channel_closing', 'channel_missing'])
/** Refusals of a finalize that say that its part was paid meanwhile. */
const PAID_ALREADY = new Set(['channel_missing', 'finalize_out_of_order', 'nothing_decided'])
/** Attempts after which the pause between two grows no more: four seconds. */
const ATTEMPT_MAX = 4

/** One channel that is left with what a bundle holds of it, and with any ledger node. */
export class BundleExit {
  readonly bundled: BundledExit
  readonly #feed: BlockFeed

  constructor(feed: BlockFeed, bundled: BundledExit) {
    this.bundled = bundled
    this.#feed = feed
  }

  /** `undefined` once the ledger has settled the channel. Errors: `LedgerError`, `bundle_damaged`. */
  async plan(): Promise<ExitPlan | undefined> {
    const channel = await this.#channel()
    if (channel === undefined) return undefined
    const way = this.#way()
    const { ledger, time: now } = this.#feed
    const { own, peer } = way.operation
    const lanes = isClosing(channel)
      ? [channel.status.closerLane, channel.status.otherLane]
      : [own, ...(peer === undefined ? [] : [peer.lane])]
    const revealedBy = await revealsOfItems(
      ledger,
      lanes.flatMap(({ items }) => items),
    )
    const sight = { chainId: ledger.chainId, now, revealedBy }
    const plan = planExit(channel, 'client', { way, answer: undefined }, sight)
    if (isRejection(plan)) throw new WalletError(plan.code, plan.detail)
    return plan
  }

  /**
   * Hands in the force close until the ledger has it, with the next higher fee each time that it is
   * outbid: kept once the channel is closing or settled.
   */
  async leave(signal: AbortSignal | undefined): Promise<void> {
    const { ledger } = this.#feed
    const { transactions } = this.bundled
    let rung = 0
    for (let attempt = 0; await this.#isOpen(); attempt++) {
      const transaction = transactions[Math.min(rung, transactions.length - 1)]
      if (transaction === undefined) return
      try {
        await ledger.submit(transaction, signal)
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error
        if (UNDER_WAY.has(error.code)) return
        const isLast = rung >= transactions.length - 1
        if (OUTBID.has(error.code) && !isLast) rung++
        else if (!error.retryable) throw error
      }
      await pause(backOffMs(Math.min(attempt, ATTEMPT_MAX), Math.random()), signal)
    }
  }

  /** Hands in what pays the next part; it needs no key and no fee. Somebody else may be faster. */
  async finalize(part: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#feed.ledger.submit(finalizeTransaction(this.bundled.number, part), signal)
    } catch (error) {
      if (!(error instanceof LedgerError && PAID_ALREADY.has(error.code))) throw error
    }
  }

  /** How the channel ended; `undefined`: it has not, or the node keeps its blocks no more. */
  end(): Promise<ChannelEnd | undefined> {
    const { number, channel: id } = this.bundled
    return findChannelEnd(this.#feed.ledger, { number, id })
  }

  async #isOpen(): Promise<boolean> {
    const channel = await this.#channel()
    return channel !== undefined && !isClosing(channel)
  }

  async #channel(): Promise<Channel | undefined> {
    const { number, channel: id } = this.bundled
    const { value } = await this.#feed.ledger.channel(number)
    if (value === undefined || value.id === id) return value
    throw new WalletError('bundle_damaged', `channel ${number} of this ledger is another`)
  }

  #way(): WayOut {
    const [transaction] = this.bundled.transactions
    const operation = transaction && bundledForceClose(transaction)
    if (transaction === undefined || operation === undefined) {
      throw new WalletError('bundle_damaged', 'the exit bundle holds no force close')
    }
    const reveals = transaction.body.reveals.map(({ index, link }) => {
      return { index, link, anchor: anchorOf(link, index) }
    })
    return { operation, reveals, fee: bundledFee(transaction), mayBeOld: true }
  }
}
