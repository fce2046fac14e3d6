import { readFile, stat } from 'node:fs/promises'
import { type OpenedBackup, openBackup } from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import {
  BACKUP_FILE_BYTES_MAX,
  type ChainId,
  deriveKeys,
  isRejection,
  type Mnemonic,
  parseSealedBackup,
  seedFromMnemonic,
} from '@tallystick/protocol'
import { phaseOf, spanText, timeText } from './ledger-words.js'

/** A backup that the words have opened. */
export type BackupFile = {
  readonly bytes: Uint8Array
  readonly chainId: ChainId
  readonly content: OpenedBackup
}

/**
 * Reads `path` and opens it with the words. `chainId`: absent, the chain that it says it is of. Throws why it
 * cannot be opened (BAK-2).
 */
export async function readBackupFile(
  path: string,
  words: Mnemonic,
  chainId?: ChainId,
): Promise<BackupFile> {
  if ((await stat(path)).size > BACKUP_FILE_BYTES_MAX) {
    throw new CommandError('backup_damaged', `${path} is larger than any backup`)
  }
  return openBackupBytes(new Uint8Array(await readFile(path)), words, chainId)
}

/** The same, of bytes. */
export function openBackupBytes(bytes: Uint8Array, words: Mnemonic, chainId?: ChainId): BackupFile {
  const sealed = parseSealedBackup(bytes)
  if (isRejection(sealed)) throw new CommandError(sealed.code, sealed.detail)
  const keys = deriveKeys(seedFromMnemonic(words, ''))
  const owner = {
    chainId: chainId ?? sealed.header.chainId,
    identity: keys.identity.publicKey,
    key: keys.backup(),
  }
  const content = openBackup(owner, bytes)
  if (isRejection(content)) throw new CommandError(content.code, content.detail)
  return { bytes, chainId: owner.chainId, content }
}

/** What is in a backup, for programs. `now`: seconds since 1970. */
export function backupFacts({ bytes, chainId, content }: BackupFile, now: number): object {
  const { version, height, time, confirmed, hub, channels, isShared } = content
  return {
    ...{ chain_id: chainId, version, height, time, age_seconds: Math.max(0, now - time) },
    ...{ confirmed_by_hub: confirmed, hub: hub?.key ?? null, hub_url: hub?.url ?? null },
    ...{ bytes: bytes.length, shared_words: isShared },
    channels: channels.map(({ party }) => {
      const { id, number, asset } = party.ledger
      return { channel: id, number, asset, phase: phaseOf(party) }
    }),
    invoices_open: content.invoices.length,
    payments_pending: content.payments.length,
  }
}

/** The same for people. */
export function backupLines({ content }: BackupFile, now: number): string[] {
  const { version, height, time, confirmed, hub, channels, isShared } = content
  const live = channels.filter(({ party }) => party.phase.kind !== 'closed')
  const names = live.map(({ party }) => party.ledger.number).join(', ')
  return [
    `version   ${version}, of block ${height}, ${timeText(time)}`,
    `age       ${spanText(Math.max(0, now - time))}`,
    `channels  ${live.length === 0 ? 'none that is open' : names}; ${channels.length} in all`,
    `invoices  ${content.invoices.length} open, ${content.doneInvoices.length} done`,
    `payments  ${content.payments.length} under way, ${content.donePayments.length} done`,
    hub === undefined
      ? 'hub       none was known'
      : `hub       ${hub.key} at ${hub.url}; it had confirmed version ${confirmed}`,
    ...(isShared ? ['words     other devices use them as well'] : []),
  ]
}

/** Seconds since 1970 by this machine's clock. */
export function clockSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}
