import type { RecordKind } from './wallet-store.js'

/**
 * Kinds whose records a wallet signs from: all of them are read and checked at a start (JRN-3). The others are
 * history, of any size, and read one by one when somebody asks.
 */
export const LIVE_KINDS: readonly RecordKind[] = [
  ...(['channel', 'invoice', 'payment', 'stream', 'payout', 'meta'] as const),
  ...(['offer', 'letterPayment'] as const),
]

export function isLiveKind(kind: RecordKind): boolean {
  return LIVE_KINDS.includes(kind)
}
