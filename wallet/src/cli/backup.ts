import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import {
  backupFacts,
  backupLines,
  clockSeconds,
  openBackupBytes,
  readBackupFile,
} from './backup-file.js'
import { openStore, type WalletPlace } from './open-store.js'
import { checkOutput } from './output-file.js'
import { type PlaceOptions, placeOf } from './place-of.js'
import { walletFolder } from './wallet-folder.js'
import { readWordsFile } from './words-file.js'
import { writeWhole } from './write-whole.js'

export type BackupCommand = PlaceOptions & {
  readonly out?: string
  readonly replace?: true
  readonly check?: string
  readonly json?: true
}

/** `wallet backup`: writes the whole store, sealed under the words, to a file; or looks into such a file. */
export async function backUp(options: BackupCommand): Promise<void> {
  const { check, out } = options
  if (check !== undefined) {
    const keys = options.keys ?? walletFolder(options.wallet).keys
    return checkBackup(check, keys, options)
  }
  if (out === undefined) throw new CommandError('usage', 'either --check is due, or --out')
  return writeBackup(await placeOf(options), { ...options, out })
}

async function writeBackup(
  place: WalletPlace,
  { out, replace, json }: Pick<BackupCommand, 'replace' | 'json'> & { readonly out: string },
): Promise<void> {
  const { keys, store } = place
  const words = await readWordsFile(keys)
  // A backup of other words may be all that somebody else has.
  const replaces = replace && ((path: string) => readBackupFile(path, words))
  await checkOutput(out, { keys, store }, replaces)
  const { wallet, close } = await openStore(place, { as: 'bystander' })
  try {
    const bytes = await showProgress('sealing the backup', () => wallet.exportBackup())
    // What was written is what the words open: nobody should learn otherwise when it is needed.
    const backup = openBackupBytes(bytes, words)
    await writeWhole(out, bytes)
    const now = clockSeconds()
    const text = [
      `${out} holds the whole store, sealed under the words`,
      ...backupLines(backup, now),
      'What changes from now on is not in it. It is no leave to sign: channels are resumed after a restore.',
    ].join('\n')
    printFacts(json, { out, ...backupFacts(backup, now) }, text)
  } finally {
    await close()
  }
}

async function checkBackup(
  file: string,
  keys: string,
  { chainId, json }: BackupCommand,
): Promise<void> {
  const backup = await readBackupFile(file, await readWordsFile(keys), chainId)
  const now = clockSeconds()
  const text = [`${file} is whole, and opens with these words`, ...backupLines(backup, now)]
  printFacts(json, { file, ...backupFacts(backup, now) }, text.join('\n'))
}
