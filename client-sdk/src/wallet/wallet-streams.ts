import {
  addSeconds,
  encodeTickFrame,
  type HubPolicy,
  type ItemId,
  isRejection,
  parseAmount,
  parseTickFrame,
  sha256,
  spendable,
  type Timestamp,
  tickFee,
  toHex,
  utf8,
} from '@tallystick/protocol'
import type { Offer } from '../http/offer.js'
import { type Budget, ticksWithin } from '../http/spending.js'
import { SpendingLedger } from '../http/spending-ledger.js'
import { endedStreamPage, type StreamKind } from '../stream/ended-streams.js'
import { OutgoingStream } from '../stream/outgoing-stream.js'
import { REDEEM_POLICY } from '../stream/redeem-policy.js'
import { type ServedTicks, StreamDesk } from '../stream/stream-desk.js'
import { isDoneStream, type PaidStreamRecord, type StreamRecord } from '../stream/stream-records.js'
import { TickChain } from '../stream/tick-chain.js'
import { WalletError } from '../wallet-error.js'
import { bestBy } from './best-by.js'
import { errorOf } from './error-of.js'
import type { HubLink } from './hub-link.js'
import { namedArguments } from './named-arguments.js'
import { parseKey } from './parse-arguments.js'
import type { Page } from './record-page.js'
import { STREAM_FIELDS, type StreamWish, type WishedStream, wishedStream } from './stream-wish.js'
import type { Caller, WalletCore } from './wallet-core.js'
import type { WalletEffect } from './wallet-event.js'

/** Seconds that one chain of a stream may stay locked, if the hub allows as much. */
const STREAM_SECONDS = 3_600

/** How a stream is opened within a budget for a host. */
export type BudgetedWish = Pick<StreamWish, 'to' | 'unit' | 'ticks'> & {
  readonly exposure: number
  /** Ticks that it has at least. */
  readonly least: number
  readonly budget: Budget
  /** The most that it may cost, base units; absent: whatever the budget leaves. */
  readonly costMax: bigint | undefined
  readonly host: string
  readonly day: number
}

/** What a payee served for a frame, and what was used for it. */
export type ServedFrame = { readonly used: readonly ServedTicks[] }

/** Streams that a wallet pays, and those that pay it. */
export class WalletStreams {
  /** Takes ticks of streams that pay this wallet, in memory, and redeems them in the background. */
  readonly received: StreamDesk
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #open = new Map<ItemId, OutgoingStream>()
  readonly #spending: SpendingLedger

  constructor(core: WalletCore, link: HubLink) {
    this.#core = core
    this.#link = link
    this.#spending = new SpendingLedger(core.store)
    this.received = new StreamDesk({
      clock: core.clock,
      now: () => core.feed.time,
      redeem: async (redemptions) => {
        await core.submit({ kind: 'redeemTicks', redemptions })
      },
      policy: REDEEM_POLICY,
    })
    for (const stream of core.state.streams()) {
      if (stream.kind === 'received') this.received.learn(stream)
    }
  }

  /**
   * Opens a stream; ticks can be given away at once, and the payee takes them when it has heard of it from
   * the hub (`stream_unknown` until then). Errors: `payee_invalid`, `amount_invalid`, `ticks_invalid`,
   * `fee_above_cap`, `insufficient_balance`, `channel_not_usable`.
   */
  async open(asked: StreamWish & Caller): Promise<OutgoingStream> {
    const { wish, caller } = namedArguments<StreamWish>('stream.open', asked, STREAM_FIELDS)
    const { key } = wish
    const name = itemIdOf(key === undefined ? this.#core.randomBytes(32) : utf8(parseKey(key)))
    const held = this.resume(name)
    if (held !== undefined) return held
    const terms = wishedStream(wish, this.#core.keys.identity.publicKey)
    const policy = await this.#link.connected(caller)
    const { record, chain } = this.#nextChain({ ...terms, stream: name, before: 0 }, policy)
    await this.#submit(record)
    return this.#begin(name, [{ record, chain, isFresh: true }])
  }

  /**
   * Opens a stream of at most `ticks` within what a budget leaves for a host, of at least `least`; what it may cost
   * is set aside first, durably, and what it did not cost is free again when it is over. It has one chain. Errors:
   * `budget_spent`, and as of `open`.
   */
  async openWithin(wish: BudgetedWish): Promise<OutgoingStream> {
    const { host, day, budget, costMax } = wish
    const { ticks, tickCost } = await this.quoteWithin(wish)
    const whole = tickCost * BigInt(ticks)
    if (costMax !== undefined && whole > costMax) {
      const detail = `a stream to ${host} has ${ticks} ticks at least, ${whole} base units with the hub's fee; ${costMax} base units are left`
      throw new WalletError('budget_spent', detail)
    }
    const key = toHex(this.#core.randomBytes(16))
    const stream = itemIdOf(utf8(key))
    await this.#spending.charge(budget, { host, day, stream, amount: whole })
    const { to, unit, exposure } = wish
    try {
      return await this.open({ to, unit, ticks, exposure, budget: ticks, key })
    } catch (error) {
      // Nothing was promised where it was refused before it was signed.
      await this.#spending.settle(stream, 0n)
      throw error
    }
  }

  /**
   * The stream that `openWithin` would open: its ticks, and what each costs with the hub's fee, base units. It is of
   * `least` ticks where there is no room for more.
   */
  async quoteWithin({
    unit,
    costMax,
    ...wish
  }: BudgetedWish): Promise<{ readonly ticks: number; readonly tickCost: bigint }> {
    const policy = await this.#link.connected({})
    const tickCost = (ticks: number) => unit + tickFee(policy, unit, ticks)
    const ofDay = await this.#spending.left(wish.budget, wish.host, wish.day)
    const left = costMax === undefined || (ofDay !== undefined && ofDay < costMax) ? ofDay : costMax
    const ticks = ticksWithin(wish, (count) => tickCost(count) * BigInt(count), left)
    return { ticks, tickCost: tickCost(ticks) }
  }

  /** Streams within a budget for a host that an earlier process has opened, and that nobody has taken up since. */
  async leftFor(host: string): Promise<readonly OutgoingStream[]> {
    const names = await this.#spending.streamsFor(host)
    return names.flatMap((name) => (this.#open.has(name) ? [] : (this.resume(name) ?? [])))
  }

  /** Whether this wallet can pay by an offer. Errors: `offer_unusable`. */
  async checkOffer({ chain, hub, asset }: Offer): Promise<void> {
    const policy = await this.#link.connected({})
    const isOurs =
      chain === this.#core.feed.ledger.chainId && hub === this.#link.hub && asset === policy.asset
    if (isOurs) return
    const detail = `the offer is for asset ${asset} over hub ${hub} on chain ${chain}`
    throw new WalletError('offer_unusable', detail)
  }

  /** The stream of this name that is not over, also one that an earlier process has opened. */
  resume(name: ItemId): OutgoingStream | undefined {
    const held = this.#open.get(name)
    if (held !== undefined && !held.isClosed) return held
    const legs = [...this.#core.state.streams()].flatMap((stream) =>
      stream.kind === 'paid' && stream.stream === name && stream.status === 'open' ? [stream] : [],
    )
    if (legs.length === 0) return undefined
    return this.#begin(
      name,
      legs
        .sort((a, b) => a.before - b.before)
        .map((record) => ({ record, chain: this.#chainOf(record), isFresh: false })),
    )
  }

  /** Chains that are not over yet, of both directions. */
  list(): readonly StreamRecord[] {
    return [...this.#core.state.streams()]
  }

  /** A page of chains that are over, newest first; the newest 1,024 of each kind are kept. Errors: `page_invalid`. */
  ended<Kind extends StreamKind>(
    kind: Kind,
    wish: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<Page<Extract<StreamRecord, { kind: Kind }>>> {
    // Under the name of a kind there are streams of that kind alone.
    return endedStreamPage(this.#core.store, kind, wish) as Promise<
      Page<Extract<StreamRecord, { kind: Kind }>>
    >
  }

  /**
   * Takes a frame of ticks, as bytes or text, and serves `price` base units for it: one hash for a tick, no
   * disk and nobody asked. Errors: why it is not taken (STREAM-2), `tick_used` where it does not pay `price`.
   */
  take(shown: string | Uint8Array, price: bigint): ServedFrame {
    const frame = parseTickFrame(shown)
    if (isRejection(frame)) throw errorOf(frame)
    const refused = this.received.take(frame)
    if (refused !== undefined) throw errorOf(refused)
    const used = this.received.serve(frame, price)
    if (isRejection(used)) throw errorOf(used)
    return { used }
  }

  /**
   * For a payer that has crashed: which ticks of its streams are held here, as a frame. It has to show a link
   * of each. Errors: as of `take`.
   */
  positionOf(shown: string | Uint8Array): string {
    const frame = parseTickFrame(shown)
    if (isRejection(frame)) throw errorOf(frame)
    const refused = this.received.take({ ...frame, closes: false })
    if (refused !== undefined) throw errorOf(refused)
    return encodeTickFrame(this.received.newest(frame))
  }

  /** Ledger time of the newest block that the wallet has seen. */
  get ledgerTime(): Timestamp {
    return this.#core.feed.time
  }

  /** 32 bytes by which this wallet, and nobody else, knows again what it has issued (HTTP402-6). */
  accessProof(issued: string): Uint8Array {
    return this.#core.keys.secret(`access ${issued}`, 0)
  }

  /** What a payer has to know to pay `price` base units here, in ticks of `unit` (HTTP402-1). */
  async offer(price: bigint, unit: bigint, caller: Caller = {}): Promise<Offer> {
    const { asset } = await this.#link.connected(caller)
    const { feed, keys } = this.#core
    const payee = keys.identity.publicKey
    return { chain: feed.ledger.chainId, asset, hub: this.#link.hub, payee, price, unit }
  }

  /** What became durable: told before anybody who waits for it. */
  changed(effect: WalletEffect): void {
    if (effect.kind === 'streamRefused') this.received.refused(effect.anchor, effect.code)
    if (effect.kind !== 'streamChanged') return
    if (effect.stream.kind === 'received') this.received.learn(effect.stream)
    else this.#paidChanged(effect.stream)
  }

  /** A channel is ending: what is known has to be on disk, because the ledger asks for it soon. */
  channelsEnd(): void {
    const isEnding = this.#core.channels().some(({ party }) => party.phase.kind !== 'open')
    // A store that fails is told by itself.
    if (isEnding) this.received.flush().catch(() => undefined)
  }

  /** Stores what was taken, and stops. */
  async stop(): Promise<void> {
    this.received.stop()
    // A store that fails is told by itself.
    await this.received.flush().catch(() => undefined)
  }

  #paidChanged(record: PaidStreamRecord): void {
    this.#open.get(record.stream)?.changed(record)
    if (!isDoneStream(record)) return
    const cost = (record.unit + record.fee) * BigInt(record.paid)
    // A store that fails is told by itself; until it is written, more counts as spent.
    if (record.status === 'closed')
      this.#spending.settle(record.stream, cost).catch(() => undefined)
  }

  #begin(
    name: ItemId,
    legs: readonly {
      readonly record: PaidStreamRecord
      readonly chain: TickChain
      readonly isFresh: boolean
    }[],
  ): OutgoingStream {
    const stream = new OutgoingStream({
      name,
      legs,
      now: () => this.#core.feed.time,
      rollOver: (last) => this.#rollOver(last),
      reserve: async (given) => {
        const refused = await this.#core.submit({ kind: 'reserveTicks', ...given })
        if (refused !== undefined) throw errorOf(refused)
      },
      end: async (given) => {
        await this.#core.submit({ kind: 'endStream', ...given })
      },
      until: (holds, caller) => this.#core.until(holds, caller),
      isOver: (id) => this.#core.state.stream(id) === undefined,
    })
    this.#open.set(name, stream)
    return stream
  }

  /** STREAM-6: the next chain of a stream, in an ordinary update. */
  async #rollOver(
    last: PaidStreamRecord,
  ): Promise<{ readonly record: PaidStreamRecord; readonly chain: TickChain }> {
    const policy = await this.#link.connected({})
    const before = last.before + last.ticks
    const next = this.#nextChain({ ...last, before, feeMax: last.fee * BigInt(last.ticks) }, policy)
    await this.#submit(next.record)
    return next
  }

  async #submit(stream: PaidStreamRecord): Promise<void> {
    const refused = await this.#core.submit({ kind: 'openStream', stream })
    if (refused !== undefined) throw errorOf(refused)
  }

  #chainOf({ id, ticks }: Pick<PaidStreamRecord, 'id' | 'ticks'>): TickChain {
    return new TickChain(this.#core.keys.secret(`stream ${id}`, 0), ticks)
  }

  #nextChain(terms: ChainTerms, policy: HubPolicy) {
    const { unit, ticks, payee, stream, before, exposure, budget, feeMax } = terms
    const fee = parseAmount(tickFee(policy, unit, ticks))
    const whole = (unit + (fee ?? 0n)) * BigInt(ticks)
    if (fee === undefined || parseAmount(whole) === undefined) {
      throw new WalletError('amount_invalid', 'all ticks together are above 2^63-1 base units')
    }
    if (feeMax !== undefined && fee * BigInt(ticks) > feeMax) {
      const detail = `the hub asks for a fee of ${fee * BigInt(ticks)} base units, allowed were ${feeMax} base units`
      throw new WalletError('fee_above_cap', detail)
    }
    const channel = bestBy(this.#link.usable(), ({ party }) => spendable(party))
    if (channel === undefined && this.#core.channels().length > 0) {
      const detail = 'none of the channels can be used now; try again'
      throw new WalletError('channel_not_usable', detail, { retryable: true })
    }
    if (channel === undefined || spendable(channel.party) < whole) {
      const detail = `${whole} base units are locked for ${ticks} ticks, no channel has as many`
      throw new WalletError('insufficient_balance', detail)
    }
    const id = toHex(this.#core.randomBytes(16)) as ItemId
    const chain = this.#chainOf({ id, ticks })
    const { time } = this.#core.feed
    const seconds = Math.min(STREAM_SECONDS, policy.terms.expirySecondsMax)
    const record: PaidStreamRecord = {
      ...{ kind: 'paid', id, stream, channel: channel.party.ledger.id, payee },
      ...{ anchor: chain.anchor, unit, fee, ticks, expiry: addSeconds(time, seconds) },
      ...{ before, exposure, budget, reserved: 0, served: 0, paid: 0 },
      ...{ status: 'open', code: '', time },
    }
    return { record, chain }
  }
}

type ChainTerms = WishedStream & {
  readonly stream: ItemId
  readonly before: number
}

function itemIdOf(key: Uint8Array): ItemId {
  return toHex(sha256(key).subarray(0, 16)) as ItemId
}
