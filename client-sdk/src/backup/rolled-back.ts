import {
  adoptEntrusted,
  type ChainId,
  type ChannelParty,
  type Entrusted,
  isRejection,
  RESUME_NONCE_BYTES,
  type Rejection,
  reject,
} from '@tallystick/protocol'
import type { OpenedBackup } from './backup-content.js'

/** A copy is older than what its keeper was given (BAK-7, BAK-8). */
export type RolledBack = Rejection<'backup_rolled_back'>

/**
 * Whether a hub gives less than it once confirmed to hold, by the word of another copy of the wallet's
 * own (BAK-7); `copy` is absent where the hub says that it has none.
 */
export function rolledBackByCopy(
  copy: OpenedBackup | undefined,
  other: OpenedBackup,
): RolledBack | undefined {
  const version = copy?.version ?? 0
  if (version >= other.confirmed) return undefined
  const given = copy === undefined ? 'gives no backup' : `gives backup ${version}`
  return reject('backup_rolled_back', `the hub ${given} and had confirmed ${other.confirmed}`)
}

/**
 * Whether what watchtowers keep is newer than what a backup says of its channels (BAK-8), by
 * signatures alone: towers are not trusted. `parties` are the channels of the backup, and the start
 * of those that it does not know.
 */
export function rolledBackByTowers(
  chainId: ChainId,
  version: number,
  parties: readonly ChannelParty[],
  entrusted: readonly Entrusted[],
): RolledBack | undefined {
  const behind = parties.find((party) => entrusted.some((kept) => isNewer(chainId, party, kept)))
  if (behind === undefined) return undefined
  const { id } = behind.ledger
  const detail = `a watchtower has newer proofs of channel ${id} than backup ${version}: the hub gave an old one, or the newest never reached it`
  return reject('backup_rolled_back', detail)
}

/** Who waits for a resume takes over what is newer; so does, in thought, the channel of a backup. */
function isNewer(chainId: ChainId, party: ChannelParty, kept: Entrusted): boolean {
  const waiting = { ...party, resuming: new Uint8Array(RESUME_NONCE_BYTES) }
  return !isRejection(adoptEntrusted(chainId, waiting, kept))
}
