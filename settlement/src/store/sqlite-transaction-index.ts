import { compareText, fromHex, type Outpoint, type TxId } from '@tallystick/protocol'
import type { BlockCommit, PlaceQuery, Position, TransactionIndex } from './ledger-store.js'
import { runRows } from './sqlite-block-commit.js'
import type { SqliteRow, SqliteValue, SqliteWork } from './sqlite-connection.js'
import { numberOf } from './sqlite-row.js'

/**
 * Of an id that somebody else's rows point to, so many bytes are kept: nobody finds two ids that
 * begin with the same 16 bytes.
 */
const ID_PREFIX_BYTES = 16

/** Which transactions a block holds, and what they used: one statement per kind and 1,000 rows. */
export async function writeTransactionIndex(
  sqlite: SqliteWork,
  { height, transactions, uses }: Pick<BlockCommit, 'height' | 'transactions' | 'uses'>,
): Promise<void> {
  const placed = transactions.map((id, position) => ({ id, position }))
  await runRows(sqlite, placed, ({ id, position }) => [height, position, fromHex(id)], {
    head: 'INSERT INTO transaction_index (height, position, id) VALUES',
    tail: '',
  })
  const spend = ({ outpoint, position }: BlockCommit['uses']['spends'][number]) =>
    [...outpointColumns(outpoint), height, position] as const
  // In the order of the table: a page that several of the rows go to is then written once.
  const spends = [...uses.spends].sort((a, b) => compareText(a.outpoint.txId, b.outpoint.txId))
  await runRows(sqlite, spends, spend, {
    head: 'INSERT INTO coin_spend (creator, coin_index, height, position) VALUES',
    tail: '',
  })
  const channelUse = ({ channel, position }: BlockCommit['uses']['channels'][number]) =>
    [channel, height, position] as const
  await runRows(sqlite, uses.channels, channelUse, {
    head: 'INSERT INTO channel_use (channel, height, position) VALUES',
    tail: '',
  })
}

/** Forgets the blocks below `first`, which spent `spends`. */
export async function removeFromTransactionIndex(
  sqlite: SqliteWork,
  first: number,
  spends: readonly Outpoint[],
): Promise<void> {
  await sqlite.run('DELETE FROM transaction_index WHERE height < ?', [first])
  await sqlite.run('DELETE FROM channel_use WHERE height < ?', [first])
  // By key: an index by height would cost 25 bytes for every coin that was ever spent.
  await runRows(sqlite, spends, outpointColumns, {
    head: 'DELETE FROM coin_spend WHERE (creator, coin_index) IN (VALUES',
    tail: ')',
  })
}

type Select = (sql: string, ...values: readonly SqliteValue[]) => Promise<readonly SqliteRow[]>

/** The queries behind `TransactionIndex`. */
export class SqliteTransactionIndex implements TransactionIndex {
  readonly #select: Select

  constructor(select: Select) {
    this.#select = select
  }

  async position(id: TxId) {
    const sql = `SELECT height, position FROM transaction_index
      WHERE substr(id, 1, 8) = ? AND id = ?`
    const bytes = fromHex(id)
    const [row] = await this.#select(sql, bytes.subarray(0, 8), bytes)
    return row && positionOf(row)
  }

  async spendOf(outpoint: Outpoint) {
    const sql = 'SELECT height, position FROM coin_spend WHERE creator = ? AND coin_index = ?'
    const [row] = await this.#select(sql, ...outpointColumns(outpoint))
    return row && positionOf(row)
  }

  async usesOf(channel: number, { after, limit }: PlaceQuery) {
    const rows = await this.#select(
      `SELECT height, position FROM channel_use
        WHERE channel = ? AND (height, position) > (?, ?) ORDER BY height, position LIMIT ?`,
      ...[channel, after?.height ?? -1, after?.position ?? -1, limit],
    )
    return rows.map(positionOf)
  }
}

function outpointColumns({ txId, index }: Outpoint): readonly [Uint8Array, number] {
  return [fromHex(txId).subarray(0, ID_PREFIX_BYTES), index]
}

function positionOf(row: SqliteRow): Position {
  return { height: numberOf(row, 'height'), position: numberOf(row, 'position') }
}
