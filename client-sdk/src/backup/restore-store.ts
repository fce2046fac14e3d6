import {
  type ChannelParty,
  COUNTER_MAX,
  type Entrusted,
  isRejection,
  newParty,
  type PublicKey,
  type WalletKeys,
} from '@tallystick/protocol'
import type { BlockFeed } from '../ledger/block-feed.js'
import type { WalletStore } from '../store/wallet-store.js'
import { errorOf } from '../wallet/error-of.js'
import { storedCount } from '../wallet/load-wallet.js'
import { WalletError } from '../wallet-error.js'
import type { OpenedBackup } from './backup-content.js'
import type { HubBackups } from './hub-backups.js'
import { restoredRecords } from './restored-records.js'
import { rolledBackByCopy, rolledBackByTowers } from './rolled-back.js'
import { type BackupOwner, openBackup } from './seal-backup.js'

/** How long a new store waits for what the hub keeps of it, milliseconds. */
const HUB_MS_MAX = 10_000

/** The record of a store that may lack a backup. */
const MISSED = { kind: 'meta', key: 'backupMissed' } as const

/** What a restore found out: which backup it took, if any, and what was wrong. */
export type Restored = {
  readonly backup: OpenedBackup | undefined
  /** Codes and sentences for the owner: `backup_rolled_back`, `backup_unreachable`, `backup_missed`, and others. */
  readonly problems: readonly { readonly code: string; readonly detail: string }[]
}

/**
 * Fills a new store from the newest backup that can be had: `file`, or what the hub gives (BAK-4).
 * A store that is in use stays as it is. Errors: `backup_invalid`, and why `file` cannot be
 * opened; `store_not_empty` where a file is given for a store that is in use.
 */
export async function restoreStore(parts: {
  readonly store: WalletStore
  readonly keys: WalletKeys
  readonly feed: BlockFeed
  readonly hub: PublicKey | undefined
  /** Absent: the hub is not asked. */
  readonly hubBackups: HubBackups | undefined
  readonly file: Uint8Array | undefined
  /** What watchtowers have kept (BAK-8). */
  readonly entrusted: readonly Entrusted[]
}): Promise<Restored> {
  const { store, keys, feed, file, entrusted } = parts
  const { chainId } = feed.ledger
  const identity = keys.identity.publicKey
  const owner = { chainId, identity, key: keys.backup() }
  if ((await store.get('meta', 'identity')) !== undefined) {
    if (file === undefined) return { backup: undefined, problems: await stillMissed(parts, owner) }
    throw new WalletError('store_not_empty', 'a backup is restored into a new store only')
  }
  if (file !== undefined && !(file instanceof Uint8Array)) {
    throw new WalletError('backup_invalid', 'a backup is the bytes that exportBackup gave')
  }
  const own = file && openBackup(owner, file)
  if (own !== undefined && isRejection(own)) throw errorOf(own)
  const { copy, problem } = await fromHub(parts, owner)
  const backup = newest(own, copy)
  if (backup === undefined) {
    if (problem === undefined) return { backup, problems: [] }
    await store.commit([{ ...MISSED, value: new Uint8Array() }])
    return { backup, problems: [problem] }
  }
  const confirmed = Math.max(backup.confirmed, copy?.version ?? 0)
  await store.commit(restoredRecords(identity, { ...backup, confirmed }))
  const parties = await partiesOf(feed, backup, entrusted)
  const rolledBack = [
    problem ?? (own && parts.hubBackups && rolledBackByCopy(copy, own)),
    rolledBackByTowers(chainId, backup.version, parties, entrusted),
  ]
  return { backup, problems: rolledBack.filter((found) => found !== undefined) }
}

/**
 * Of a store that was begun while the hub did not say whether it keeps a backup: told at every start,
 * until the hub says that there is none which this store has not written itself.
 */
async function stillMissed(
  parts: Parameters<typeof restoreStore>[0],
  owner: BackupOwner,
): Promise<Restored['problems']> {
  const { store } = parts
  if ((await store.get(MISSED.kind, MISSED.key)) === undefined) return []
  const { copy, problem } = await fromHub(parts, owner)
  if (problem !== undefined || parts.hubBackups === undefined) return problem ? [problem] : []
  const written = (await storedCount(store, 'backupConfirmed', COUNTER_MAX)) ?? 0
  if (copy !== undefined && copy.version > written) {
    const detail =
      'this store was begun without the backup that the hub keeps: it does not know earlier payments, nor their keys; open a new store, which takes it'
    return [{ code: 'backup_missed', detail }]
  }
  await store.commit([{ ...MISSED, value: undefined }])
  return []
}

/** What the hub gives; a hub that is away, or gives what is no backup, keeps nobody from going on. */
async function fromHub(
  { feed, hub, hubBackups }: Parameters<typeof restoreStore>[0],
  owner: BackupOwner,
): Promise<{ readonly copy?: OpenedBackup; readonly problem?: Restored['problems'][number] }> {
  if (hubBackups === undefined) return {}
  try {
    const bytes = await hubBackups.get(hub, feed.time, AbortSignal.timeout(HUB_MS_MAX))
    if (bytes === undefined) return {}
    const copy = openBackup(owner, bytes)
    if (!isRejection(copy)) return { copy }
    return { problem: { code: copy.code, detail: `what the hub gives: ${copy.detail}` } }
  } catch (error) {
    if (!(error instanceof WalletError)) throw error
    const detail = `the hub did not say whether it has a backup of this wallet: ${error.message}`
    return { problem: { code: 'backup_unreachable', detail } }
  }
}

function newest(
  own: OpenedBackup | undefined,
  copy: OpenedBackup | undefined,
): OpenedBackup | undefined {
  if (own === undefined || copy === undefined) return own ?? copy
  return copy.version > own.version ? copy : own
}

/** The channels of the backup, and the start of those that only towers know of. */
async function partiesOf(
  { ledger }: BlockFeed,
  { channels }: OpenedBackup,
  entrusted: readonly Entrusted[],
): Promise<readonly ChannelParty[]> {
  const parties = channels.map(({ party }) => party)
  const known = new Set(parties.map((party) => party.ledger.id))
  for (const { channel, number } of entrusted) {
    if (known.has(channel)) continue
    known.add(channel)
    const { value } = await ledger.channel(number)
    if (value !== undefined) parties.push(newParty('client', value))
  }
  return parties
}
