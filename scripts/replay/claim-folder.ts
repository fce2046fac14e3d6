import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Another file is played in this folder: its books would not fit. */
export class FolderOfAnotherFile extends Error {
  override readonly name = 'FolderOfAnotherFile'
  readonly code = 'folder_of_another_file'
}

/** Keeps a data folder for one file of orders, by its fingerprint. */
export function claimFolder(dataDir: string, fingerprint: string): void {
  const path = join(dataDir, 'orders.sha256')
  if (!existsSync(path)) writeFileSync(path, `${fingerprint}\n`)
  else if (readFileSync(path, 'utf8').trim() !== fingerprint) {
    throw new FolderOfAnotherFile(
      `${dataDir} holds the replay of another file; take another folder`,
    )
  }
}
