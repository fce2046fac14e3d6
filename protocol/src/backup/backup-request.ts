import {
  type Decoded,
  encode,
  fixedBytes,
  integer,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { type PublicKey, type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { type ChainId, publicKeyCodec } from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { fromHex } from '../primitives/bytes.js'

/** Ledger seconds by which a request for a backup may be old, or ahead of the hub (BAK-6). */
export const BACKUP_REQUEST_SECONDS = 120

/** What a wallet signs so that its hub keeps a backup (BAK-5). */
export const backupUploadCodec = struct({
  hub: publicKeyCodec,
  version: integer(COUNTER_MAX, 1),
  /** SHA-256 of the sealed backup. */
  digest: fixedBytes(32),
})
export type BackupUpload = Decoded<typeof backupUploadCodec>

/** What a wallet signs to get its backup back from its hub (BAK-6). */
export const backupFetchCodec = struct({ hub: publicKeyCodec, time: timestampCodec })
export type BackupFetch = Decoded<typeof backupFetchCodec>

function uploadDigest(chainId: ChainId, upload: BackupUpload): Uint8Array {
  return taggedHash(TAG.backupUpload, fromHex(chainId), encode(backupUploadCodec, upload))
}

function fetchDigest(chainId: ChainId, fetch: BackupFetch): Uint8Array {
  return taggedHash(TAG.backupFetch, fromHex(chainId), encode(backupFetchCodec, fetch))
}

/** The identity key's word that the hub is to keep this backup, 64 bytes. */
export function signBackupUpload(
  chainId: ChainId,
  upload: BackupUpload,
  identity: Signer,
): Uint8Array {
  return identity.sign(uploadDigest(chainId, upload))
}

export function verifyBackupUpload(
  chainId: ChainId,
  upload: BackupUpload,
  identity: PublicKey,
  signature: Uint8Array,
): boolean {
  return verifySignature(identity, uploadDigest(chainId, upload), signature)
}

/** The identity key's word that whoever shows it may be given the backup for a while, 64 bytes. */
export function signBackupFetch(
  chainId: ChainId,
  fetch: BackupFetch,
  identity: Signer,
): Uint8Array {
  return identity.sign(fetchDigest(chainId, fetch))
}

export function verifyBackupFetch(
  chainId: ChainId,
  fetch: BackupFetch,
  identity: PublicKey,
  signature: Uint8Array,
): boolean {
  return verifySignature(identity, fetchDigest(chainId, fetch), signature)
}
