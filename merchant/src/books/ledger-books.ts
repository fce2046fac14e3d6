import { LedgerError, type VerifiedBlock } from '@tallystick/client-sdk'
import type { OpenedWallet } from '@tallystick/client-sdk/node'
import { outpointKey } from '@tallystick/protocol'
import type { Booking } from '../core/booking.js'
import { MAIN_ACCOUNT } from '../core/caller.js'
import {
  type ChannelPayout,
  type OwnPart,
  type OwnState,
  ownPart,
} from '../core/transaction-bookings.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import { FOLLOWED_BLOCKS_MAX } from '../limits.js'
import { insertBooking } from '../store/booking-store.js'
import type { Statements } from '../store/merchant-database.js'
import { numberIn, textIn } from '../store/object-row.js'
import { channelStakes } from './channel-stakes.js'
import { type BookedPayout, payoutOfTransaction } from './payout-of-transaction.js'

/** The asset of the books: that of the wallet's coins and of its fees. */
export const BOOK_ASSET = 0

/** Every movement of the shop's coins, from the blocks of the ledger, in order and without gaps. */
export class LedgerBooks {
  readonly #parts: MerchantParts
  readonly #opened: Pick<OpenedWallet, 'wallet' | 'ledger' | 'feed'>
  readonly #coins = new Map<string, bigint>()
  readonly #stop = new AbortController()
  #height = 0
  #notedHeight = 0
  #following: Promise<void> = Promise.resolve()

  constructor(parts: MerchantParts, opened: Pick<OpenedWallet, 'wallet' | 'ledger' | 'feed'>) {
    this.#parts = parts
    this.#opened = opened
  }

  /** The newest block whose movements are booked. */
  get height(): number {
    return this.#height
  }

  /** Goes on where it was, or opens the books with what the wallet has now. */
  async begin(): Promise<void> {
    const { database } = this.#parts
    await database.read(async ({ all }) => {
      const [row] = await all('SELECT height FROM followed')
      if (row !== undefined) this.#height = numberIn(row, 'height')
      for (const coin of await all('SELECT outpoint, amount FROM own_coin')) {
        this.#coins.set(textIn(coin, 'outpoint'), BigInt(textIn(coin, 'amount')))
      }
    })
    if (this.#height === 0) await this.#open()
    this.#notedHeight = this.#height
    this.#following = this.#follow().catch((error) => {
      if (!this.#stop.signal.aborted) this.#parts.onProblem('books_not_followed', String(error))
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#following
    await this.#parts.database.write((statements) => this.#noteHeight(statements))
  }

  async #open(): Promise<void> {
    const { database, wallet, now } = this.#parts
    // Before the look at the coins: what the blocks in between tell of them again changes nothing.
    this.#height = Math.max(1, this.#opened.feed.height)
    const coins = await this.#ownCoins()
    const channels = wallet.allChannels()
    const stakes = await channelStakes(channels, { isBooked: () => Promise.resolve(false) })
    await database.write(async (statements) => {
      const time = now()
      const opening = { ...OF_SHOP, link: '', text: '', time }
      await insertBooking(statements, {
        ...{ ...opening, kind: 'opening', reference: 'opening' },
        ledger: sum([...coins.values()]),
        channels: sum(
          stakes.filter(({ held }) => held.party.phase.kind !== 'closed').map(({ stake }) => stake),
        ),
      })
      for (const { party } of channels.filter(({ party }) => party.phase.kind === 'closed')) {
        const cost = { kind: 'channel_cost', reference: party.ledger.id } as const
        await insertBooking(statements, { ...opening, ...cost, ledger: 0n, channels: 0n })
      }
      await this.#replaceCoins(statements, coins)
      await this.#noteHeight(statements)
    })
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const onBlock = (block: VerifiedBlock) => this.#meet(block)
        await this.#opened.ledger.follow({ from: this.#height + 1, onBlock, signal })
      } catch (error) {
        if (!(error instanceof LedgerError && error.code === 'pruned')) throw error
        await this.#bridge()
      }
    }
  }

  async #meet({ header, transactions, ids }: VerifiedBlock): Promise<void> {
    const { wallet, database } = this.#parts
    const own: OwnState = {
      ...{ lock: wallet.payoutLock, asset: BOOK_ASSET, coins: this.#coins },
      channels: wallet
        .allChannels()
        .filter(({ party }) => party.ledger.asset === BOOK_ASSET)
        .map(({ party }) => ({ id: party.ledger.id, number: party.ledger.number })),
    }
    const { height, time } = header
    for (const [position, transaction] of transactions.entries()) {
      const txId = ids[position]
      const part = txId && ownPart(transaction, txId, own)
      if (part === undefined || txId === undefined) continue
      const payouts = await this.#paidOut(part)
      const payout = part.toOthers > 0n ? await payoutOfTransaction(this.#parts, txId) : undefined
      await database.write(async (statements) => {
        for (const booking of bookingsOf(txId, part, { payouts, payout, time })) {
          await insertBooking(statements, booking)
        }
        for (const outpoint of part.spent) await this.#spend(statements, outpoint)
        const created = [...part.created, ...payouts]
        for (const { outpoint, amount } of created) await this.#add(statements, outpoint, amount)
      })
    }
    this.#height = height
    const isDue = height - this.#notedHeight >= FOLLOWED_BLOCKS_MAX
    if (isDue) await database.write((statements) => this.#noteHeight(statements))
  }

  /** The coins that channels have paid; of a dispute's that was spent again already nothing is known. */
  async #paidOut({ payouts }: OwnPart): Promise<readonly Payout[]> {
    const found: Payout[] = []
    for (const payout of payouts) {
      const { channel, outpoint, isEnd } = payout
      const amount =
        payout.amount ??
        (await this.#opened.ledger.coin(outpoint)).value?.amount ??
        (await this.#withdrawnFor(payout)) ??
        0n
      const key = outpointKey(outpoint)
      // Behind the opening of the books, a coin may be told of that was there then.
      if (amount > 0n && !this.#coins.has(key)) {
        found.push({ channel, outpoint: key, amount, isEnd })
      }
    }
    return found
  }

  /** What a withdrawal has brought by the wallet's own record: its coin may have been sent on since. */
  async #withdrawnFor({ channel, withdrawn }: ChannelPayout): Promise<bigint | undefined> {
    if (withdrawn === undefined) return undefined
    for await (const payout of this.#parts.wallet.eachPayout()) {
      if (payout.channel === channel && payout.withdrawn === withdrawn) return payout.taken
    }
    return undefined
  }

  /** The node keeps no blocks back to where the books are: what came in between is one movement. */
  async #bridge(): Promise<void> {
    const { database, onProblem, now } = this.#parts
    this.#height = this.#opened.feed.height
    const coins = await this.#ownCoins()
    const change = sum([...coins.values()]) - sum([...this.#coins.values()])
    const text = `the node keeps no blocks below ${this.#height} that the books lack`
    onProblem('books_gap', text)
    await database.write(async (statements) => {
      if (change !== 0n) {
        const kind = change > 0n ? 'deposit' : 'withdrawal'
        await insertBooking(statements, {
          ...{ ...OF_SHOP, kind, reference: `gap-${this.#height}`, link: '', text },
          ...{ ledger: change, channels: 0n, time: now() },
        })
      }
      await this.#replaceCoins(statements, coins)
      await this.#noteHeight(statements)
    })
  }

  async #ownCoins(): Promise<ReadonlyMap<string, bigint>> {
    const coins = await this.#opened.ledger.coinsOf(this.#parts.wallet.payoutLock)
    return new Map(
      coins
        .filter(({ coin }) => coin.asset === BOOK_ASSET)
        .map(({ outpoint, coin }) => [outpointKey(outpoint), coin.amount]),
    )
  }

  async #replaceCoins(statements: Statements, coins: ReadonlyMap<string, bigint>): Promise<void> {
    for (const outpoint of [...this.#coins.keys()]) await this.#spend(statements, outpoint)
    for (const [outpoint, amount] of coins) await this.#add(statements, outpoint, amount)
  }

  async #add({ run }: Statements, outpoint: string, amount: bigint): Promise<void> {
    this.#coins.set(outpoint, amount)
    await run('INSERT OR IGNORE INTO own_coin (outpoint, amount) VALUES (?,?)', [
      outpoint,
      amount.toString(),
    ])
  }

  async #spend({ run }: Statements, outpoint: string): Promise<void> {
    this.#coins.delete(outpoint)
    await run('DELETE FROM own_coin WHERE outpoint = ?', [outpoint])
  }

  async #noteHeight({ run }: Statements): Promise<void> {
    this.#notedHeight = this.#height
    await run('INSERT OR REPLACE INTO followed (one, height) VALUES (1, ?)', [this.#height])
  }
}

type Payout = {
  readonly channel: string
  readonly outpoint: string
  readonly amount: bigint
  readonly isEnd: boolean
}

const OF_SHOP = { account: MAIN_ACCOUNT } as const

/** The movements of one transaction. */
function bookingsOf(
  txId: string,
  { spent, created, funded, fee, toOthers }: OwnPart,
  {
    payouts,
    payout,
    time,
  }: {
    /** What channels have paid in it. */
    readonly payouts: readonly Payout[]
    /** The payout that it is the end of. */
    readonly payout: BookedPayout | undefined
    readonly time: number
  },
): readonly Booking[] {
  const of = { ...OF_SHOP, reference: txId, link: '', text: '', time }
  const { id: reference, ...by } = payout ?? { ...OF_SHOP, id: txId, text: '' }
  const out = { ...of, ...by, reference }
  const inFrom = spent.length === 0 ? sum(created.map(({ amount }) => amount)) : 0n
  const found: Booking[] = [
    { ...of, kind: 'deposit', ledger: inFrom, channels: 0n },
    { ...out, kind: payout ? 'payout' : 'withdrawal', ledger: -toOthers, channels: 0n },
    { ...out, kind: payout ? 'payout_fee' : 'ledger_fee', ledger: -fee, channels: 0n },
    { ...of, kind: 'channel_funding', ledger: -funded, channels: funded },
    ...payouts.map(({ channel, outpoint, amount, isEnd }): Booking => {
      const link = isEnd ? channel : ''
      const paid = { ledger: amount, channels: -amount }
      return { ...of, kind: 'channel_payout', reference: outpoint, link, ...paid }
    }),
  ]
  return found.filter(({ ledger, channels }) => ledger !== 0n || channels !== 0n)
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
