import { type ChannelNumber, fromHex, type TxId, toHex } from '@tallystick/protocol'
import { DamagedBlock, LedgerFault } from '../ledger-fault.js'
import { LOAD_ROWS } from '../limits.js'
import { prepareSchema } from './ledger-schema.js'
import type {
  EntryBatch,
  LedgerStore,
  PageQuery,
  StoredBlock,
  TransactionIndex,
} from './ledger-store.js'
import {
  removeBlockRows,
  writeBlock,
  writeBlockRow,
  writeEntries,
  writeHandovers,
  writePending,
} from './sqlite-block-commit.js'
import { SqliteConnection, type SqliteRow, type SqliteValue } from './sqlite-connection.js'
import {
  BLOCK_COLUMNS,
  bytesOf,
  ENTRY_COLUMNS,
  entryBatch,
  numberOf,
  ownedEntry,
  PACKED_ENTRIES,
  storedBlock,
  storedEntry,
} from './sqlite-row.js'
import { SqliteTransactionIndex } from './sqlite-transaction-index.js'

/**
 * Opens (or makes) the ledger in a SQLite file; see `LedgerStore` for what it promises, which a
 * `scratch` one keeps until power is lost only.
 */
export async function openSqliteLedgerStore(
  path: string,
  use: 'durable' | 'scratch' = 'durable',
): Promise<LedgerStore> {
  const connection = await SqliteConnection.open(path, use)
  try {
    await prepareSchema(connection)
  } catch (error) {
    await connection.close()
    throw error
  }
  return new SqliteLedgerStore(connection)
}

class SqliteLedgerStore implements LedgerStore {
  readonly index: TransactionIndex
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.index = new SqliteTransactionIndex((sql, ...values) => this.#all(sql, ...values))
  }

  async chainId() {
    const [row] = await this.#all(`SELECT value FROM meta WHERE name = 'chain'`)
    return row === undefined ? undefined : String(row['value'])
  }

  begin(chainId: string, entries: Parameters<LedgerStore['begin']>[1]) {
    return this.#connection.write(async (sqlite) => {
      await sqlite.run(`INSERT INTO meta VALUES ('chain', ?)`, [chainId])
      await writeEntries(sqlite, entries)
    })
  }

  beginAt(...[chainId, handovers, entries, block]: Parameters<LedgerStore['beginAt']>) {
    return this.#connection.write(async (sqlite) => {
      await sqlite.run(`INSERT INTO meta VALUES ('chain', ?)`, [chainId])
      for await (const rows of entries) await writeEntries(sqlite, rows)
      await writeHandovers(sqlite, handovers)
      const row = block()
      await writeBlockRow(sqlite, row)
      await removeBlockRows(sqlite, row.height, [])
    })
  }

  async firstHeight() {
    const [row] = await this.#all(`SELECT value FROM meta WHERE name = 'first_block'`)
    if (row === undefined) throw new LedgerFault('store_corrupt', 'no first block is named')
    return numberOf(row, 'value')
  }

  removeBlocks(...[first, spends]: Parameters<LedgerStore['removeBlocks']>) {
    return this.#connection.write((sqlite) => removeBlockRows(sqlite, first, spends))
  }

  compact() {
    return this.#connection.read((sqlite) => sqlite.exec('VACUUM'))
  }

  async fileDamage() {
    const rows = await this.#all('PRAGMA integrity_check')
    return rows.map((row) => String(row['integrity_check'])).filter((found) => found !== 'ok')
  }

  async *ownedEntries(limit = LOAD_ROWS) {
    const sql = `SELECT ${ENTRY_COLUMNS}, lock, client_key, hub_key FROM entry
      WHERE key > ? ORDER BY key LIMIT ?`
    let after: Uint8Array = new Uint8Array()
    for (;;) {
      const rows = (await this.#all(sql, after, limit)).map(ownedEntry)
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows
      after = last.key
    }
  }

  async indexCounts() {
    const count = async (table: string) => {
      const [row] = await this.#all(`SELECT count(*) AS count FROM ${table}`)
      return row === undefined ? 0 : numberOf(row, 'count')
    }
    return {
      transactions: await count('transaction_index'),
      spends: await count('coin_spend'),
      channelUses: await count('channel_use'),
    }
  }

  async channelUses(height: number) {
    const sql = `SELECT channel, position FROM channel_use WHERE height = ?
      ORDER BY position, channel`
    return (await this.#all(sql, height)).map((row) => ({
      channel: numberOf(row, 'channel') as ChannelNumber,
      position: numberOf(row, 'position'),
    }))
  }

  async entryCount() {
    const [row] = await this.#all('SELECT count(*) AS count FROM entry')
    return row === undefined ? 0 : numberOf(row, 'count')
  }

  async *entries(): AsyncGenerator<EntryBatch> {
    const sql = `SELECT ${PACKED_ENTRIES} FROM
      (SELECT ${ENTRY_COLUMNS} FROM entry WHERE key > ? ORDER BY key LIMIT ?)`
    const readAfter = async (key: Uint8Array) => {
      const [row] = await this.#all(sql, key, LOAD_ROWS)
      if (row === undefined) throw new LedgerFault('store_failed', 'a sum over rows has no row')
      return entryBatch(row)
    }
    let next = readAfter(new Uint8Array())
    for (;;) {
      const batch = await next
      if (batch.count === 0) return
      // SQLite reads on in its own thread while these are taken in.
      next = readAfter(batch.keys.slice(-32))
      next.catch(() => undefined)
      yield batch
    }
  }

  async tip() {
    const [row] = await this.#all(`SELECT ${BLOCK_COLUMNS} FROM block ORDER BY height DESC LIMIT 1`)
    return row && storedBlock(row)
  }

  commitBlock(commit: Parameters<LedgerStore['commitBlock']>[0]) {
    return this.#connection.write((sqlite) => writeBlock(sqlite, commit))
  }

  addPending(transactions: Parameters<LedgerStore['addPending']>[0]) {
    return this.#connection.write((sqlite) => writePending(sqlite, transactions))
  }

  async pending() {
    const rows = await this.#all('SELECT id, bytes, arrived_ms FROM mempool ORDER BY arrival')
    return rows.map((row) => ({
      id: toHex(bytesOf(row, 'id')) as TxId,
      encoded: bytesOf(row, 'bytes'),
      arrivedMs: numberOf(row, 'arrived_ms'),
    }))
  }

  async block(height: number) {
    const [row] = await this.#all(`SELECT ${BLOCK_COLUMNS} FROM block WHERE height = ?`, height)
    return row && storedBlock(row)
  }

  blocks(from: number, limit: number, bytesMax: number) {
    return this.#blocks('height >= ? ORDER BY height', from, limit, bytesMax)
  }

  blocksDown(from: number, limit: number, bytesMax: number) {
    return this.#blocks('height <= ? ORDER BY height DESC', from, limit, bytesMax)
  }

  async #blocks(
    which: string,
    from: number,
    limit: number,
    bytesMax: number,
  ): Promise<readonly StoredBlock[]> {
    const select = (columns: string, count: number) =>
      this.#all(`SELECT ${columns} FROM block WHERE ${which} LIMIT ?`, from, count)
    let [count, bytes] = [0, 0]
    for (const row of await select('length(bytes) AS size', limit)) {
      bytes += numberOf(row, 'size')
      if (count > 0 && bytes > bytesMax) break
      count++
    }
    return count === 0 ? [] : wholeBlocks(await select(BLOCK_COLUMNS, count))
  }

  async handovers(from: number, limit: number) {
    const sql = `SELECT activation_height, bytes FROM handover
      WHERE activation_height >= ? ORDER BY activation_height LIMIT ?`
    return (await this.#all(sql, from, limit)).map((row) => ({
      activationHeight: numberOf(row, 'activation_height'),
      bytes: bytesOf(row, 'bytes'),
    }))
  }

  async coinsOf(lock: string, { after, limit }: PageQuery) {
    const rows = await this.#all(
      `SELECT ${ENTRY_COLUMNS} FROM entry WHERE lock = ? AND key > ? ORDER BY key LIMIT ?`,
      ...[fromHex(lock), after ?? new Uint8Array(), limit],
    )
    return rows.map(storedEntry)
  }

  async channelsOf(key: string, { after, limit }: PageQuery) {
    const half = (column: string) =>
      `SELECT * FROM (SELECT ${ENTRY_COLUMNS} FROM entry
        WHERE ${column} = ?1 AND key > ?2 ORDER BY key LIMIT ?3)`
    const rows = await this.#all(
      `${half('client_key')} UNION ALL ${half('hub_key')} ORDER BY key LIMIT ?3`,
      ...[fromHex(key), after ?? new Uint8Array(), limit],
    )
    return rows.map(storedEntry)
  }

  close() {
    return this.#connection.close()
  }

  #all(sql: string, ...values: readonly SqliteValue[]): Promise<readonly SqliteRow[]> {
    return this.#connection.read((sqlite) => sqlite.all(sql, values))
  }
}

/** Blocks up to the first that is damaged, which is told to who asks for it first of all. */
function wholeBlocks(rows: readonly SqliteRow[]): readonly StoredBlock[] {
  const blocks: StoredBlock[] = []
  for (const row of rows) {
    try {
      blocks.push(storedBlock(row))
    } catch (error) {
      if (error instanceof DamagedBlock && blocks.length > 0) break
      throw error
    }
  }
  return blocks
}
