import type { ChainId } from '@tallystick/protocol'
import {
  backupFacts,
  backupLines,
  clockSeconds,
  openBackupBytes,
  readBackupFile,
} from './backup-file.js'
import { CommandError } from './command-error.js'
import { openStore } from './open-store.js'
import { checkOutput } from './output-file.js'
import { printFacts } from './print-facts.js'
import { showProgress } from './progress.js'
import { readWordsFile } from './words-file.js'
import { writeWhole } from './write-whole.js'

export type BackupCommand = {
  readonly keys: string
  readonly store?: string
  readonly ledger?: string
  readonly chainId?: ChainId
  readonly sharedWords?: true
  readonly out?: string
  readonly replace?: true
  readonly check?: string
  readonly json?: true
}

/** `wallet backup`: writes the whole store, sealed under the words, to a file; or looks into such a file. */
export async function backUp(options: BackupCommand): Promise<void> {
  const { check, out, store, ledger } = options
  if (check !== undefined) return checkBackup(options, check)
  if (out === undefined || store === undefined || ledger === undefined) {
    throw new CommandError('usage', 'either --check is due, or --out, --store and --ledger')
  }
  return writeBackup(options, { out, store, ledger })
}

async function writeBackup(
  { keys, chainId, sharedWords, replace, json }: BackupCommand,
  { out, ...place }: { readonly out: string; readonly store: string; readonly ledger: string },
): Promise<void> {
  const words = await readWordsFile(keys)
  // A backup of other words may be all that somebody else has.
  const replaces = replace && ((path: string) => readBackupFile(path, words))
  await checkOutput(out, { keys, store: place.store }, replaces)
  const options = { ...(chainId && { chainId }), ...(sharedWords && { sharedWords }) }
  const { wallet, close } = await openStore({ keys, ...place, ...options }, { as: 'bystander' })
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

async function checkBackup({ keys, chainId, json }: BackupCommand, file: string): Promise<void> {
  const backup = await readBackupFile(file, await readWordsFile(keys), chainId)
  const now = clockSeconds()
  const text = [`${file} is whole, and opens with these words`, ...backupLines(backup, now)]
  printFacts(json, { file, ...backupFacts(backup, now) }, text.join('\n'))
}
