import { StoreFault } from '@tallystick/client-sdk'
import { storedNumber } from '@tallystick/client-sdk/node'
import { MerchantDatabase } from './merchant-database.js'

/** Format of `merchant.db`; one of another is refused by name. */
const FORMAT = 2

// Amounts are decimal text: SQLite's numbers come back as JavaScript's, which are too short for money.
const TABLES = `
CREATE TABLE IF NOT EXISTS account (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created INTEGER NOT NULL,
  per_payment TEXT, per_day TEXT, total TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS api_key (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
  permissions TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER,
  per_payment TEXT, per_day TEXT, total TEXT, parent TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS key_of_parent ON api_key (parent);
CREATE TABLE IF NOT EXISTS request (
  account TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL,
  object TEXT NOT NULL, PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL, link TEXT NOT NULL,
  status TEXT NOT NULL, created INTEGER NOT NULL, data TEXT NOT NULL, UNIQUE (kind, link)
) STRICT;
CREATE INDEX IF NOT EXISTS object_of_account ON object (account, kind, seq);
CREATE INDEX IF NOT EXISTS object_by_status ON object (kind, status, seq);
CREATE INDEX IF NOT EXISTS payout_of_transaction ON object (json_extract(data, '$.transaction'))
  WHERE kind = 'payout';
CREATE TABLE IF NOT EXISTS spending (
  payment TEXT PRIMARY KEY, account TEXT NOT NULL, api_key TEXT NOT NULL,
  time INTEGER NOT NULL, amount TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spending_of_key ON spending (api_key, time);
CREATE INDEX IF NOT EXISTS spending_of_account ON spending (account, time);
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, type TEXT NOT NULL, object TEXT NOT NULL,
  time INTEGER NOT NULL, data TEXT NOT NULL, UNIQUE (object, type)
) STRICT;
CREATE INDEX IF NOT EXISTS event_of_account ON event (account, seq);
CREATE TABLE IF NOT EXISTS booking (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL, reference TEXT NOT NULL, ledger TEXT NOT NULL, channels TEXT NOT NULL,
  link TEXT NOT NULL, account TEXT NOT NULL, text TEXT NOT NULL, time INTEGER NOT NULL,
  UNIQUE (kind, reference)
) STRICT;
CREATE INDEX IF NOT EXISTS booking_of_link ON booking (link, kind);
CREATE TABLE IF NOT EXISTS own_coin (
  outpoint TEXT PRIMARY KEY, amount TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS followed (one INTEGER PRIMARY KEY CHECK (one = 1), height INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seen_invoice (one INTEGER PRIMARY KEY CHECK (one = 1), place INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS webhook_endpoint (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, url TEXT NOT NULL, description TEXT NOT NULL,
  types TEXT NOT NULL, secret TEXT NOT NULL, old_secret TEXT, old_until INTEGER, disabled TEXT,
  created INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS webhook_delivery (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, endpoint TEXT NOT NULL, event TEXT NOT NULL, type TEXT NOT NULL,
  object TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, next_time INTEGER NOT NULL,
  created INTEGER NOT NULL, UNIQUE (endpoint, event)
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_due ON webhook_delivery (endpoint, next_time)
  WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS delivery_of_object ON webhook_delivery (endpoint, object, seq)
  WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS webhook_attempt (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery TEXT NOT NULL, time INTEGER NOT NULL, duration_ms INTEGER NOT NULL, status INTEGER,
  error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS attempt_of_delivery ON webhook_attempt (delivery, seq);
`

/** Keys did not say who made them in format 1: those count as the operator's. */
const FROM_FORMAT_1 = 'ALTER TABLE api_key ADD COLUMN parent TEXT;'

/** Opens, or creates, the server's own file. Throws `StoreFault`: `store_in_use`, `store_version`, what fails. */
export async function openMerchantDatabase(
  path: string,
  onFault: (fault: StoreFault) => void,
): Promise<MerchantDatabase> {
  const database = await MerchantDatabase.open(path, onFault)
  try {
    const [row = {}] = await database.read(({ all }) => all('PRAGMA user_version'))
    const format = storedNumber(row, 'user_version', (value) => value, 'a number')
    if (format !== 0 && format !== 1 && format !== FORMAT) {
      const detail = `${path} has format ${format}, this release reads ${FORMAT}`
      throw new StoreFault('store_version', detail)
    }
    const change = format === 1 ? FROM_FORMAT_1 : ''
    await database.prepare(`BEGIN; ${change} ${TABLES} PRAGMA user_version=${FORMAT}; COMMIT`)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}
