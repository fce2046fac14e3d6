import { LedgerFault } from '../ledger-fault.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Raised with every change of the tables below. */
const FORMAT = 7

/**
 * `entry` is the state at the tip, by place in the state tree; the three columns behind the value
 * exist for lists. Handovers stay for ever; blocks, where their transactions are, and which of them
 * used a channel or spent a coin, until they are pruned: the lowest height that is here is
 * `first_block` of `meta`. 68 bytes a transaction, 30 an input, 30 a channel used, and a tenth of a
 * second per block of 10,000 payments. Rows are in the order in which blocks come where they can be,
 * so that most are appended; of ids, which are scattered, only a part is indexed. `digest`: SHA-256
 * over id and bytes of a block, so that a damaged one is found before it is served.
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
  CREATE TABLE handover (activation_height INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE transaction_index (
    height INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (height, position)
  ) WITHOUT ROWID;
  CREATE INDEX transaction_id ON transaction_index (substr(id, 1, 8));
  CREATE TABLE coin_spend (
    creator BLOB NOT NULL,
    coin_index INTEGER NOT NULL,
    height INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (creator, coin_index)
  ) WITHOUT ROWID;
  CREATE TABLE channel_use (
    channel INTEGER NOT NULL,
    height INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (channel, height, position)
  ) WITHOUT ROWID;
  CREATE INDEX channel_use_height ON channel_use (height);
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
