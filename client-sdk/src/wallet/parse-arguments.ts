import {
  type Amount,
  type Anchor,
  type AppointmentTerms,
  DESCRIPTION_BYTES_MAX,
  type ItemId,
  isShownText,
  type LockRoot,
  type PublicKey,
  parseAmount,
  SHOWN_TEXT_RULE,
  TIMESTAMP_MAX,
  timestamp,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import type { StreamTerms } from './receive-stream.js'
import type { TowerOptions } from './wallet-towers.js'

// What callers hand in may come from plain JavaScript, so types promise nothing here; past this
// file they hold.

/** 32 bytes as lower-case hex. */
const HEX_32 = /^[0-9a-f]{64}$/
const EXPIRY_SECONDS_MAX = 315_360_000
const LONE_SURROGATE = /\p{Surrogate}/u

/** Base units to move, 1..2^63-1. Errors: `amount_invalid`. */
export function parseValue(value: unknown, name: string): Amount {
  const parsed = typeof value === 'bigint' && value > 0n ? parseAmount(value) : undefined
  if (parsed !== undefined) return parsed
  throw new WalletError('amount_invalid', `${name} is a bigint of 1 to 2^63-1 base units`)
}

/** The most to pay for something, 0..2^63-1; absent: whatever it costs. Errors: `amount_invalid`. */
export function parseFeeMax(value: unknown): Amount | undefined {
  if (value === undefined) return undefined
  const parsed = typeof value === 'bigint' ? parseAmount(value) : undefined
  if (parsed !== undefined) return parsed
  throw new WalletError('amount_invalid', 'feeMax is a bigint of 0 to 2^63-1 base units')
}

/** Whole seconds from now, 1 to 315,360,000 (ten years). Errors: `expiry_invalid`. */
export function parseExpirySeconds(seconds: unknown): number {
  const isWithin = isWhole(seconds, EXPIRY_SECONDS_MAX)
  if (isWithin && seconds > 0) return seconds
  throw new WalletError('expiry_invalid', 'expirySeconds is a whole number of 1 to 315,360,000')
}

/** Whole seconds that a payment is locked, at least one. Errors: `expiry_invalid`. */
export function parseLockSeconds(seconds: unknown): number {
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds > 0) return seconds
  throw new WalletError('expiry_invalid', 'lockSeconds is a whole number above 0')
}

/** Text for people. Errors: `description_invalid`. */
export function parseDescription(text: unknown): string {
  const isText = typeof text === 'string' && isShownText(text)
  if (isText && utf8(text).length <= DESCRIPTION_BYTES_MAX) return text
  throw new WalletError(
    'description_invalid',
    `a description has at most ${DESCRIPTION_BYTES_MAX} bytes of UTF-8, and ${SHOWN_TEXT_RULE}`,
  )
}

/** SHA-256 of a description. Errors: `description_invalid`. */
export function parseDescriptionHash(hash: unknown): Uint8Array {
  if (hash instanceof Uint8Array && hash.length === 32) return hash
  throw new WalletError('description_invalid', 'the hash of a description has 32 bytes (SHA-256)')
}

/** A choice; absent: no. Errors: `argument_invalid`. */
export function parseFlag(flag: unknown, name: string): boolean {
  if (flag === undefined || typeof flag === 'boolean') return flag ?? false
  throw new WalletError('argument_invalid', `${name} is true or false`)
}

/** Which entries of a list; absent: all. Errors: `page_invalid`. */
export function parseStatus(status: unknown, statuses: readonly string[]): void {
  if (status === undefined || statuses.some((other) => other === status)) return
  throw new WalletError('page_invalid', `status is one of ${statuses.join(', ')}`)
}

/** The caller's name for a payment (PAY-1). Errors: `key_required`, `key_invalid`. */
export function parseKey(key: unknown): string {
  if (key === undefined || key === '') {
    const detail =
      'each payment has a key of its own, such as the number of the order: the same key pays once'
    throw new WalletError('key_required', detail)
  }
  if (typeof key === 'string' && !LONE_SURROGATE.test(key)) return key
  throw new WalletError('key_invalid', 'a payment key is well-formed text')
}

/** An invoice as text; whether it is one, `parseInvoice` finds out. Errors: `invoice_malformed`. */
export function parseInvoiceText(text: unknown): string {
  if (typeof text === 'string') return text
  throw new WalletError('invoice_malformed', 'an invoice is a string that starts with tally1')
}

/** Errors: `anchor_invalid`. */
export function parseAnchor(anchor: unknown): Anchor {
  if (typeof anchor === 'string' && HEX_32.test(anchor)) return anchor as Anchor
  throw new WalletError('anchor_invalid', 'an anchor is 32 bytes as lower-case hex')
}

/** The name of a payment. Errors: `payment_invalid`. */
export function parseItemId(id: unknown): ItemId {
  if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) return id as ItemId
  throw new WalletError('payment_invalid', 'the id of a payment is 16 bytes as lower-case hex')
}

/** Errors: `lock_invalid`. */
export function parseLock(lock: unknown): LockRoot {
  if (typeof lock === 'string' && HEX_32.test(lock)) return lock as LockRoot
  throw new WalletError('lock_invalid', 'a lock is 32 bytes as lower-case hex')
}

/** A hub's key; absent: any hub. Errors: `hub_invalid`. */
export function parseHub(hub: unknown): PublicKey | undefined {
  if (hub === undefined) return undefined
  if (typeof hub === 'string' && HEX_32.test(hub)) return hub as PublicKey
  throw new WalletError('hub_invalid', "a hub's key is 32 bytes as lower-case hex")
}

/** Whom to let challenge, until when and for what. Errors: `appointment_invalid`. */
export function parseAppointment(terms: unknown): AppointmentTerms {
  const { guardKey, bounty, validUntil } = recordOf(terms)
  const { ppm, payoutLock } = recordOf(bounty)
  if (
    typeof guardKey === 'string' &&
    HEX_32.test(guardKey) &&
    isWhole(ppm, 1_000_000) &&
    typeof payoutLock === 'string' &&
    HEX_32.test(payoutLock) &&
    isWhole(validUntil, TIMESTAMP_MAX)
  ) {
    return {
      guardKey: guardKey as PublicKey,
      bounty: { ppm, payoutLock: payoutLock as LockRoot },
      validUntil: timestamp(validUntil),
    }
  }
  throw new WalletError(
    'appointment_invalid',
    'an appointment has guardKey and bounty.payoutLock as 32 bytes of lower-case hex, bounty.ppm of 0 to 1,000,000 and validUntil in seconds',
  )
}

/** Which streams may come; absent: none. Errors: `amount_invalid`. */
export function parseStreamTerms(streams: unknown): StreamTerms | undefined {
  if (streams === undefined) return undefined
  return { unitMin: parseValue(recordOf(streams)['unitMin'], 'streams.unitMin') }
}

/** Watchtowers, at most 8; absent: none. Errors: `tower_invalid`. */
export function parseTowers(towers: unknown): readonly TowerOptions[] {
  if (towers === undefined) return []
  if (Array.isArray(towers) && towers.length <= TOWERS_MAX) return towers.map(parseTower)
  throw new WalletError('tower_invalid', `towers is a list of at most ${TOWERS_MAX}`)
}

const TOWERS_MAX = 8

function parseTower(tower: unknown): TowerOptions {
  const { url, key, bountyPpm, ...rest } = recordOf(tower)
  if (
    Object.keys(rest).length === 0 &&
    (key === undefined || (typeof key === 'string' && HEX_32.test(key))) &&
    (bountyPpm === undefined || isWhole(bountyPpm, 1_000_000))
  ) {
    return {
      url: parseUrl(url, 'url of a watchtower', ['ws:', 'wss:']),
      ...(key !== undefined && { key: key as PublicKey }),
      ...(bountyPpm !== undefined && { bountyPpm }),
    }
  }
  throw new WalletError(
    'tower_invalid',
    'a watchtower has a url, and may have a key of 32 bytes as lower-case hex and bountyPpm of 0 to 1,000,000',
  )
}

function recordOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

/** An address of one of `schemes`. Errors: `url_invalid`. */
export function parseUrl(url: unknown, name: string, schemes: readonly string[]): string {
  const isUrl = typeof url === 'string' && URL.canParse(url)
  if (isUrl && schemes.includes(new URL(url).protocol)) return url
  throw new WalletError('url_invalid', `${name} is an address of ${schemes.join(' or ')}`)
}
