import type { PayoutRecord, PayoutStatus as Stage } from '@tallystick/client-sdk'
import type { ChannelId, LockRoot } from '@tallystick/protocol'
import { BOOK_ASSET } from '../books/ledger-books.js'
import type { ApiCaller } from '../core/caller.js'
import type { PaymentStatus } from '../core/object-events.js'
import { reserveSpending, settleSpending } from '../store/key-store.js'
import { dataOf, type StoredObject } from '../store/object-row.js'
import { changeObject, findObject, insertObject, ObjectStore } from '../store/object-store.js'
import { type DoneRequest, rememberRequest } from '../store/request-store.js'
import { type PayoutData, payoutData } from '../store/stored-data.js'
import { channelName } from './channel-desk.js'
import { HandedOver, walletKey } from './handed-over.js'
import { type MerchantParts, newId } from './merchant-parts.js'

/** What a shop wants to have paid out of a channel. */
export type PayoutOrder = {
  /** What is to arrive, base units. */
  readonly amount: bigint
  /** Any lock on the ledger; absent: the shop's own coins. */
  readonly lock: LockRoot | undefined
  /** Absent: the channel that has most. */
  readonly channel: StoredObject | undefined
  readonly description: string
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * What the shop pays out of its channels to locks on the ledger. As with payments, the intention is durable and counted
 * before the wallet hears of it, under a key of the wallet that is made of its name.
 */
export class PayoutDesk {
  readonly #parts: MerchantParts
  readonly #objects: ObjectStore
  readonly #handedOver: HandedOver

  constructor(parts: MerchantParts) {
    this.#parts = parts
    this.#objects = new ObjectStore(parts.database)
    this.#handedOver = new HandedOver(parts, {
      kinds: ['payout'],
      problem: 'payout_not_followed',
      act: (payout) => this.#payOut(payout),
      failed: (payout, code) => this.#settle(payout, { status: 'failed', code }),
    })
  }

  /**
   * Pays out, and answers once it is final, or pending after a while. Errors: `Refusal` for a limit; `WalletError` where it
   * was refused before anything was begun, and nothing is kept of it.
   */
  async create(
    caller: ApiCaller,
    order: PayoutOrder,
    remember: (object: string) => DoneRequest,
  ): Promise<StoredObject> {
    const { database, wallet, now } = this.#parts
    const to = order.lock === undefined ? {} : { lock: order.lock }
    const { value, fee } = wallet.quoteWithdrawal({ value: order.amount, ...to })
    const id = newId(this.#parts, 'po')
    const request = remember(id)
    const data: PayoutData = {
      ...{
        amount: `${value}`,
        asset: BOOK_ASSET,
        fee_max: `${fee}`,
        fee: null,
        lock: order.lock ?? null,
      },
      ...{ channel: order.channel?.id ?? null, description: order.description },
      ...{ transaction: null, metadata: { ...order.metadata }, code: null },
    }
    const spending = { id, key: caller.key, time: now(), amount: value + fee }
    const made = await database.write(async (statements) => {
      await rememberRequest(statements, request)
      await reserveSpending(statements, { ...spending, account: caller.account })
      await insertObject(statements, {
        ...{ id, kind: 'payout', account: caller.account, link: id, status: 'pending' },
        ...{ created: now(), data },
      })
      return findObject(statements, 'id', [id])
    })
    if (made === undefined) throw new Error(`${id} was just written and is not there`)
    await this.#handedOver.begin(made, request)
    return (await this.#objects.get(id)) ?? made
  }

  /** Goes on with what was under way when the process ended. */
  catchUp(): Promise<void> {
    return this.#handedOver.catchUp()
  }

  /** Kept once nothing is under way here; what is not final goes on when the server starts again. */
  idle(): Promise<void> {
    return this.#handedOver.idle()
  }

  /** Pays out once, by the wallet's key. Throws `WalletError` when the wallet has begun nothing, and will not. */
  async #payOut(payout: StoredObject): Promise<void> {
    const { wallet } = this.#parts
    const { amount, lock, channel } = dataOf(payoutData, payout)
    const from = channel === null ? undefined : await this.#objects.get(channel)
    try {
      await this.#settle(
        payout,
        await wallet.withdraw({
          ...{ key: walletKey(payout), value: BigInt(amount) },
          ...(lock !== null && { lock: lock as LockRoot }),
          ...(from !== undefined && { channel: from.link as ChannelId }),
        }),
      )
    } catch (error) {
      const record = await wallet.payoutOf(walletKey(payout))
      if (record === undefined) throw error
      await this.#settle(payout, record)
    }
  }

  /** Takes in how far a payout is, and frees what was promised for it and not spent. */
  async #settle(
    { id }: StoredObject,
    record: PayoutRecord | { readonly status: 'failed'; readonly code: string },
  ): Promise<void> {
    const { database, news, now } = this.#parts
    const status = statusOf(record)
    await database.write(async (statements) => {
      const found = await findObject(statements, 'id', [id])
      if (found === undefined) return
      const before = dataOf(payoutData, found)
      const known = 'sent' in record ? record : undefined
      const fee = known?.isOwn === true ? 0n : known?.sent?.fee
      const data: PayoutData = {
        ...before,
        fee: status === 'paid' && fee !== undefined ? `${fee}` : null,
        channel: known === undefined ? before.channel : channelName(known.channel),
        transaction: known?.sent?.id ?? null,
        code: record.code === '' ? null : record.code,
      }
      const event = { time: now(), newId: (prefix: string) => newId(this.#parts, prefix) }
      const after = await changeObject(statements, found, { status, data }, event)
      if (after.status === found.status) return
      if (status === 'paid') {
        await settleSpending(statements, id, BigInt(before.amount) + BigInt(data.fee ?? '0'))
      }
      if (status === 'failed') await settleSpending(statements, id, 0n)
    })
    news.tell()
  }
}

function statusOf({ status }: { readonly status: Stage }): PaymentStatus {
  switch (status) {
    case 'withdrawing':
    case 'sending':
      return 'pending'
    case 'paid':
    case 'failed':
    case 'unknown':
      return status
  }
}
