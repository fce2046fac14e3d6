import { type OutgoingStream, type StreamPayment, WalletError } from '@tallystick/client-sdk'
import { isRejection, parseTickFrame } from '@tallystick/protocol'
import { itemIdOf } from '#client-sdk/wallet/wallet-payments.js'
import type { DeedOf } from './action.js'
import type { Incarnation } from './incarnation.js'
import { Random } from './random.js'
import { Violation } from './violation.js'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** Virtual milliseconds until a payer that was not answered asks again, and how often it does. */
const ANSWER_MS = 2_000
const TRIES_MAX = 6

/** A stream that somebody was told to pay. */
export type StreamOrder = {
  readonly key: string
  readonly deed: DeedOf<'stream'>
  /** What its payer decides by, in all its lives. */
  readonly random: Random
  /** How often it still pays. */
  left: number
}

/** Opens a stream and pays by it; its seller has made sure that as much can come. */
export async function openStream(world: World, deed: DeedOf<'stream'>): Promise<void> {
  const { payer, payee, ticks, exposure } = deed
  const unit = BigInt(deed.unit)
  const seller = world.wallet(payee)
  await seller.wallet?.ensureInbound(unit * BigInt(ticks))
  const key = `stream ${world.streamOrders.length}`
  const random = new Random(`${key} ${world.setup.seed}`)
  const order = { key, deed, random, left: deed.rounds }
  world.streamOrders.push(order)
  const actor = world.wallet(payer)
  const { life, wallet } = actor
  const to = seller.keys.identity.publicKey
  const budget = deed.chains * ticks
  const stream = await wallet?.stream.open({ to, unit, ticks, exposure, budget, key })
  if (stream !== undefined) await pay(world, order, stream, life)
}

/** What a payer has begun goes on in the next life of its process. */
export async function resumeStream(world: World, order: StreamOrder): Promise<void> {
  const { life, wallet } = world.wallet(order.deed.payer)
  const stream = wallet?.stream.resume(itemIdOf(order.key))
  if (stream !== undefined) await pay(world, order, stream, life)
}

async function pay(
  world: World,
  order: StreamOrder,
  stream: OutgoingStream,
  life: Incarnation,
): Promise<void> {
  const { random, deed } = order
  const goesOn = () => life.isAlive && !stream.isClosed && !world.isWindingUp
  let [given, served] = [0, 0]
  for (; order.left > 0 && goesOn(); order.left--) {
    await world.schedule.pause(random.int(100, deed.pauseMs))
    if (!goesOn()) return
    if (stream.isInDoubt) await settleDoubt(world, order, stream)
    const payment = await stream.pay(random.int(1, deed.exposure)).catch(unlessDefect)
    if (payment === undefined) continue
    given += payment.ticks
    if (given - served > deed.exposure) {
      throw new Violation('INV-32', `${given} ticks were given away, ${served} served`)
    }
    world.streams.onShown(payment.token)
    show(world, order, payment, () => life.isAlive).then(
      (isServed) => {
        if (!isServed) return
        served += payment.ticks
        payment.served()
      },
      (error) => world.fail('defect', 'ticks could not be shown', error),
    )
  }
  if (!goesOn() || !deed.closes) return
  const token = await stream.close()
  world.streams.onShown(token)
  for (let tries = 0; tries < TRIES_MAX && life.isAlive; tries++) {
    if ((await ask(world, order, token, 0n)) !== LOST) return
  }
}

/** After a crash: the payee says which tick it holds; or all that may have been given away is let go. */
async function settleDoubt(
  world: World,
  order: StreamOrder,
  stream: OutgoingStream,
): Promise<void> {
  if (order.random.chance(300)) return stream.skip()
  const { knownToken } = stream
  world.streams.onShown(knownToken)
  const answer = await reach(world, order, ({ wallet }) => wallet?.stream.positionOf(knownToken))
  if (answer.kind === 'answer') stream.positioned(answer.value)
}

/** Shows ticks until they are served, or there is no hope; answers whether they were. */
async function show(
  world: World,
  order: StreamOrder,
  { token, amount }: StreamPayment,
  isThere: () => boolean,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES_MAX && isThere(); tries++) {
    const code = await ask(world, order, token, amount)
    // Whose answer was lost is told that all of it is used: an answer is kept for who asks again (HTTP402-3).
    if (code === '' || code === 'tick_used') return true
    if (code !== LOST && code !== 'stream_unknown') return false
    if (code !== LOST) await world.schedule.pause(ANSWER_MS)
  }
  return false
}

const LOST = 'lost'

/** Has the payee serve `price` for a frame; answers why not, if it does not. */
async function ask(
  world: World,
  order: StreamOrder,
  token: string,
  price: bigint,
): Promise<string> {
  const frame = parseTickFrame(token)
  if (isRejection(frame)) throw new Error(frame.detail)
  const answer = await reach(world, order, (seller) => {
    const taken = seller.wallet?.stream.take(token, price)
    if (taken === undefined) return undefined
    const { schedule, setup, served } = world
    if (!setup.liars.includes(seller.name)) {
      served.onServed(seller, frame, taken.used, schedule.nowMs)
    }
    return ''
  })
  return answer.kind === 'answer' ? answer.value : answer.code
}

type Answer =
  | { readonly kind: 'answer'; readonly value: string }
  | { readonly kind: 'refused'; readonly code: string }

/** A request of a payer to its payee and the answer, of which either may be lost. */
function reach(
  world: World,
  { deed: { payer, payee } }: StreamOrder,
  serve: (seller: WalletActor) => string | undefined,
): Promise<Answer> {
  const { network, schedule } = world
  return new Promise((done, failed) => {
    schedule.after(ANSWER_MS, () => done({ kind: 'refused', code: LOST }))
    network.post(payer, payee, () => {
      const seller = world.wallet(payee)
      if (!seller.life.isAlive) return
      try {
        const value = serve(seller)
        if (value === undefined) return
        network.post(payee, payer, () => done({ kind: 'answer', value }))
      } catch (error) {
        if (!(error instanceof WalletError)) return failed(error)
        const { code } = error
        network.post(payee, payer, () => done({ kind: 'refused', code }))
      }
    })
  })
}

/** What is refused is tried again, or not; anything else is one of our defects. */
function unlessDefect(error: unknown): undefined {
  if (!(error instanceof WalletError)) throw error
}
