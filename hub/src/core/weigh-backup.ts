import { equalBytes, type Rejection, reject } from '@tallystick/protocol'

/** Which backup of a wallet a hub keeps; `digest` is the SHA-256 of its bytes. */
export type KeptBackup = { readonly version: number; readonly digest: Uint8Array }

/**
 * Whether a backup takes the place of the one that is kept (BAK-5). Versions only rise, so that
 * neither a wallet with an old store nor somebody who repeats what it once sent puts one back.
 */
export function weighBackup(
  kept: KeptBackup | undefined,
  offered: KeptBackup,
): 'newer' | 'known' | Rejection<'backup_version_falls'> {
  if (kept === undefined || offered.version > kept.version) return 'newer'
  if (offered.version === kept.version && equalBytes(offered.digest, kept.digest)) return 'known'
  const detail = `backup ${kept.version} is kept here: backup ${offered.version} is older, or another one`
  return reject('backup_version_falls', detail)
}
