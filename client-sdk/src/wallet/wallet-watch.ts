import { type Anchor, type ChannelId, isDisputed } from '@tallystick/protocol'
import { GuardLoop } from '../guard/guard-loop.js'
import { RevealLookups } from '../guard/reveal-lookup.js'
import type { BlockSummary } from '../ledger/block-summary.js'
import { errorOf } from './error-of.js'
import { leavingMode } from './leaving-mode.js'
import type { WalletCore } from './wallet-core.js'
import { eventsMissed, eventsOfBlock } from './wallet-ledger.js'
import type { WalletChannel } from './wallet-records.js'

/** Follows the ledger for one wallet, and does in time what the ledger asks of it. */
export class WalletWatch {
  readonly #core: WalletCore
  readonly #guard: GuardLoop
  readonly #reveals: RevealLookups
  readonly #guards: boolean
  readonly #onBlock: () => void
  #unsubscribe = () => {}
  /** Whether a block could not be taken in whole, or came before it began. */
  #isBehind = false

  /**
   * `guards`: whether it also does what is due; `onBlock` is called after the wallet has taken in what
   * a block means for it.
   */
  constructor(
    core: WalletCore,
    { guards, onBlock }: { readonly guards: boolean; readonly onBlock: () => void },
  ) {
    this.#guards = guards
    this.#onBlock = onBlock
    this.#core = core
    const { ledger } = core.feed
    this.#reveals = new RevealLookups(ledger, core.clock)
    this.#guard = new GuardLoop({
      ledger,
      clock: core.clock,
      feePerKiloCost: ({ asset }) => ledger.feePerKiloCost(asset),
      coins: core.coins,
      beforeForceClose: async ({ ledger: { id } }) => (await this.leave(id)).party,
      onAct: (act) => core.notify({ kind: 'guard', act }),
    })
  }

  /**
   * Hears every block from now on. What was missed was learnt from proofs when the newest block was that of
   * `height`; of one that came since, all is asked anew at the next. Not before: what a proof said then
   * must not be taken in after a newer block, nor time pass over a link that was not heard of yet.
   */
  begin(height: number): void {
    this.#isBehind = this.#core.feed.height !== height
    this.#unsubscribe = this.#core.feed.subscribe(async (block) => {
      try {
        await this.#meet(block)
      } catch (error) {
        // The ledger is out of reach: what this block said is learnt from proofs at the next one.
        this.#isBehind = true
        const detail = error instanceof Error ? error.message : String(error)
        this.#core.problem('ledger_unreachable', detail)
      }
      this.#onBlock()
    })
  }

  /** Signs nothing on the channel from here on; durable when the promise is kept. */
  async leave(id: ChannelId): Promise<WalletChannel> {
    const refused = await this.#core.submit({ kind: 'leave', channel: id })
    if (refused !== undefined) throw errorOf(refused)
    const channel = this.#core.state.channel(id)
    if (channel !== undefined) return channel
    throw errorOf({ code: 'channel_unknown', detail: `this wallet has no channel ${id}` })
  }

  /** A channel has come back with items: what the ledger says of them is learnt at the next block. */
  catchUp(): void {
    this.#isBehind = true
  }

  stop(): void {
    this.#unsubscribe()
  }

  async #meet(block: BlockSummary): Promise<void> {
    const channels = this.#core.channels()
    const { ledger } = this.#core.feed
    const isBehind = this.#isBehind
    this.#isBehind = false
    const events = isBehind
      ? await eventsMissed(ledger, channels)
      : await eventsOfBlock(ledger, channels, block)
    const news = isBehind ? 'unknown' : new Set(block.reveals.map(({ anchor }) => anchor))
    if (events.length > 0 || this.#waitsForTime()) {
      await this.#core.submitAll([...events, { kind: 'timePassed' }])
    }
    if (this.#guards) await this.#doDuties(block, news)
  }

  /** Whether anything of this wallet may change by ledger time alone. */
  #waitsForTime(): boolean {
    const { state } = this.#core
    const [payment] = state.payments()
    const [invoice] = state.invoices()
    const [payout] = state.payouts()
    return (
      payment !== undefined ||
      invoice !== undefined ||
      payout !== undefined ||
      this.#core
        .channels()
        .some(
          ({ party }) =>
            party.phase.kind === 'agreed' ||
            party.withdrawing !== undefined ||
            party.owed.length > 0 ||
            party.own.items.length > 0,
        )
    )
  }

  async #doDuties(
    { height, time }: BlockSummary,
    news: ReadonlySet<Anchor> | 'unknown',
  ): Promise<void> {
    const guarded = this.#core
      .channels()
      .filter(
        ({ party }) => isDisputed(party) || party.incoming.some(({ known }) => known !== undefined),
      )
      .map((held) => ({
        party: held.party,
        signer: this.#core.keys.channel(held.keyIndex),
        mayLeave: held.books !== 'lost',
        unsure: leavingMode(held, this.#core.sharedWords.isSet) !== 'plain',
      }))
    if (guarded.length === 0) return
    const parties = guarded.map(({ party }) => party)
    const revealedBy = await this.#reveals.of(parties, news)
    // Not waited for: a node that does not answer must not hold up the next block.
    this.#guard.act(guarded, { height, now: time, revealedBy }).catch((error) => {
      this.#core.problem('guard_failed', String(error))
    })
  }
}
