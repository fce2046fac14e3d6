import { LedgerFault } from '../ledger-fault.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Raised with every change of the tables below. */
const FORMAT = 3

/**
 * `entry` is the state at the tip, by place in the state tree; the three columns behind the value
 * exist for lists. Blocks, and where their transactions are, stay until they are pruned: the lowest
 * height that is here is `first_block` of `meta`. `digest`: SHA-256 over id and bytes of a block,
 * so that a damaged one is found before it is served.
 */
const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE entry (
    key BLOB PRIMARY KEY,
    kind INTEGER NOT NULL,
    entry_key BLOB NOT NULL,
    value BLOB NOT NULL,
    lock BLOB,
    client_key BLOB,
    hub_key BLOB
  ) WITHOUT ROWID;
  CREATE INDEX entry_lock ON entry (lock, key) WHERE lock IS NOT NULL;
  CREATE INDEX entry_client ON entry (client_key, key) WHERE client_key IS NOT NULL;
  CREATE INDEX entry_hub ON entry (hub_key, key) WHERE hub_key IS NOT NULL;
  CREATE TABLE block (
    height INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL,
    digest BLOB NOT NULL
  );
  CREATE TABLE transaction_index (
    id BLOB PRIMARY KEY,
    height INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE mempool (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL,
    arrived_ms INTEGER NOT NULL
  );
  INSERT INTO meta VALUES ('format', ${FORMAT}), ('first_block', 1);
`

/** Makes the tables of a new file, all or none; refuses a file of another format. */
export async function prepareSchema(connection: SqliteConnection): Promise<void> {
  const tables = await connection.read((sqlite) => sqlite.all('SELECT name FROM sqlite_schema'))
  if (tables.length === 0) return connection.write((sqlite) => sqlite.exec(SCHEMA))
  const known = tables.some(({ name }) => name === 'meta')
  const [format] = known
    ? await connection.read((sqlite) => sqlite.all(`SELECT value FROM meta WHERE name = 'format'`))
    : []
  if (format?.['value'] !== FORMAT) {
    const found = String(format?.['value'] ?? 'none')
    throw new LedgerFault('store_version', `format ${FORMAT} can be read, this file has ${found}`)
  }
  return undefined
}
