import type { MerchantDatabase, Row, SqlValue, Statements } from './merchant-database.js'
import { resourceOf } from './object-resource.js'
import { jsonIn, numberIn, type StoredObject, textIn } from './object-row.js'
import { insertDeliveries } from './webhook-store.js'

/** Makes a new id with a prefix. */
export type NewId = (prefix: string) => string

/** Something that has happened, as everybody is told it. */
export type StoredEvent = {
  readonly seq: number
  readonly id: string
  readonly account: string
  readonly type: string
  /** Of whom it tells. */
  readonly object: string
  /** Unix seconds of when it was noticed. */
  readonly time: number
  /** The object as it was then. */
  readonly data: unknown
}

const COLUMNS = 'seq, id, account, type, object, time, data'

/** The events of a shop, oldest first. */
export class EventStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  /** Up to `limit + 1` events behind the one with the id `after`; `undefined`: there is no such event. */
  page({
    account,
    after,
    limit,
  }: {
    readonly account: string | undefined
    readonly after: string | undefined
    readonly limit: number
  }): Promise<readonly StoredEvent[] | undefined> {
    return this.#database.read(async ({ all }) => {
      const [last] =
        after === undefined ? [] : await all('SELECT seq FROM event WHERE id = ?', [after])
      if (after !== undefined && last === undefined) return undefined
      const seq = last === undefined ? 0 : numberIn(last, 'seq')
      const [where, values]: [string, SqlValue[]] =
        account === undefined ? ['seq > ?', [seq]] : ['account = ? AND seq > ?', [account, seq]]
      const rows = await all(`SELECT ${COLUMNS} FROM event WHERE ${where} ORDER BY seq LIMIT ?`, [
        ...values,
        limit + 1,
      ])
      return rows.map(eventOf)
    })
  }

  async get(id: string): Promise<StoredEvent | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${COLUMNS} FROM event WHERE id = ?`, [id]),
    )
    return row === undefined ? undefined : eventOf(row)
  }
}

export function eventOf(row: Row): StoredEvent {
  return {
    seq: numberIn(row, 'seq'),
    id: textIn(row, 'id'),
    account: textIn(row, 'account'),
    type: textIn(row, 'type'),
    object: textIn(row, 'object'),
    time: numberIn(row, 'time'),
    data: jsonIn(row, 'data'),
  }
}

/** Tells of an object once: a second event of the same type of the same object is refused by the table itself. */
export async function insertEvent(
  statements: Statements,
  event: {
    readonly id: string
    readonly type: string
    readonly object: StoredObject
    readonly time: number
  },
  newId: NewId,
): Promise<void> {
  const { id, type, object, time } = event
  await statements.run(
    'INSERT INTO event (id, account, type, object, time, data) VALUES (?,?,?,?,?,?)',
    [...[id, object.account, type, object.id, time], JSON.stringify(resourceOf(object))],
  )
  await insertDeliveries(statements, event, () => newId('dlv'))
}
