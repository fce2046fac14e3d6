import { randomBytes } from 'node:crypto'
import type { LoadCount } from '../hub-load/payment-load.js'
import { CircleLoad } from './circle-load.js'
import { IlpClient } from './ilp-client.js'
import type { PeerAccount, PeerBalances, PeerClient } from './peer-client.js'
import { VectorClient } from './vector-client.js'

/*
 * A process of a load on somebody else's hub: many clients, each with its account and its connection. It
 * does what the benchmark asks for, one thing at a time, and answers each in turn.
 */

/** What a benchmark asks for. */
export type PeerOrder =
  | { readonly kind: 'connect'; readonly accounts: readonly PeerAccount[] }
  /** Keeps so many payments under way. */
  | { readonly kind: 'start'; readonly inFlight: number }
  /** What came since the last time. */
  | { readonly kind: 'take' }
  /** Begins no more payments, and waits for those that are under way. */
  | { readonly kind: 'finish' }
  /** Payments on a hub that has nothing else to do, one after another. */
  | { readonly kind: 'lone'; readonly count: number }

/** What came, and what the hub's books have to say by now. */
export type PeerCount = LoadCount & { readonly balances: PeerBalances }

export type PeerAnswer = { readonly done: PeerCount } | { readonly failure: string }

/** Milliseconds between two tries of a hub that is not there yet, and until that is given up. */
const RETRY_MS = 50
const CONNECT_MS_MAX = 20_000
/** Milliseconds between two looks at whether all came back, and until that is given up. */
const LOOK_MS = 2
const SETTLE_MS_MAX = 60_000
/** Milliseconds without a word before each lone payment. */
const IDLE_MS = 10

const load = new CircleLoad(randomBytes(8))

process.on('message', (order: PeerOrder) => {
  carryOut(order).then(
    () => answer({ done: { ...load.take(), balances: load.balances } }),
    (error: Error) => answer({ failure: error.message }),
  )
})
process.on('disconnect', () => process.exit())

function answer(message: PeerAnswer): void {
  process.send?.(message)
}

async function carryOut(order: PeerOrder): Promise<void> {
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
async function connected(account: PeerAccount): Promise<PeerClient> {
  const giveUp = performance.now() + CONNECT_MS_MAX
  for (;;) {
    try {
      return await connect(account)
    } catch (error) {
      if (performance.now() > giveUp) throw error
      await pause(RETRY_MS)
    }
  }
}

function connect(account: PeerAccount): Promise<PeerClient> {
  switch (account.kind) {
    case 'ilp':
      return IlpClient.connect(account, load)
    case 'vector':
      return VectorClient.connect(account, load)
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
