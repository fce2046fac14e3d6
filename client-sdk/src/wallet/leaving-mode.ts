import type { WalletChannel } from './wallet-records.js'

/**
 * How a store may close a channel alone. `plain`: it holds all that was ever signed, and vouches for
 * it. `unsure`: it holds all that it has signed itself, but other devices use its words, and a hub that
 * hides their turns must not make a lie of it (CH-19). `lost`: it knows that it may lack what was
 * signed, or was told so by the hub; unsure as well, and by itself only where nobody but the hub says so (CH-18).
 */
export type LeavingMode = 'plain' | 'unsure' | 'lost'

export function leavingMode({ books, party }: WalletChannel, isShared: boolean): LeavingMode {
  if (books !== 'whole' || party.lostAt !== undefined) return 'lost'
  return isShared ? 'unsure' : 'plain'
}
