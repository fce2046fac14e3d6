import type { z } from 'zod'
import type { Permission } from '../core/permission.js'
import { ANSWERED } from './answers.js'
import { ASKED, BODIES } from './parameters.js'

/** An address of the API, as it is served and as the OpenAPI document describes it. */
export type Route = {
  readonly method: 'get' | 'post'
  /** As express reads it: `:name` is a parameter. */
  readonly path: string
  readonly summary: string
  /** What the caller's key must be allowed; absent: anybody may ask. */
  readonly permission?: Permission
  /** Only keys of the shop's own account: it tells of money that no account has alone. */
  readonly isOfShop?: boolean
  /** Of path and query together; the names in `path` are the path's. */
  readonly asked: z.ZodObject
  readonly body?: z.ZodObject
  readonly answered: z.ZodType
  /** Of an answer that is no refusal; absent: 200. */
  readonly status?: number
}

type Extra = Pick<Route, 'permission' | 'isOfShop'>

const get = <Asked extends z.ZodObject, Answered extends z.ZodType>(
  path: string,
  summary: string,
  asked: Asked,
  answered: Answered,
  extra: Extra = {},
) => ({ method: 'get', path, summary, asked, answered, ...extra }) as const

const post = <Asked extends z.ZodObject, Body extends z.ZodObject, Answered extends z.ZodType>(
  path: string,
  summary: string,
  permission: Permission,
  {
    asked,
    body,
    answered,
    status = 201,
  }: {
    readonly asked: Asked
    readonly body: Body
    readonly answered: Answered
    readonly status?: number
  },
  extra: Extra = {},
) =>
  ({ method: 'post', path, summary, permission, asked, body, answered, status, ...extra }) as const

const READ = { permission: 'read' } as const
const SHOP = { permission: 'read', isOfShop: true } as const
const ADMIN = { permission: 'admin' } as const
const { none } = ASKED

/** Every address of the API. */
export const ROUTES = {
  livez: get('/livez', 'The process runs', none, ANSWERED.alive),
  readyz: get('/readyz', 'The hub answers', none, ANSWERED.alive),
  openapi: get('/openapi.json', 'This document', none, ANSWERED.openapi),
  createInvoice: post('/v1/invoices', 'Ask for a payment', 'invoice', {
    ...{ asked: none, body: BODIES.invoice, answered: ANSWERED.invoice },
  }),
  invoices: get('/v1/invoices', 'Invoices, newest first', ASKED.invoices, ANSWERED.invoices, READ),
  invoice: get('/v1/invoices/:id', 'An invoice', ASKED.invoice, ANSWERED.invoice, READ),
  captureInvoice: post('/v1/invoices/:id/capture', 'Take what is held for it', 'invoice', {
    ...{ asked: ASKED.invoice, body: BODIES.none, answered: ANSWERED.invoice, status: 200 },
  }),
  cancelInvoice: post(
    '/v1/invoices/:id/cancel',
    'Have it be paid no more, and give back what is held for it',
    'invoice',
    { asked: ASKED.invoice, body: BODIES.none, answered: ANSWERED.invoice, status: 200 },
  ),
  quote: get('/v1/quote', 'What paying an invoice would cost', ASKED.quote, ANSWERED.quote, READ),
  createPayment: post('/v1/payments', 'Pay an invoice', 'pay', {
    ...{ asked: none, body: BODIES.payment, answered: ANSWERED.payment },
  }),
  payments: get('/v1/payments', 'Payments, newest first', ASKED.payments, ANSWERED.payments, READ),
  payment: get('/v1/payments/:id', 'A payment', ASKED.payment, ANSWERED.payment, READ),
  createRefund: post('/v1/refunds', 'Pay a sale back, in whole or in part', 'refund', {
    ...{ asked: none, body: BODIES.refund, answered: ANSWERED.refund },
  }),
  refunds: get('/v1/refunds', 'Refunds, newest first', ASKED.refunds, ANSWERED.refunds, READ),
  refund: get('/v1/refunds/:id', 'A refund', ASKED.refund, ANSWERED.refund, READ),
  createPayout: post('/v1/payouts', 'Pay out of a channel to a lock on the ledger', 'pay', {
    ...{ asked: none, body: BODIES.payout, answered: ANSWERED.payout },
  }),
  payouts: get('/v1/payouts', 'Payouts, newest first', ASKED.payouts, ANSWERED.payouts, READ),
  payout: get('/v1/payouts/:id', 'A payout', ASKED.payout, ANSWERED.payout, READ),
  createOffer: post('/v1/offers', 'Make an offer, which can be paid again and again', 'invoice', {
    ...{ asked: none, body: BODIES.offer, answered: ANSWERED.offer },
  }),
  offers: get('/v1/offers', 'Offers, newest first', ASKED.offers, ANSWERED.offers, READ),
  offer: get('/v1/offers/:id', 'An offer', ASKED.offer, ANSWERED.offer, READ),
  withdrawOffer: post(
    '/v1/offers/:id/withdraw',
    'Have nobody be given an invoice for it any more',
    'invoice',
    { asked: ASKED.offer, body: BODIES.none, answered: ANSWERED.offer, status: 200 },
  ),
  streams: get(
    '/v1/streams',
    'Streams that pay the shop, and what they have earned, newest first',
    ...([ASKED.streams, ANSWERED.streams, READ] as const),
  ),
  stream: get('/v1/streams/:id', 'A stream', ASKED.stream, ANSWERED.stream, READ),
  balance: get('/v1/balance', "Where the shop's money is", none, ANSWERED.balance, SHOP),
  channels: get('/v1/channels', 'Channels', ASKED.channels, ANSWERED.channels, SHOP),
  channel: get('/v1/channels/:id', 'A channel', ASKED.channel, ANSWERED.channel, SHOP),
  closeChannel: post(
    '/v1/channels/:id/close',
    'Close it together with the hub; its events tell the rest',
    'pay',
    { asked: ASKED.channel, body: BODIES.none, answered: ANSWERED.channel, status: 202 },
    { isOfShop: true },
  ),
  events: get(
    '/v1/events',
    'Events behind a cursor, oldest first; waits for news where it is asked to',
    ...([ASKED.events, ANSWERED.events, READ] as const),
  ),
  event: get('/v1/events/:id', 'An event', ASKED.event, ANSWERED.event, READ),
  books: get('/v1/books', 'Whether the books reconcile', none, ANSWERED.books, SHOP),
  bookings: get(
    '/v1/bookings',
    'Every movement of money, in the order of the books',
    ...([ASKED.bookings, ANSWERED.bookings, SHOP] as const),
  ),
  createAccount: post(
    '/v1/accounts',
    'Open an account',
    'admin',
    { asked: none, body: BODIES.account, answered: ANSWERED.account },
    { isOfShop: true },
  ),
  accounts: get('/v1/accounts', 'Accounts, oldest first', ASKED.accounts, ANSWERED.accounts, {
    ...{ permission: 'admin', isOfShop: true },
  }),
  account: get('/v1/accounts/:id', 'An account', ASKED.account, ANSWERED.account, ADMIN),
  setLimits: post(
    '/v1/accounts/:id/limits',
    'Set what an account may spend',
    'admin',
    { asked: ASKED.account, body: BODIES.limits, answered: ANSWERED.account, status: 200 },
    { isOfShop: true },
  ),
  createKey: post('/v1/keys', 'Make a key; its token is shown this once', 'admin', {
    ...{ asked: none, body: BODIES.key, answered: ANSWERED.newKey },
  }),
  keys: get('/v1/keys', 'Keys, oldest first', ASKED.keys, ANSWERED.keys, ADMIN),
  key: get('/v1/keys/:id', 'A key', ASKED.key, ANSWERED.key, ADMIN),
  revokeKey: post('/v1/keys/:id/revoke', 'End a key', 'admin', {
    ...{ asked: ASKED.key, body: BODIES.none, answered: ANSWERED.key, status: 200 },
  }),
  createEndpoint: post('/v1/webhook-endpoints', 'Have events sent to an address', 'admin', {
    ...{ asked: none, body: BODIES.endpoint, answered: ANSWERED.endpointWithSecret },
  }),
  endpoints: get(
    '/v1/webhook-endpoints',
    'Receivers of events, oldest first',
    ...([ASKED.endpoints, ANSWERED.endpoints, ADMIN] as const),
  ),
  endpoint: get(
    '/v1/webhook-endpoints/:id',
    'A receiver of events',
    ...([ASKED.endpoint, ANSWERED.endpoint, ADMIN] as const),
  ),
  rotateSecret: post(
    '/v1/webhook-endpoints/:id/rotate-secret',
    'Sign with a new secret, and with the old one as well for a while',
    'admin',
    {
      ...{ asked: ASKED.endpoint, body: BODIES.rotation, answered: ANSWERED.endpointWithSecret },
      status: 200,
    },
  ),
  enableEndpoint: post('/v1/webhook-endpoints/:id/enable', 'Send events again', 'admin', {
    ...{ asked: ASKED.endpoint, body: BODIES.none, answered: ANSWERED.endpoint, status: 200 },
  }),
  disableEndpoint: post('/v1/webhook-endpoints/:id/disable', 'Send no events', 'admin', {
    ...{ asked: ASKED.endpoint, body: BODIES.none, answered: ANSWERED.endpoint, status: 200 },
  }),
  deliveries: get(
    '/v1/webhook-deliveries',
    'Deliveries, newest first',
    ...([ASKED.deliveries, ANSWERED.deliveries, ADMIN] as const),
  ),
  delivery: get(
    '/v1/webhook-deliveries/:id',
    'A delivery and its attempts',
    ...([ASKED.delivery, ANSWERED.deliveryWithLog, ADMIN] as const),
  ),
  resend: post('/v1/webhook-deliveries/:id/resend', 'Send an event again', 'admin', {
    ...{ asked: ASKED.delivery, body: BODIES.none, answered: ANSWERED.deliveryWithLog },
    status: 200,
  }),
} as const satisfies Readonly<Record<string, Route>>
