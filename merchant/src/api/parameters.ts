import { AMOUNT_MAX, isShownText, type LockRoot, SHOWN_TEXT_RULE } from '@tallystick/protocol'
import { z } from 'zod'
import { EVENT_TYPES } from '../core/event-types.js'
import { PERMISSIONS } from '../core/permission.js'
import {
  DESCRIPTION_BYTES_MAX,
  INVOICE_CHARACTERS_MAX,
  INVOICE_SECONDS_MAX,
  METADATA_PAIRS_MAX,
  METADATA_VALUE_MAX,
  PAGE_ITEMS_MAX,
  WAIT_SECONDS_MAX,
} from '../limits.js'

const AMOUNT_DUE =
  'base units are due, as decimal digits in a string: no sign, decimals, exponent or blanks'
const AMOUNT_MOST = 'at most 2^63-1'
const AMOUNT_DIGITS = `${AMOUNT_MAX}`.length
const units = z
  .string()
  .regex(/^(?:0|[1-9][0-9]*)$/, AMOUNT_DUE)
  // Before it is a number: what is read costs what its digits do.
  .refine((text) => text.length <= AMOUNT_DIGITS, AMOUNT_MOST)
  .transform((text) => BigInt(text))
  .refine((value) => value <= AMOUNT_MAX, AMOUNT_MOST)
/** Base units of at least 1, as a string. */
const value = units.refine((amount) => amount > 0n, 'at least 1')

const shown = (bytesMax: number) =>
  z
    .string()
    .refine(isShownText, SHOWN_TEXT_RULE)
    .refine((text) => Buffer.byteLength(text) <= bytesMax, `at most ${bytesMax} bytes of UTF-8`)
const name = shown(100).refine((text) => text.length > 0, 'a name is not empty')
const METADATA_KEY_DUE = 'a key of metadata is a letter, and up to 39 letters, digits, _ . -'
const metadata = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,39}$/, METADATA_KEY_DUE),
    z
      .string()
      .refine((text) => !/\p{Surrogate}/u.test(text), 'text is well-formed')
      .refine(
        (text) => text.length <= METADATA_VALUE_MAX,
        `at most ${METADATA_VALUE_MAX} characters`,
      ),
    { error: ({ code }) => (code === 'invalid_key' ? METADATA_KEY_DUE : undefined) },
  )
  .refine(
    (pairs) => Object.keys(pairs).length <= METADATA_PAIRS_MAX,
    `at most ${METADATA_PAIRS_MAX}`,
  )
  .default({})

const idOf = (...prefixes: readonly string[]) =>
  z
    .string()
    .regex(new RegExp(`^(?:${prefixes.join('|')})_[0-9a-z]{1,40}$`), `${prefixes[0]}_… is due`)
const invoiceText = z
  .string()
  .max(INVOICE_CHARACTERS_MAX)
  .regex(/^tally1[0-9a-z]+$|^TALLY1[0-9A-Z]+$/, 'an invoice starts with tally1')
const lock = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a lock is 32 bytes as lower-case hex')
  .transform((text) => text as LockRoot)
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,15})$/, 'a whole number is due')
    .transform(Number)
    .refine((number) => number >= min && number <= max, `${min} to ${max}`)
const limit = whole(1, PAGE_ITEMS_MAX).prefault('20')
const limits = {
  per_payment: units.nullable().default(null),
  per_day: units.nullable().default(null),
  total: units.nullable().default(null),
}
const list = (prefix: string) => ({ cursor: idOf(prefix).optional(), limit })

/** What each address may be asked with, in path and query together; anything else is `bad_request`. */
export const ASKED = {
  none: z.strictObject({}),
  invoice: z.strictObject({ id: idOf('inv') }),
  invoices: z.strictObject({
    ...list('inv'),
    status: z.enum(['open', 'held', 'paid', 'expired', 'cancelled']).optional(),
  }),
  payment: z.strictObject({ id: idOf('pay') }),
  payments: z.strictObject({
    ...list('pay'),
    status: z.enum(['pending', 'paid', 'failed', 'unknown']).optional(),
  }),
  refund: z.strictObject({ id: idOf('re') }),
  refunds: z.strictObject({
    ...list('re'),
    status: z.enum(['pending', 'paid', 'failed', 'unknown']).optional(),
  }),
  payout: z.strictObject({ id: idOf('po') }),
  payouts: z.strictObject({
    ...list('po'),
    status: z.enum(['pending', 'paid', 'failed', 'unknown']).optional(),
  }),
  offer: z.strictObject({ id: idOf('off') }),
  offers: z.strictObject({ ...list('off'), status: z.enum(['active', 'withdrawn']).optional() }),
  stream: z.strictObject({ id: idOf('str') }),
  streams: z.strictObject({ ...list('str'), status: z.enum(['open', 'closed']).optional() }),
  /** `amount`: where the invoice leaves it open. */
  quote: z.strictObject({ invoice: invoiceText, amount: value.optional() }),
  channel: z.strictObject({ id: idOf('ch') }),
  channels: z.strictObject({
    ...list('ch'),
    status: z.enum(['open', 'closing', 'closed']).optional(),
  }),
  event: z.strictObject({ id: idOf('evt') }),
  /** `wait`: seconds that an empty answer is held back for news. */
  events: z.strictObject({
    after: idOf('evt').optional(),
    limit: whole(1, PAGE_ITEMS_MAX).prefault(`${PAGE_ITEMS_MAX}`),
    wait: whole(0, WAIT_SECONDS_MAX).prefault('0'),
  }),
  /** `cursor` is that of a page before; times are Unix seconds. */
  bookings: z.strictObject({
    cursor: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    limit,
    from: whole(0, 2 ** 40).optional(),
    to: whole(0, 2 ** 40).optional(),
  }),
  account: z.strictObject({ id: idOf('acct') }),
  accounts: z.strictObject(list('acct')),
  key: z.strictObject({ id: idOf('key') }),
  keys: z.strictObject(list('key')),
  endpoint: z.strictObject({ id: idOf('we') }),
  endpoints: z.strictObject(list('we')),
  delivery: z.strictObject({ id: idOf('dlv') }),
  deliveries: z.strictObject({
    ...list('dlv'),
    endpoint: idOf('we').optional(),
    event: idOf('evt').optional(),
    status: z.enum(['pending', 'delivered', 'failed']).optional(),
  }),
} as const

/** The bodies of requests; unknown fields are refused. */
export const BODIES = {
  none: z.strictObject({}),
  invoice: z.strictObject({
    /** Null: the payer says how much. It has to be said: a price that got lost must not be anybody's choice. */
    amount: value.nullable(),
    description: shown(DESCRIPTION_BYTES_MAX).default(''),
    /** In its place: SHA-256 of what the payer was shown elsewhere. */
    description_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a hash is 32 bytes as lower-case hex')
      .nullable()
      .default(null),
    expiry_seconds: z.int().min(1).max(INVOICE_SECONDS_MAX).default(3_600),
    /** What is paid is held until it is captured or cancelled. */
    hold: z.boolean().default(false),
    metadata,
  }),
  payment: z.strictObject({
    invoice: invoiceText,
    /** Where the invoice leaves it open. */
    amount: value.optional(),
    fee_max: units.optional(),
    metadata,
  }),
  refund: z.strictObject({
    /** The shop's invoice that is paid back. */
    sale: idOf('inv'),
    /** The customer's invoice over what is to come back. */
    invoice: invoiceText,
    amount: value.optional(),
    fee_max: units.optional(),
    metadata,
  }),
  offer: z.strictObject({
    /** Null: the payer says how much, each time. */
    amount: value.nullable(),
    description: shown(DESCRIPTION_BYTES_MAX).default(''),
    /** Null: until it is withdrawn. */
    expiry_seconds: z.int().min(1).max(INVOICE_SECONDS_MAX).nullable().default(null),
    metadata,
  }),
  payout: z.strictObject({
    /** What is to arrive. */
    amount: value,
    /** Null: the shop's own coins. It has to be said: a lock that got lost must not be anybody's choice. */
    lock: lock.nullable(),
    /** Out of which channel; absent: that which has most. */
    channel: idOf('ch').optional(),
    description: shown(DESCRIPTION_BYTES_MAX).default(''),
    metadata,
  }),
  account: z.strictObject({ name, ...limits }),
  limits: z.strictObject(limits),
  key: z.strictObject({
    /** Absent: the caller's own. */
    account: idOf('acct').optional(),
    name,
    permissions: z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length),
    /** Seconds that it is good for; absent: until it is revoked. */
    expires_in: z.int().min(1).max(315_360_000).optional(),
    ...limits,
  }),
  endpoint: z.strictObject({
    url: z.string(),
    description: shown(DESCRIPTION_BYTES_MAX).default(''),
    /** Absent or empty: all. */
    types: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).default([]),
  }),
  /** How long the secret before signs as well. */
  rotation: z.strictObject({ overlap_seconds: z.int().min(0).max(2_592_000).default(86_400) }),
} as const

/** What is wrong with a request, in one bounded line. */
export function complaint(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join('.') || 'request'}: ${message}`)
    .join('; ')
    .slice(0, 500)
}
