import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import {
  type BackupHeader,
  backupHeader,
  backupHeaderCodec,
  decode,
  encode,
  isRejection,
  parseSealedBackup,
  type Rejection,
  reject,
  type SealedBackup,
  sealedBackupCodec,
  sealedBytesOf,
  undrafted,
} from '@tallystick/protocol'
import {
  backupContentCodec,
  contentBeforePayoutsCodec,
  type OpenedBackup,
} from './backup-content.js'

/** Bytes of the content's length before it, big-endian. */
const LENGTH_BYTES = 4
/** Bytes of a Poly1305 tag. */
const SEAL_TAG_BYTES = 16

/** Who seals or opens backups: the wallet's chain and identity, and the key of KEY-5. */
export type BackupOwner = Omit<BackupHeader, 'version'> & { readonly key: Uint8Array }

/** Why a backup was not opened. */
export type BackupRejection = Rejection<
  'backup_format_unknown' | 'backup_damaged' | 'backup_of_another_chain' | 'backup_of_other_words'
>

/**
 * The bytes of a backup, padded and sealed (BAK-1, BAK-2): at most `bytesMax`. `nonce`: 24 fresh
 * random bytes, never used for another. Refused: `backup_too_large`.
 */
export function sealBackup(
  { key, chainId, identity }: BackupOwner,
  { version, ...content }: OpenedBackup,
  nonce: Uint8Array,
  bytesMax: number,
): Uint8Array | Rejection<'backup_too_large'> {
  const encoded = encode(backupContentCodec, content)
  const size = sealedBytesOf(LENGTH_BYTES + encoded.length + SEAL_TAG_BYTES)
  if (size === undefined || size > bytesMax) {
    const detail = `${encoded.length} bytes of records do not fit into a backup of ${bytesMax}`
    return reject('backup_too_large', detail)
  }
  const padded = new Uint8Array(size - SEAL_TAG_BYTES)
  new DataView(padded.buffer).setUint32(0, encoded.length)
  padded.set(encoded, LENGTH_BYTES)
  const header = backupHeader({ chainId, identity, version })
  const sealed = cipherOf(key, nonce, header).encrypt(padded)
  return encode(sealedBackupCodec, { header, nonce, sealed })
}

/** Opens a backup of this wallet. Refused by name, and nothing of it is told: see `BackupRejection`. */
export function openBackup(owner: BackupOwner, bytes: Uint8Array): OpenedBackup | BackupRejection {
  const backup = parseSealedBackup(bytes)
  if (isRejection(backup)) return backup
  const { header } = backup
  if (header.chainId !== owner.chainId) {
    return reject('backup_of_another_chain', `the backup is of chain ${header.chainId}`)
  }
  if (header.identity !== owner.identity) {
    return reject('backup_of_other_words', `the backup is of the wallet ${header.identity}`)
  }
  const padded = unsealed(owner.key, backup)
  const encoded = padded && unpadded(padded)
  if (encoded === undefined) {
    return reject('backup_damaged', 'the seal does not hold: the backup was changed, or cut off')
  }
  const content =
    header.format === 3 ? contentBeforePayouts(encoded) : decode(backupContentCodec, encoded)
  if (isRejection(content)) return reject('backup_damaged', content.detail)
  const channels = content.channels.map(({ party, ...rest }) => {
    return { ...rest, party: undrafted(party) }
  })
  return { ...content, channels, version: header.version }
}

function contentBeforePayouts(encoded: Uint8Array) {
  const content = decode(contentBeforePayoutsCodec, encoded)
  return isRejection(content) ? content : { ...content, payouts: [], donePayouts: [] }
}

type Header = ReturnType<typeof backupHeader>

function cipherOf(key: Uint8Array, nonce: Uint8Array, header: Header) {
  return xchacha20poly1305(key, nonce, encode(backupHeaderCodec, header))
}

function unsealed(
  key: Uint8Array,
  { header, nonce, sealed }: SealedBackup,
): Uint8Array | undefined {
  try {
    return cipherOf(key, nonce, header).decrypt(sealed)
  } catch {
    // The cipher has no other way to say that the tag is not of these bytes.
    return undefined
  }
}

/** The content without its padding, which is zeros up to the one size that is due (INV-23). */
function unpadded(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length < LENGTH_BYTES) return undefined
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  const due = sealedBytesOf(LENGTH_BYTES + length + SEAL_TAG_BYTES)
  if (due !== padded.length + SEAL_TAG_BYTES) return undefined
  const rest = padded.subarray(LENGTH_BYTES + length)
  return rest.every((byte) => byte === 0)
    ? padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
    : undefined
}
