import {
  type RowWrite,
  SealedDatabase,
  type SealedTable,
  storedBytes,
  storedNumber,
} from '@tallystick/client-sdk/node'
import { type ChainId, COUNTER_MAX, fromHex, type PublicKey, toHex } from '@tallystick/protocol'
import type { KeptBackup } from '../core/weigh-backup.js'

/** Format of the file; one of another is refused by name. */
const BACKUPS_VERSION = 1

/** Which backups there are: read at the start, and held to the mark. */
const KEPT: SealedTable = {
  name: 'backup',
  kind: 'live',
  columns: [
    { name: 'identity', type: 'BLOB' },
    { name: 'version', type: 'INTEGER' },
    { name: 'sha256', type: 'BLOB' },
  ],
  keys: 1,
}
/** Their bytes, which are read only when somebody asks for them. */
const SEALED: SealedTable = {
  name: 'backup_bytes',
  kind: 'history',
  columns: [
    { name: 'identity', type: 'BLOB' },
    { name: 'sealed', type: 'BLOB' },
  ],
  keys: 1,
}

const ADVICE =
  'put the newest copy back, or remove the file, its "-wal" and its mark: clients send theirs again'

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

/** Opens (or creates) the backups of a hub on `chainId`, for this process alone. Errors: `StoreFault`. */
export async function openBackupRows(path: string, chainId: ChainId): Promise<BackupRows> {
  const database = await SealedDatabase.open({
    path,
    owner: chainId,
    format: BACKUPS_VERSION,
    tables: [KEPT, SEALED],
    advice: { copy: ADVICE, damage: ADVICE },
    unmarked: 'made',
  })
  return {
    list: async () => {
      const found: Omit<BackupRow, 'sealed'>[] = []
      for await (const rows of database.scan(KEPT)) found.push(...rows.map(keptOf))
      return found
    },
    sealed: async (identity) => {
      const [row] = await database.lookup(SEALED, [[fromHex(identity)]])
      return row && storedBytes(row, 'sealed')
    },
    commit: (rows, dropped) =>
      database.commit([...rows.flatMap(putOf), ...dropped.flatMap(removeOf)]),
    close: () => database.close(),
  }
}

function keptOf(row: Readonly<Record<string, unknown>>): Omit<BackupRow, 'sealed'> {
  return {
    identity: toHex(storedBytes(row, 'identity', 32)) as PublicKey,
    version: storedNumber(row, 'version', parseVersion, 'the version of a backup'),
    digest: storedBytes(row, 'sha256', 32),
  }
}

function parseVersion(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 1 && value <= COUNTER_MAX ? value : undefined
}

function putOf({ identity, version, digest, sealed }: BackupRow): RowWrite[] {
  const key = fromHex(identity)
  return [
    { kind: 'put', table: KEPT, values: [key, version, digest] },
    { kind: 'put', table: SEALED, values: [key, sealed] },
  ]
}

function removeOf(identity: PublicKey): RowWrite[] {
  const key = [fromHex(identity)]
  return [
    { kind: 'remove', table: KEPT, key },
    { kind: 'remove', table: SEALED, key },
  ]
}
