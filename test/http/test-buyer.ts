import { fail } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import {
  type Anchor,
  amount,
  type ChannelId,
  type PublicKey,
  timestamp,
} from '@tallystick/protocol'
import type { Clock } from '#client-sdk/clock.js'
import type { PayingWallet } from '#client-sdk/http/opened-sellers.js'
import { PaidRoute } from '#client-sdk/node/require-payment.js'
import { OutgoingStream } from '#client-sdk/stream/outgoing-stream.js'
import { REDEEM_POLICY } from '#client-sdk/stream/redeem-policy.js'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import type { PaidStreamRecord } from '#client-sdk/stream/stream-records.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { itemId } from '../protocol/test-channel.js'

const NOW = timestamp(1_000_000)
export const PAYEE = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as PublicKey
/** Nothing is due by time. */
const STILL: Clock = { nowMs: () => 0, after: () => () => undefined } as Clock

function streamOf(leg: {
  readonly record: PaidStreamRecord
  readonly chain: TickChain
  readonly isFresh: boolean
}): OutgoingStream {
  return new OutgoingStream({
    ...{ name: leg.record.id, legs: [leg], now: () => NOW },
    rollOver: () => Promise.reject(new Error('it has one chain')),
    reserve: async () => undefined,
    end: async () => undefined,
    until: async () => undefined,
    isOver: () => true,
  })
}

/** A buyer's streams, and their seller's, as they are, with no hub between them; late ones `arrive` when they are told to. */
export function buyer({ isLate = false }: { readonly isLate?: boolean } = {}) {
  const late: (() => void)[] = []
  const opened: OutgoingStream[] = []
  const anchors: Anchor[] = []
  /** What an earlier process has opened. */
  const left: OutgoingStream[] = []
  const records: { readonly record: PaidStreamRecord; readonly chain: TickChain }[] = []
  const desk = new StreamDesk({
    clock: STILL,
    now: () => NOW,
    redeem: async () => undefined,
    policy: REDEEM_POLICY,
  })
  const arrive = () => {
    for (const learn of late.splice(0)) learn()
  }
  const stream: PayingWallet['stream'] = {
    ledgerTime: NOW,
    checkOffer: async () => undefined,
    leftFor: async () => left.splice(0),
    quoteWithin: async ({ unit, ticks }) => ({ ticks, tickCost: unit + 1n }),
    openWithin: async ({ to: payee, unit, ticks, exposure }) => {
      const chain = new TickChain(new Uint8Array(32).fill(opened.length), ticks)
      const { anchor } = chain
      const id = itemId(opened.length + 1)
      const record = {
        ...{ kind: 'paid', id, stream: id, channel: '0c'.repeat(32), payee, ticks, exposure },
        ...{ anchor, unit: amount(unit), fee: amount(1n), budget: ticks, before: 0 },
        ...{ expiry: timestamp(NOW + 3_600), reserved: 0, served: 0, paid: 0 },
        ...{ status: 'open', code: '', time: NOW },
      } as PaidStreamRecord
      records.push({ record, chain })
      const one = streamOf({ record, chain, isFresh: true })
      late.push(() =>
        desk.learn({
          ...{ kind: 'received', id, channel: '' as ChannelId, anchor, ticks, unit: amount(unit) },
          ...{
            expiry: timestamp(NOW + 3_600),
            known: undefined,
            paid: 0,
            status: 'open',
            time: NOW,
          },
        }),
      )
      if (!isLate) arrive()
      opened.push(one)
      anchors.push(anchor)
      return one
    },
  }
  /** The buyer's process ends, and another one knows what was on its disk. */
  const restart = () => {
    const leg = records.at(-1) ?? fail()
    const record = { ...leg.record, reserved: 64 }
    left.push(streamOf({ ...leg, record, isFresh: false }))
  }
  const given = () => opened.reduce((sum, one) => sum + one.unit * BigInt(one.sent), 0n)
  return { wallet: { stream }, payee: PAYEE, opened, anchors, given, desk, restart, arrive }
}

export async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  heads: typeof answer = (_, response) => response.end(),
): Promise<string> {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') heads(request, response)
    else answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type ShopParts = Pick<ReturnType<typeof buyer>, 'desk'>
type Holds = (request: IncomingMessage, response: ServerResponse) => boolean

/** What one route of a shop asks, base units. */
export type RoutePrice = { readonly price: bigint; readonly unit?: bigint }

/** A route that a buyer's streams pay. */
export function routeFor({ desk }: ShopParts, { price, unit = price }: RoutePrice): PaidRoute {
  const offer = async () => ({
    ...{ chain: '00'.repeat(32), asset: 0, hub: '00'.repeat(32) },
    ...{ payee: PAYEE, price, unit },
  })
  const streams = { received: desk, offer, ready: async () => undefined }
  return new PaidRoute(streams, { price, unit }, undefined)
}

/** A shop that a buyer's streams pay, 10 base units a request; `holds` says what it does not answer. */
export function serveFor(
  t: TestContext,
  parts: ShopParts,
  holds: Holds = () => false,
): Promise<string> {
  const route = routeFor(parts, { price: 10n })
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'HEAD' && holds(request, response)) return
    route.handle(request, response, () => {
      if (!holds(request, response)) response.end('served')
    })
  }
  return serve(t, answer, answer)
}

/** A shop with a price for each path, which may change, and one for all others. */
export function servePriced(
  t: TestContext,
  parts: ShopParts,
  priceOf: (path: string) => RoutePrice,
): Promise<string> {
  const routes = new Map<string, PaidRoute>()
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '', 'http://shop')
    const asked = priceOf(pathname)
    const key = `${pathname} ${asked.price} ${asked.unit}`
    const route = routes.get(key) ?? routeFor(parts, asked)
    routes.set(key, route)
    route.handle(request, response, () => response.end('served'))
  }
  return serve(t, answer, answer)
}
