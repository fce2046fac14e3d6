import { timingSafeEqual } from 'node:crypto'
import { StoreFault } from '@tallystick/client-sdk'
import {
  type Anchor,
  isRejection,
  parseHex,
  parseTimestamp,
  type Rejection,
  reject,
  type Timestamp,
} from '@tallystick/protocol'
import express, { type ErrorRequestHandler, type Request, type Router } from 'express'
import { type Payment, sumOf } from '../core/payment.js'
import type { Journal, PaymentCursor } from '../store/journal.js'
import { sendProblem } from './problem.js'

/** Payments of one page, at most and if nothing is said. */
const PAGE_MAX = 1_000
const PAGE_DEFAULT = 100

export type PaymentRoutesParts = {
  readonly finished: Journal['finished']
  /** 32 bytes that whoever may read the books shows, as hex. */
  readonly token: Uint8Array
  /** Ledger time. */
  readonly now: () => Timestamp
  /** Told what of the journal was found damaged (JRN-3): the process must end. */
  readonly onFault: (fault: unknown) => void
}

/**
 * `GET /v1/payments?limit=&after=`: payments that have ended, by the ledger time of that, page by page, for
 * the operator alone (`Authorization: Bearer`). Those of the newest second come with the next block.
 */
export function paymentRoutes({ finished, token, now, onFault }: PaymentRoutesParts): Router {
  const router = express.Router()
  router.get('/v1/payments', async (request, response) => {
    if (!isShown(token, request.headers.authorization)) {
      const detail = 'the books are for who has the token of the operator'
      response.set('www-authenticate', 'Bearer')
      return sendProblem(response, { code: 'not_authorized', detail })
    }
    const asked = pageAsked(request)
    if (isRejection(asked)) return sendProblem(response, asked)
    const { after, limit } = asked
    // One more than is shown tells whether there is a next page.
    const found = await finished(after, now(), limit + 1)
    const shown = found.slice(0, limit)
    response.set('cache-control', 'no-store').json({
      payments: shown.map(paymentJson),
      next: cursorText(shown.at(-1) ?? after),
      more: found.length > limit,
    })
  })
  router.all('/v1/payments', (_, response) => {
    response.set('allow', 'GET, HEAD')
    sendProblem(response, { code: 'method_not_allowed', detail: 'payments are only read' })
  })
  // Nothing is read for who has not the token: what there is to say is for the operator.
  const answerDamage: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (!(error instanceof StoreFault && error.code === 'store_corrupt')) return next(error)
    sendProblem(response, { code: 'journal_damaged', detail: error.message })
    onFault(error)
  }
  router.use(answerDamage)
  return router
}

function isShown(token: Uint8Array, authorization: string | undefined): boolean {
  const shown = parseHex(/^Bearer ([0-9a-f]{64})$/.exec(authorization ?? '')?.[1] ?? '')
  return shown?.length === token.length && timingSafeEqual(shown, token)
}

function pageAsked({
  query,
}: Request):
  | { readonly after: PaymentCursor | undefined; readonly limit: number }
  | Rejection<'bad_request'> {
  const { limit = String(PAGE_DEFAULT), after, ...others } = query
  if (Object.keys(others).length > 0) {
    return reject('bad_request', 'the parameters here are limit and after')
  }
  const count = typeof limit === 'string' && /^[1-9][0-9]{0,3}$/.test(limit) ? Number(limit) : 0
  if (count < 1 || count > PAGE_MAX) return reject('bad_request', `limit is 1 to ${PAGE_MAX}`)
  if (after === undefined) return { after: undefined, limit: count }
  const cursor = typeof after === 'string' ? parseCursor(after) : undefined
  if (cursor === undefined) return reject('bad_request', 'after is the next of another answer')
  return { after: cursor, limit: count }
}

function cursorText(cursor: PaymentCursor | undefined): string | null {
  return cursor === undefined ? null : `${cursor.time}-${cursor.anchor}`
}

/** What `cursorText` says. */
function parseCursor(text: string): PaymentCursor | undefined {
  const [, digits, hex] = /^(0|[1-9][0-9]{0,12})-([0-9a-f]{64})$/.exec(text) ?? []
  const time = parseTimestamp(Number(digits))
  if (time === undefined || hex === undefined) return undefined
  return { time, anchor: hex as Anchor }
}

function paymentJson(payment: Payment) {
  const { anchor, status, time, parts } = payment
  const { amount, fee } = sumOf(payment)
  return {
    ...{ anchor, status, time, amount: String(amount), fee: String(fee) },
    parts: parts.map((part) => ({
      ...{ from_channel: part.fromChannel, to_channel: part.toChannel },
      ...{ amount: String(part.amount), fee: String(part.fee) },
      ...{ ticks: part.ticks, paid_ticks: part.paid },
    })),
  }
}
