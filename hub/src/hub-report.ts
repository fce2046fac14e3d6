import type { GuardAct, LedgerTrouble } from '@tallystick/client-sdk'
import type { ChannelId } from '@tallystick/protocol'
import type { BatchReport } from './closer/closer.js'
import type { EndedChannel } from './ledger/channel-ends.js'

/** What a hub reports to its operator while it runs. */
export type HubReport =
  | { readonly kind: 'batch'; readonly batch: BatchReport }
  | { readonly kind: 'guard'; readonly act: GuardAct }
  /** A dispute is over: what it paid to whom, and what was taken as a penalty. */
  | ({ readonly kind: 'ended' } & EndedChannel)
  /** A client has shown that the journal is an old copy, though nobody said so: the channel is resumed. */
  | { readonly kind: 'dataLost'; readonly channel: ChannelId }
  /** The file for channels at rest takes no page: they stay in memory, which grows. */
  | { readonly kind: 'shelfTrouble'; readonly detail: string }
  | LedgerTrouble
  | { readonly kind: 'complaint'; readonly code: string; readonly detail: string }
