import type { GuardAct } from '@tallystick/client-sdk'
import type { BatchReport } from './closer/closer.js'

/** What a hub reports to its operator while it runs. */
export type HubReport =
  | { readonly kind: 'batch'; readonly batch: BatchReport }
  | { readonly kind: 'guard'; readonly act: GuardAct }
  | { readonly kind: 'ledgerTrouble'; readonly error: unknown }
  | { readonly kind: 'complaint'; readonly code: string; readonly detail: string }
