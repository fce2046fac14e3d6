import type { WalletChannel } from './wallet-records.js'

/**
 * How a store may close a channel alone. `plain`: it holds all that was ever signed, and vouches for
 * it. `unsure`: it holds all that it has signed itself, but other devices use its words, and a hub that
 * hides their turns must not make a lie of it (CH-19). `ownerOnly`: it knows that it may lack what was
 * signed; unsure as well, and never by itself (CH-18).
 */
export type LeavingMode = 'plain' | 'unsure' | 'ownerOnly'

export function leavingMode({ books, party }: WalletChannel, isShared: boolean): LeavingMode {
  if (books === 'lost' || party.lostAt !== undefined) return 'ownerOnly'
  return isShared ? 'unsure' : 'plain'
}
