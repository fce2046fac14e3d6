import { WalletError } from '@tallystick/client-sdk'
import type { z } from 'zod'
import { type ApiCaller, scopeOf, sees } from '../core/caller.js'
import type { ObjectKind } from '../core/object-events.js'
import type { ChannelDesk } from '../desk/channel-desk.js'
import { describedAs } from '../desk/described-as.js'
import type { InvoiceDesk } from '../desk/invoice-desk.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import type { OfferDesk } from '../desk/offer-desk.js'
import type { PaymentDesk } from '../desk/payment-desk.js'
import type { PayoutDesk } from '../desk/payout-desk.js'
import { quotePayment } from '../desk/quote-payment.js'
import { resourceOf } from '../store/object-resource.js'
import type { StoredObject } from '../store/object-row.js'
import { ObjectStore } from '../store/object-store.js'
import { ANSWERED } from './answers.js'
import { pageOf } from './page.js'
import { problem, RequestRefused } from './problem.js'
import { ROUTES } from './routes.js'
import type { RouteServer } from './serve-route.js'

type ListWish = {
  readonly cursor?: string | undefined
  readonly limit: number
  readonly status?: string | undefined
}

/** Invoices, payments, refunds, payouts, offers, streams, channels and the balance. */
export function serveObjects(
  server: RouteServer,
  parts: MerchantParts,
  desks: {
    readonly invoices: InvoiceDesk
    readonly payments: PaymentDesk
    readonly payouts: PayoutDesk
    readonly offers: OfferDesk
    readonly channels: ChannelDesk
  },
): void {
  const { wallet } = parts
  const objects = new ObjectStore(parts.database)
  const find = async (kind: ObjectKind, id: string, caller: ApiCaller): Promise<StoredObject> => {
    const found = await objects.get(id)
    if (found?.kind === kind && sees(caller, found.account)) return found
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no ${kind} ${id}` }))
  }
  // Whoever may pay out may name the channel, which is the shop's whoever asks.
  const channelOf = async (id: string | undefined) => {
    if (id === undefined) return undefined
    const found = await objects.get(id)
    if (found?.kind === 'channel') return found
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no channel ${id}` }))
  }
  const show = async <T>(kind: ObjectKind, id: string, caller: ApiCaller, schema: z.ZodType<T>) =>
    schema.parse(resourceOf(await find(kind, id, caller)))
  const list = async <T>(
    kind: ObjectKind,
    { cursor, limit, status }: ListWish,
    caller: ApiCaller,
    schema: z.ZodType<T>,
  ) => {
    const wish = { kind, account: scopeOf(caller), status, cursor, limit }
    return pageOf(await objects.page(wish), limit, (found) => schema.parse(resourceOf(found)))
  }
  const { invoice, payment, refund, payout, offer, stream, channel } = ANSWERED

  server.post(ROUTES.createInvoice, {
    first: async ({ body }, caller, remember) => {
      const { description_hash: hash, expiry_seconds: expirySeconds } = body
      const { description, hold, metadata } = body
      const amount = body.amount ?? undefined
      const order = { amount, description, descriptionHash: hash, expirySeconds, hold, metadata }
      return invoice.parse(resourceOf(await desks.invoices.create(caller, order, remember)))
    },
    again: (id, caller) => show('invoice', id, caller, invoice),
  })
  server.get(ROUTES.invoices, (asked, caller) => list('invoice', asked, caller, invoice))
  server.get(ROUTES.invoice, ({ id }, caller) => show('invoice', id, caller, invoice))

  for (const [route, kind] of [
    [ROUTES.captureInvoice, 'capture'],
    [ROUTES.cancelInvoice, 'cancel'],
  ] as const) {
    server.post(route, {
      first: async ({ asked: { id } }, caller, remember) => {
        const found = await find('invoice', id, caller)
        return invoice.parse(resourceOf(await desks.invoices.decide(kind, found, remember(id))))
      },
      again: (id, caller) => show('invoice', id, caller, invoice),
    })
  }

  server.get(ROUTES.quote, async ({ invoice: text, amount: named }) => {
    const { amount, fee, asset, payee, ...quote } = await quotePayment(wallet, text, named)
    return {
      object: 'quote' as const,
      ...{ amount: `${amount}`, asset, fee: `${fee}`, total: `${amount + fee}` },
      ...{ parts: quote.parts, payee, description: describedAs(quote.description) },
      expires: quote.expiry,
    }
  })

  server.post(ROUTES.createPayment, {
    first: async ({ body }, caller, remember) => {
      const { invoice, amount, fee_max: feeMax, metadata } = body
      const order = { invoice, amount, feeMax, metadata, sale: undefined }
      return payment.parse(resourceOf(await desks.payments.create(caller, order, remember)))
    },
    again: (id, caller) => show('payment', id, caller, payment),
  })
  server.get(ROUTES.payments, (asked, caller) => list('payment', asked, caller, payment))
  server.get(ROUTES.payment, ({ id }, caller) => show('payment', id, caller, payment))

  server.post(ROUTES.createRefund, {
    first: async ({ body }, caller, remember) => {
      const { invoice, amount, fee_max: feeMax, metadata } = body
      const sale = await find('invoice', body.sale, caller)
      if (sale.status !== 'paid') {
        throw new WalletError('sale_unknown', `${sale.id} is ${sale.status}, and was never paid`)
      }
      const order = { invoice, amount, feeMax, metadata, sale }
      return refund.parse(resourceOf(await desks.payments.create(caller, order, remember)))
    },
    again: (id, caller) => show('refund', id, caller, refund),
  })
  server.get(ROUTES.refunds, (asked, caller) => list('refund', asked, caller, refund))
  server.get(ROUTES.refund, ({ id }, caller) => show('refund', id, caller, refund))

  server.post(ROUTES.createPayout, {
    first: async ({ body }, caller, remember) => {
      const { amount, lock, description, metadata } = body
      const from = await channelOf(body.channel)
      const order = { amount, lock: lock ?? undefined, channel: from, description, metadata }
      return payout.parse(resourceOf(await desks.payouts.create(caller, order, remember)))
    },
    again: (id, caller) => show('payout', id, caller, payout),
  })
  server.get(ROUTES.payouts, (asked, caller) => list('payout', asked, caller, payout))
  server.get(ROUTES.payout, ({ id }, caller) => show('payout', id, caller, payout))

  server.post(ROUTES.createOffer, {
    first: async ({ body }, caller, remember) => {
      const { description, metadata } = body
      const expirySeconds = body.expiry_seconds ?? undefined
      const order = { amount: body.amount ?? undefined, description, expirySeconds, metadata }
      return offer.parse(resourceOf(await desks.offers.create(caller, order, remember)))
    },
    again: (id, caller) => show('offer', id, caller, offer),
  })
  server.get(ROUTES.offers, (asked, caller) => list('offer', asked, caller, offer))
  server.get(ROUTES.offer, ({ id }, caller) => show('offer', id, caller, offer))
  server.post(ROUTES.withdrawOffer, {
    first: async ({ asked: { id } }, caller, remember) => {
      const found = await find('offer', id, caller)
      return offer.parse(resourceOf(await desks.offers.withdraw(found, remember(id))))
    },
    again: (id, caller) => show('offer', id, caller, offer),
  })
  server.get(ROUTES.streams, (asked, caller) => list('stream', asked, caller, stream))
  server.get(ROUTES.stream, ({ id }, caller) => show('stream', id, caller, stream))

  server.get(ROUTES.channels, (asked, caller) => list('channel', asked, caller, channel))
  server.get(ROUTES.channel, ({ id }, caller) => show('channel', id, caller, channel))
  server.post(ROUTES.closeChannel, {
    first: async ({ asked: { id } }, caller, remember) => {
      await desks.channels.close(await find('channel', id, caller), remember(id))
      return show('channel', id, caller, channel)
    },
    again: (id, caller) => show('channel', id, caller, channel),
  })
  server.get(ROUTES.balance, async () => {
    const balance = await wallet.balance()
    return {
      object: 'balance' as const,
      asset: wallet.channels()[0]?.party.ledger.asset ?? 0,
      ...{ on_ledger: `${balance.onLedger}`, in_channels: `${balance.inChannels}` },
      in_lost_channels: `${balance.inLostChannels}`,
      ...{ spendable: `${balance.spendable}`, receivable: `${balance.receivable}` },
      payable: `${balance.payable}`,
    }
  })
}
