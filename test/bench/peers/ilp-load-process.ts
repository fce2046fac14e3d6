import { randomBytes } from 'node:crypto'
import type { LoadCount } from '../hub-load/payment-load.js'
import { type IlpAccount, IlpClient } from './ilp-client.js'
import { type IlpBalances, IlpLoad } from './ilp-load.js'

/*
 * A process of a load on a connector: many clients, each with its account and its connection. It does what
 * the benchmark asks for, one thing at a time, and answers each in turn.
 */

/** What a benchmark asks for. */
export type IlpOrder =
  | { readonly kind: 'connect'; readonly accounts: readonly IlpAccount[] }
  /** Keeps so many payments under way. */
  | { readonly kind: 'start'; readonly inFlight: number }
  /** What came since the last time. */
  | { readonly kind: 'take' }
  /** Begins no more payments, and waits for those that are under way. */
  | { readonly kind: 'finish' }
  /** Payments on a hub that has nothing else to do, one after another. */
  | { readonly kind: 'lone'; readonly count: number }

/** What came, and what the hub's books have to say by now. */
export type IlpCount = LoadCount & { readonly balances: IlpBalances }

export type IlpAnswer = { readonly done: IlpCount } | { readonly failure: string }

/** Milliseconds between two tries of a hub that is not there yet, and until that is given up. */
const RETRY_MS = 50
const CONNECT_MS_MAX = 20_000
/** Milliseconds between two looks at whether all came back, and until that is given up. */
const LOOK_MS = 2
const SETTLE_MS_MAX = 60_000
/** Milliseconds without a word before each lone payment. */
const IDLE_MS = 10

const load = new IlpLoad(randomBytes(8))

process.on('message', (order: IlpOrder) => {
  carryOut(order).then(
    () => answer({ done: { ...load.take(), balances: load.balances } }),
    (error: Error) => answer({ failure: error.message }),
  )
})
process.on('disconnect', () => process.exit())

function answer(message: IlpAnswer): void {
  process.send?.(message)
}

async function carryOut(order: IlpOrder): Promise<void> {
  switch (order.kind) {
    case 'connect':
      load.clients = await Promise.all(order.accounts.map(connected))
      return
    case 'start':
      return load.start(order.inFlight)
    case 'take':
      return
    case 'finish':
      load.stop()
      return allBack()
    case 'lone':
      for (let i = 0; i < order.count; i++) {
        await pause(IDLE_MS)
        load.start(1)
        load.stop()
        await allBack()
      }
  }
}

/** Tries until the hub is there: it waits for its clients before it says that it is. */
async function connected(account: IlpAccount): Promise<IlpClient> {
  const giveUp = performance.now() + CONNECT_MS_MAX
  for (;;) {
    const client = new IlpClient(account, load)
    try {
      await client.connect()
      return client
    } catch (error) {
      if (performance.now() > giveUp) throw error
      await pause(RETRY_MS)
    }
  }
}

async function allBack(): Promise<void> {
  const giveUp = performance.now() + SETTLE_MS_MAX
  while (load.pending > 0) {
    if (performance.now() > giveUp) throw new Error(`${load.pending} payments never came back`)
    await pause(LOOK_MS)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
