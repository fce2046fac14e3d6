import { randomBytes } from 'node:crypto'
import type { ChainId, ChannelId, LaneState, PublicKey } from '@tallystick/protocol'
import { findHub } from './find-hub.js'
import { LoadClient } from './load-client.js'
import { LoadSession } from './load-session.js'
import { type LoadPlan, type PaymentCount, PaymentLoad } from './payment-load.js'

/*
 * A process of a load: many clients, each with its channel and its connection. It does what the benchmark
 * asks for, one thing at a time, and answers each with a number of its own.
 */

/** Which client has which channel. */
export type LoadClientName = {
  readonly number: number
  readonly channel: ChannelId
  /** Number of the identity whose connection it shares; absent: it has one of its own. */
  readonly sessionNumber?: number
  /** What both of its lanes say already; absent: it was never used. */
  readonly lane?: LaneState
}

/** What a benchmark asks a load process for. */
export type LoadOrder =
  /** Makes more clients; they are not connected yet. */
  | {
      readonly kind: 'make'
      readonly url: string
      readonly chainId: ChainId
      readonly hub: PublicKey
      readonly clients: readonly LoadClientName[]
    }
  /** Connects so many more of them. */
  | { readonly kind: 'connect'; readonly count: number }
  /** Takes up the channels of all that are connected and have not done so. */
  | { readonly kind: 'attach' }
  /** Takes up so many of those channels, one after another. */
  | { readonly kind: 'attachAlone'; readonly count: number }
  /** Who pays and is paid: the first so many. */
  | { readonly kind: 'start'; readonly plan: LoadPlan; readonly payers: number }
  /** What came since the last time. */
  | { readonly kind: 'take' }
  /** Begins no more payments, has all that is under way settled, and checks the books. */
  | { readonly kind: 'finish' }
  /** So many payments that payees do not claim; done when all of them have arrived. */
  | { readonly kind: 'hold'; readonly count: number }
  /** They claim them now. */
  | { readonly kind: 'release' }
  /** Clients that lose their connection come back. */
  | { readonly kind: 'survive' }
  /** Waits for those that are on their way. */
  | { readonly kind: 'return' }
  /** Payments on a hub that has nothing else to do, one after another. */
  | { readonly kind: 'lone'; readonly count: number }
  /** The same: each of `count` clients behind the first `from` pays the first of all, once. */
  | { readonly kind: 'payOnce'; readonly from: number; readonly count: number }

export type LoadAnswer = { readonly number: number } & (
  | { readonly done: PaymentCount | undefined }
  | { readonly failure: string }
)

/** Handshakes under way at a time: the hub takes 128 from one address. */
const HANDSHAKES = 48
const ATTACHING = 256
/** Milliseconds between two looks at whether all is settled, and until that is given up. */
const LOOK_MS = 2
const SETTLE_MS = 120_000
/** Milliseconds without a word before each lone payment. */
const IDLE_MS = 10

/** Of payments that a hub has for itself. */
const ALONE = { perProof: 1, pace: { kind: 'full', inFlight: 1 } } as const

const load = new PaymentLoad(randomBytes(8))
const sessions = new Map<number, LoadSession>()
const made: LoadClient[] = []
const connected: LoadClient[] = []
const attached: LoadClient[] = []

process.on('message', ({ number, order }: { number: number; order: LoadOrder }) => {
  carryOut(order).then(
    (done) => answer({ number, done }),
    (error: Error) => answer({ number, failure: error.message }),
  )
})
process.on('disconnect', () => process.exit())

function answer(message: LoadAnswer): void {
  process.send?.(message)
}

async function carryOut(order: LoadOrder): Promise<PaymentCount | undefined> {
  switch (order.kind) {
    case 'make': {
      for (const client of order.clients) made.push(clientOf(order, client))
      return undefined
    }
    case 'connect': {
      const next = made.slice(connected.length, connected.length + order.count)
      await inTurns(next, HANDSHAKES, (client) => client.connect())
      for (const client of next) connected.push(client)
      return undefined
    }
    case 'attach': {
      const next = connected.slice(attached.length)
      await inTurns(next, ATTACHING, (client) => client.attach())
      for (const client of next) attached.push(client)
      return undefined
    }
    case 'attachAlone':
      return attachAlone(order.count)
    case 'start':
      load.clients = attached.slice(0, order.payers)
      load.start(order.plan)
      return undefined
    case 'take':
      return load.take()
    case 'finish':
      return finish()
    case 'hold':
      return hold(order.count)
    case 'release':
      load.release()
      return undefined
    case 'survive':
      load.onDown = (client) => void comeBack(client)
      return undefined
    case 'return':
      return comeBackAll()
    case 'lone':
      load.clients = attached
      return payAlone(order.count, ALONE)
    case 'payOnce':
      return payOnce(attached.slice(order.from, order.from + order.count))
  }
}

function clientOf(
  { url, chainId, hub }: LoadOrder & { readonly kind: 'make' },
  { sessionNumber: number, ...client }: LoadClientName,
): LoadClient {
  const options = { ...client, url, chainId, hub, events: load }
  if (number === undefined) return new LoadClient(options)
  const session = sessions.get(number) ?? new LoadSession(number, options)
  sessions.set(number, session)
  return new LoadClient({ ...options, session })
}

async function attachAlone(count: number): Promise<PaymentCount> {
  const latencies: number[] = []
  for (const client of connected.slice(attached.length, attached.length + count)) {
    const started = performance.now()
    await client.attach()
    latencies.push(performance.now() - started)
    attached.push(client)
    await pause(IDLE_MS)
  }
  return { latencies: Float64Array.from(latencies), declined: 0, unbegun: 0 }
}

async function payOnce(clients: readonly LoadClient[]): Promise<PaymentCount> {
  const [payee] = attached
  if (payee === undefined) throw new Error('somebody has to be paid')
  const latencies: number[] = []
  for (const payer of clients) {
    load.clients = [payee, payer]
    const merchants = { count: 1, areSettledAtOnce: true }
    const once = await payAlone(1, { ...ALONE, merchants })
    latencies.push(...once.latencies)
  }
  return { latencies: Float64Array.from(latencies), declined: 0, unbegun: 0 }
}

async function hold(count: number): Promise<undefined> {
  load.clients = attached
  const due = load.held + count
  load.hold(count)
  await until(
    () => load.held === due,
    () => `${load.held} payments of ${due} arrived`,
  )
  return undefined
}

async function finish(): Promise<PaymentCount> {
  load.stop()
  await until(
    () => load.pending === 0,
    () => `${load.pending} payments never came back`,
  )
  const rest = load.take()
  await settleAll()
  const faults = attached.flatMap((client) => client.faultOfPeer() ?? [])
  if (faults[0] !== undefined) throw new Error(faults[0])
  const sums = attached.map(({ transferred }) => transferred)
  const paid = sums.reduce((sum, { paid: each }) => sum + each, 0n)
  const received = sums.reduce((sum, { received: each }) => sum + each, 0n)
  load.checkBooks(paid, received)
  return rest
}

/**
 * Tries until the hub is there again, as a wallet does. All of them have one address, of which the hub takes so
 * many handshakes at a time; those of a city have many. They have machines of their own as well: here one of a
 * process looks for the hub, because the tries of all would take a hub that starts half of the machine.
 */
async function comeBack(client: LoadClient): Promise<void> {
  for (;;) {
    hubFound ??= findHub(client.url)
    await hubFound
    const turn = comingBack.shift() ?? Promise.resolve()
    const connected = turn.then(() => isKept(client.connect()))
    comingBack.push(connected)
    // What attaches takes nobody's turn: the hub counts handshakes alone.
    const isBack = (await connected) && (await isKept(client.attach()))
    hubFound = undefined
    if (isBack) return
  }
}

async function comeBackAll(): Promise<undefined> {
  const away = () => attached.filter((client) => !client.isAttached)
  await until(
    () => away().length === 0,
    () => `${away().length} clients never came back`,
  )
  return undefined
}

/** Kept once a hub listens; absent: nobody misses it, or nobody has looked since. */
let hubFound: Promise<void> | undefined

/** The last of those in each of the turns. */
const comingBack: Promise<unknown>[] = Array.from({ length: HANDSHAKES }, () => Promise.resolve())

/** Otherwise the hub is not there yet, and the next try finds it. */
function isKept(tried: Promise<unknown>): Promise<boolean> {
  return tried.then(
    () => true,
    () => false,
  )
}

async function settleAll(): Promise<void> {
  for (const client of attached) client.settle()
  const restless = () => attached.filter((client) => !client.isQuiet)
  await until(
    () => attached.every((client) => client.isQuiet),
    () => `${restless().length} channels never settled, ${restless()[0]?.channel} among them`,
  )
}

async function payAlone(count: number, plan: LoadPlan): Promise<PaymentCount> {
  const latencies: number[] = []
  for (let i = 0; i < count; i++) {
    load.start(plan)
    load.stop()
    if (load.pending === 0) throw new Error('nobody who pays has a connection')
    await until(
      () => load.pending === 0,
      () => 'a lone payment never came back',
    )
    latencies.push(...load.take().latencies)
    await settleAll()
    await pause(IDLE_MS)
  }
  return { latencies: Float64Array.from(latencies), declined: 0, unbegun: 0 }
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  const giveUp = performance.now() + SETTLE_MS
  while (!isSo()) {
    if (performance.now() > giveUp) throw new Error(what())
    await pause(LOOK_MS)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** `work` on every item, so many at a time. */
async function inTurns<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}
