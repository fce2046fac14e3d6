import {
  type Amount,
  addSeconds,
  amount,
  type ChannelId,
  decodeTrusted,
  type ItemId,
  isRejection,
  type LockRoot,
  outpointKey,
  timestamp,
  withdrawable,
  withdrawalDigest,
} from '@tallystick/protocol'
import { LedgerError } from '../ledger/ledger-error.js'
import { bestBy } from '../wallet/best-by.js'
import { errorOf } from '../wallet/error-of.js'
import type { HubLink } from '../wallet/hub-link.js'
import type { FieldsOf } from '../wallet/named-arguments.js'
import {
  parseItemId,
  parseKey,
  parseLock,
  parseStatus,
  parseValue,
} from '../wallet/parse-arguments.js'
import { type Page, type PageWish, recordPage } from '../wallet/record-page.js'
import {
  type Caller,
  ignoreFault,
  type WalletCore,
  type WalletNotice,
} from '../wallet/wallet-core.js'
import type { WalletEffect } from '../wallet/wallet-event.js'
import { stateLost } from '../wallet/wallet-exits.js'
import { itemIdOf } from '../wallet/wallet-payments.js'
import type { WalletChannel } from '../wallet/wallet-records.js'
import { WalletError } from '../wallet-error.js'
import { isFinalPayout, type PayoutEvent } from './payout-machine.js'
import {
  PAYOUT_STATUSES,
  type PayoutRecord,
  type PayoutStatus,
  payoutRecordCodec,
} from './payout-record.js'
import { isWithdrawing } from './payout-step.js'

/** What is to leave a channel, and for where. */
export type PayoutWish = {
  /** The same key is the same payout for ever. */
  readonly key: string
  /** What is to arrive, base units, at least 1. */
  readonly value: bigint
  /** Any lock on the ledger; absent: the wallet's own, where it stays. */
  readonly lock?: LockRoot
  /** Absent: the channel that has most. */
  readonly channel?: ChannelId
}

/** What `withdraw` takes. */
export const PAYOUT_FIELDS: FieldsOf<PayoutWish> = {
  key: true,
  value: true,
  lock: true,
  channel: true,
}

/** What a payout takes out of a channel, base units. */
export type PayoutQuote = {
  readonly value: Amount
  /** Set aside for what sending it on costs on the ledger; what that does not take stays a coin of the wallet. */
  readonly fee: Amount
}

/** How long a withdrawal is valid, seconds, and to which multiple its end is rounded up: few differ then. */
const WITHDRAWAL_SECONDS = 600
const WITHDRAWAL_ROUNDING_SECONDS = 300
/** How long the transaction to the lock can be included, seconds; after that another one may be signed. */
const SEND_SECONDS = 600
/** More than sending one coin costs (COST-1), in thousands. */
const SEND_KILO_COST = 2
/** Milliseconds after which what the ledger did not answer is asked again, where no block comes before. */
const AGAIN_MS = 2_000

type Order = PayoutQuote &
  Pick<PayoutRecord, 'id' | 'lock' | 'isOwn'> & {
    readonly channel: ChannelId | undefined
  }

/** Money that leaves channels for locks on the ledger, in steps that a crash between them does not end (PAY-9). */
export class WalletPayouts {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #guards: boolean
  readonly #stop = new AbortController()
  /** Those that are being sent; whether a block came meanwhile. */
  readonly #underway = new Map<ItemId, { isAgain: boolean }>()
  /** Those of which a problem was told. */
  readonly #told = new Set<ItemId>()
  #last: Promise<unknown> = Promise.resolve()

  /** `guards`: whether anything is handed in. */
  constructor(core: WalletCore, link: HubLink, guards: boolean) {
    this.#core = core
    this.#link = link
    this.#guards = guards
    for (const { sent } of core.state.payouts()) {
      if (sent !== undefined) core.coins.reserve(sent.transaction)
    }
  }

  /** Goes on with what was under way. `restored`: the store is an old copy. */
  async load(restored: boolean): Promise<void> {
    if (restored) {
      await this.#core.submitAll(
        [...this.#core.state.payouts()].map(({ id }) => {
          return { kind: 'payout', id, event: { kind: 'restored' } } as const
        }),
      )
    }
    this.goOn()
  }

  /** Something has become durable: what has left its channel is sent on. */
  changed(effect: WalletEffect): void {
    if (effect.kind === 'payoutChanged') this.#drive(effect.payout.id)
  }

  /** Goes on with what is due; after every block. */
  goOn(): void {
    for (const { id } of [...this.#core.state.payouts()]) this.#drive(id)
  }

  stop(): void {
    this.#stop.abort()
  }

  /** What would leave a channel so that `value` arrives. Errors: `amount_invalid`, `lock_invalid`. */
  quote({ value, lock }: Pick<PayoutWish, 'value' | 'lock'>): PayoutQuote & {
    readonly lock: LockRoot
    readonly isOwn: boolean
  } {
    const { coins, feed } = this.#core
    const to = lock === undefined ? coins.lock : parseLock(lock)
    const parsed = parseValue(value, 'value')
    const isOwn = to === coins.lock
    const fee = isOwn ? 0n : BigInt(SEND_KILO_COST * feed.ledger.feePerKiloCost(coins.asset))
    parseValue(parsed + fee, 'value')
    return { value: parsed, fee: amount(fee), lock: to, isOwn }
  }

  async withdraw({ key, channel, ...wish }: PayoutWish, caller: Caller): Promise<PayoutRecord> {
    const order = { id: itemIdOf(parseKey(key)), channel, ...this.quote(wish) }
    if ((await this.get(order.id)) === undefined) await this.#link.connected(caller)
    for (;;) {
      const busy = await this.#inTurn(() => this.#begin(order))
      if (busy === undefined) return this.#outcome(order.id, caller)
      await this.#core.until(() => !this.#isBusy(busy), caller)
    }
  }

  /** The payout that was begun with this key, whatever became of it. */
  async of(key: string): Promise<PayoutRecord | undefined> {
    return this.get(itemIdOf(parseKey(key)))
  }

  async get(id: ItemId): Promise<PayoutRecord | undefined> {
    const active = this.#core.state.payout(parseItemId(id))
    if (active !== undefined) return active
    const stored = await this.#core.store.get('donePayout', id)
    return stored === undefined ? undefined : decodeTrusted(payoutRecordCodec, stored)
  }

  /** A page of all of them, newest first. */
  async list(wish: PageWish<PayoutStatus>): Promise<Page<PayoutRecord>> {
    parseStatus(wish.status, PAYOUT_STATUSES)
    return recordPage(this.#core.store, 'payoutOrder', wish, (name) => this.get(name as ItemId))
  }

  /**
   * Begins the payout of a key unless it was begun before; either way it is durable now. Answers the channel that another
   * payout has to leave first, if there is one.
   */
  async #begin(order: Order): Promise<ChannelId | undefined> {
    const known = await this.get(order.id)
    if (known === undefined) return this.#start(order)
    const isSame =
      known.value === order.value &&
      known.lock === order.lock &&
      (order.channel === undefined || order.channel === known.channel)
    if (isSame) return undefined
    const detail =
      'the key is of another payout: the same key is the same payout for ever; name each by a key of its own'
    throw new WalletError('key_reused', detail)
  }

  async #start({
    id,
    value,
    fee,
    lock,
    isOwn,
    channel: wanted,
  }: Order): Promise<ChannelId | undefined> {
    const { keys, feed } = this.#core
    const taken = amount(value + fee)
    const { party, keyIndex } = this.#channelFor(wanted, taken)
    const { id: channel, client, terms } = party.ledger
    if (this.#isBusy(channel)) return channel
    if (taken < terms.exitReserve) {
      const withFee = fee === 0n ? '' : ` and ${fee} base units for the fee`
      const detail = `a channel pays out ${terms.exitReserve} base units or more at a time: ${value} base units${withFee} are too little`
      throw new WalletError('amount_too_small', detail)
    }
    const { time } = feed
    const rounded = Math.ceil(time / WITHDRAWAL_ROUNDING_SECONDS) * WITHDRAWAL_ROUNDING_SECONDS
    const validUntil = timestamp(rounded + WITHDRAWAL_SECONDS)
    const withdrawn = amount(client.withdrawn + taken)
    const withdrawal = { channel, role: 'client' as const, validUntil, withdrawn }
    const digest = withdrawalDigest(feed.ledger.chainId, withdrawal)
    const signature = keys.channel(keyIndex).sign(digest)
    const payout: PayoutRecord = {
      ...{ id, order: 0, channel, value, lock, isOwn, taken, withdrawn, validUntil },
      ...{ status: 'withdrawing', sent: undefined, code: '', created: time, time },
    }
    const agreed = { withdrawal, signature }
    const refused = await this.#core.submit({ kind: 'withdraw', agreed, payout })
    if (refused !== undefined) throw errorOf(refused)
    return undefined
  }

  #isBusy(channel: ChannelId): boolean {
    const held = this.#core.state.channel(channel)
    return held !== undefined && isWithdrawing(this.#core.state, held)
  }

  /** The channel that was named; else the one that has most, first of those that need not be waited for. */
  #channelFor(wanted: ChannelId | undefined, taken: Amount): WalletChannel {
    const has = ({ party }: WalletChannel) => withdrawable(party, 'client')
    const usable = this.#link.usable()
    const free = usable.filter((one) => has(one) >= taken && !this.#isBusy(one.party.ledger.id))
    const most = bestBy(free, has) ?? bestBy(usable, has)
    const held = wanted === undefined ? most : this.#core.state.channel(wanted)
    if (held === undefined) {
      throw errorOf({
        code: 'channel_unknown',
        detail: `this wallet has no channel ${wanted ?? ''}`,
      })
    }
    const { id } = held.party.ledger
    if (held.books !== 'whole' && held.party.phase.kind !== 'closed') throw stateLost(id)
    if (this.#link.isAttached(id)) return held
    throw new WalletError('channel_not_usable', 'the hub does not serve it; close it alone')
  }

  /** Sends on what has left its channel; what fails for now is done again later. */
  #drive(id: ItemId): void {
    const underway = this.#underway.get(id)
    if (underway !== undefined) {
      underway.isAgain = true
      return
    }
    const isDue = this.#core.state.payout(id)?.status === 'sending'
    if (!isDue || !this.#guards || this.#stop.signal.aborted) return
    const run = { isAgain: false }
    this.#underway.set(id, run)
    this.#send(id)
      .catch((error: unknown) => this.#failed(id, error))
      .finally(() => {
        this.#underway.delete(id)
        if (run.isAgain) this.#drive(id)
      })
  }

  async #send(id: ItemId): Promise<void> {
    const payout = this.#core.state.payout(id)
    if (payout?.status !== 'sending') return
    const sent = payout.sent ?? (await this.#sign(payout))
    const { ledger } = this.#core.feed
    const { signal } = this.#stop
    const status = await ledger.transactionStatus(sent.id, signal)
    switch (status.kind) {
      case 'included':
        return this.#meet(id, { kind: 'included' })
      case 'pending':
        return
      case 'rejected':
      case 'unknown':
        if ((await ledger.refresh(signal)).time > sent.transaction.body.validUntil) {
          return this.#judge(payout, sent)
        }
        await ledger.submit(sent.transaction, signal)
    }
  }

  /** The transaction to the lock, on disk before anybody has it. */
  async #sign({ id, value, lock }: PayoutRecord): Promise<NonNullable<PayoutRecord['sent']>> {
    const { coins, feed } = this.#core
    const outputs = [{ asset: coins.asset, amount: value, lock }]
    const built = await coins.build({ outputs, validUntil: addSeconds(feed.time, SEND_SECONDS) })
    if (isRejection(built)) throw errorOf(built)
    const { transaction, fee } = built
    const sent = { id: built.id, transaction, fee: amount(fee) }
    await this.#meet(id, { kind: 'signed', sent })
    return sent
  }

  /**
   * A transaction whose time is over and that nobody has included: while the ledger proves its coins to be there, it never
   * was, and another one is signed.
   */
  async #judge(
    payout: PayoutRecord,
    { id: txId, transaction }: NonNullable<PayoutRecord['sent']>,
  ): Promise<void> {
    const { coins, feed } = this.#core
    const { signal } = this.#stop
    const there = await feed.ledger.coinsOf(coins.lock, signal)
    const unspent = new Set(there.map(({ outpoint }) => outpointKey(outpoint)))
    if (transaction.body.inputs.every((outpoint) => unspent.has(outpointKey(outpoint)))) {
      coins.release({ transaction })
      await this.#sign(payout)
      return this.#again(payout.id)
    }
    const { kind } = await feed.ledger.transactionStatus(txId, signal)
    await this.#meet(payout.id, { kind: kind === 'included' ? 'included' : 'overtaken' })
  }

  async #meet(id: ItemId, event: PayoutEvent): Promise<void> {
    await this.#core.submit({ kind: 'payout', id, event })
  }

  #failed(id: ItemId, error: unknown): void {
    if (this.#stop.signal.aborted) return
    const isExpected = error instanceof WalletError || error instanceof LedgerError
    const isPassing = error instanceof LedgerError && error.retryable
    if (!isPassing && !this.#told.has(id)) {
      this.#told.add(id)
      const code = isExpected ? error.code : 'payout_not_sent'
      const reason = error instanceof Error ? error.message : String(error)
      this.#core.problem(code, `payout ${id} is not sent on yet: ${reason}`)
    }
    this.#again(id)
  }

  #again(id: ItemId): void {
    this.#core.clock.after(AGAIN_MS, () => this.#drive(id))
  }

  /** One begins after the other: each sees what the one before it has stored. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(ignoreFault)
    return done
  }

  async #outcome(id: ItemId, { signal }: Caller): Promise<PayoutRecord> {
    const ended = this.#core.changes.wait(
      (notice) =>
        notice.kind === 'payout' && notice.payout.id === id && isFinalPayout(notice.payout),
      signal,
    )
    const known = await this.get(id)
    if (known !== undefined && isFinalPayout(known)) {
      // Nobody waits for the notice any more, however it ends.
      ended.catch(ignoreFault)
      return requirePaid(known)
    }
    return requirePaid(((await ended) as Extract<WalletNotice, { kind: 'payout' }>).payout)
  }
}

function requirePaid(payout: PayoutRecord): PayoutRecord {
  if (payout.status === 'paid') return payout
  if (payout.status === 'unknown') {
    const detail = `it is not known whether it was paid (${payout.code}): another copy of the store, or another device, knows more`
    throw new WalletError('payout_unknown', detail)
  }
  // Not retryable: the same key is the same payout, and stays failed for ever.
  const detail = `nothing has come to the lock, the money is still this wallet's: ${payout.code}`
  throw new WalletError('payout_failed', detail)
}
