import { byteString, type Decoded, decode, fixedBytes, integer, struct } from '../codec/codec.js'
import { chainIdCodec, publicKeyCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'

/** The format that is written (BAK-1), and the oldest that is read. Its byte comes first, so that another is known by it. */
const FORMAT = 4
const FORMAT_OLDEST = 3
/** A sealed backup at the most, bytes: what an owner keeps in a file. */
export const BACKUP_FILE_BYTES_MAX = 2 ** 26
/** A sealed backup that a hub keeps at the most, bytes (BAK-5). */
export const BACKUP_HUB_BYTES_MAX = 2 ** 20
/** The smallest sealed backup takes up to this many bytes; each larger size is twice the one before. */
const BACKUP_BYTES_MIN = 2 ** 12
/** Bytes that header, nonce and lengths take at the most: whole files stay below a power of two. */
const ENVELOPE_BYTES = 128

/** What anybody can read of a backup; the seal covers it (BAK-1). */
export const backupHeaderCodec = struct({
  format: integer(FORMAT, FORMAT_OLDEST),
  chainId: chainIdCodec,
  /** Identity key of the wallet. */
  identity: publicKeyCodec,
  /** One higher with every backup of the wallet, whatever became of the ones before (BAK-3). */
  version: integer(COUNTER_MAX, 1),
})
export type BackupHeader = Omit<Decoded<typeof backupHeaderCodec>, 'format'>

/** A backup as it is kept: only who has the words can open it. */
export const sealedBackupCodec = struct({
  header: backupHeaderCodec,
  nonce: fixedBytes(24),
  /** Content and padding under XChaCha20-Poly1305, its tag of 16 bytes last. */
  sealed: byteString(BACKUP_FILE_BYTES_MAX - ENVELOPE_BYTES),
})
export type SealedBackup = Decoded<typeof sealedBackupCodec>

/** The header with the format that this code writes. */
export function backupHeader(header: BackupHeader): Decoded<typeof backupHeaderCodec> {
  return { ...header, format: FORMAT }
}

/**
 * Bytes under the seal, its tag included, for `length` bytes of content: 2^k - 128, so that the size
 * of a backup tells no more than its power of two (BAK-2). Absent: it is too large for any backup.
 */
export function sealedBytesOf(length: number): number | undefined {
  for (let size = BACKUP_BYTES_MIN; size <= BACKUP_FILE_BYTES_MAX; size *= 2) {
    if (length <= size - ENVELOPE_BYTES) return size - ENVELOPE_BYTES
  }
  return undefined
}

/** A backup from a file or a hub: its form alone; whether it is genuine, only its seal tells. */
export function parseSealedBackup(
  bytes: Uint8Array,
): SealedBackup | Rejection<'backup_format_unknown' | 'backup_damaged'> {
  const [format] = bytes
  if (format !== undefined && (format < FORMAT_OLDEST || format > FORMAT)) {
    const detail = `this is no backup, or of a format that is not read here: it begins with byte ${format}, not with ${FORMAT_OLDEST} or ${FORMAT}`
    return reject('backup_format_unknown', detail)
  }
  const backup = decode(sealedBackupCodec, bytes)
  return isRejection(backup) ? reject('backup_damaged', backup.detail) : backup
}
