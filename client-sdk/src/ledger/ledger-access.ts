import type { LedgerClient } from './ledger-client.js'

/**
 * What wallets, hubs and guards need of a ledger: proven entries, certified blocks, and somebody who
 * takes transactions. `LedgerClient` says what each part promises and throws.
 */
export type LedgerAccess = Pick<
  LedgerClient,
  | 'chainId'
  | 'genesis'
  | 'parameters'
  | 'feePerKiloCost'
  | 'refresh'
  | 'channel'
  | 'reveal'
  | 'coinsOf'
  | 'channelsOf'
  | 'submit'
  | 'transactionStatus'
  | 'confirmed'
  | 'block'
  | 'channelPlaces'
  | 'follow'
>
