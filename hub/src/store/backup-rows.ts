import { StoreFault } from '@tallystick/client-sdk'
import {
  openDatabase,
  type SqliteDatabase,
  storedBytes,
  storedNumber,
} from '@tallystick/client-sdk/node'
import { COUNTER_MAX, fromHex, type PublicKey, toHex } from '@tallystick/protocol'
import type { KeptBackup } from '../core/weigh-backup.js'

/** Format of the file; one of another is refused by name. */
const FORMAT = 1
const SCHEMA = `
CREATE TABLE backup (
  identity BLOB PRIMARY KEY, version INTEGER NOT NULL, digest BLOB NOT NULL, sealed BLOB NOT NULL);
PRAGMA user_version = ${FORMAT};
`

/** A wallet's sealed backup. */
export type BackupRow = KeptBackup & { readonly identity: PublicKey; readonly sealed: Uint8Array }

/**
 * The backups of clients on disk, one each. They are in a file of their own: a megabyte of one client
 * must not keep everybody's payments waiting for the journal's disk.
 */
export type BackupRows = {
  /** Which backups there are. */
  list(): Promise<readonly Omit<BackupRow, 'sealed'>[]>
  sealed(identity: PublicKey): Promise<Uint8Array | undefined>
  /** One transaction; when the promise is kept, it is synced to disk. */
  commit(rows: readonly BackupRow[], dropped: readonly PublicKey[]): Promise<void>
  close(): Promise<void>
}

/** Opens (or creates) the file, for this process alone. Errors: `StoreFault`. */
export async function openBackupRows(path: string): Promise<BackupRows> {
  const database = await openDatabase(path)
  try {
    await checkFormat(database, path)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    list: async () => {
      const rows = await database.all('SELECT identity, version, digest FROM backup')
      return rows.map((row) => ({
        identity: toHex(storedBytes(row, 'identity', 32)) as PublicKey,
        version: storedNumber(row, 'version', parseVersion, 'the version of a backup'),
        digest: storedBytes(row, 'digest', 32),
      }))
    },
    sealed: async (identity) => {
      const [row] = await database.all('SELECT sealed FROM backup WHERE identity = ?', [
        fromHex(identity),
      ])
      return row && storedBytes(row, 'sealed')
    },
    commit: (rows, dropped) =>
      database.transaction(async (transaction) => {
        for (const { identity, version, digest, sealed } of rows) {
          const values = [fromHex(identity), version, digest, sealed]
          await transaction.run('INSERT OR REPLACE INTO backup VALUES (?, ?, ?, ?)', values)
        }
        for (const identity of dropped) {
          await transaction.run('DELETE FROM backup WHERE identity = ?', [fromHex(identity)])
        }
      }),
    close: () => database.close(),
  }
}

async function checkFormat(database: SqliteDatabase, path: string): Promise<void> {
  const [row = {}] = await database.all('PRAGMA user_version')
  const format = row['user_version']
  if (format === 0) await database.exec(`BEGIN; ${SCHEMA} COMMIT`)
  else if (format !== FORMAT) {
    throw new StoreFault('store_version', `${path} has format ${format}, not ${FORMAT}`)
  }
}

function parseVersion(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 1 && value <= COUNTER_MAX ? value : undefined
}
