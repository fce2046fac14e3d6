import type { OpenedWallet } from '@tallystick/client-sdk/node'
import type { MerchantDatabase } from '../store/merchant-database.js'
import type { EventNews } from './event-news.js'

/** What the desks of a shop's server share; clock and randomness are handed in. */
export type MerchantParts = {
  readonly database: MerchantDatabase
  readonly wallet: OpenedWallet['wallet']
  readonly news: EventNews
  /** Unix seconds. */
  readonly now: () => number
  readonly randomBytes: (length: number) => Uint8Array
  /** Told of what went wrong beside a request. */
  readonly onProblem: (code: string, detail: string) => void
}

/** A new id, such as `inv_` and 24 hex digits. */
export function newId({ randomBytes }: Pick<MerchantParts, 'randomBytes'>, prefix: string): string {
  return `${prefix}_${Buffer.from(randomBytes(12)).toString('hex')}`
}
