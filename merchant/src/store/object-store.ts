import { eventTypes, type ObjectKind, type ObjectStatus } from '../core/object-events.js'
import { insertEvent, type NewId } from './event-store.js'
import type { MerchantDatabase, SqlValue, Statements } from './merchant-database.js'
import { OBJECT_COLUMNS, objectOf, type StoredObject } from './object-row.js'

/** Whose objects are asked for; absent: everybody's. */
export type Scope = { readonly account: string | undefined }

export type PageWish = Scope & {
  readonly kind: ObjectKind
  readonly status: string | undefined
  /** Go on behind the object with this id. */
  readonly cursor: string | undefined
  readonly limit: number
}

/** An object as it is to be; `undefined`: it stays as it is. */
export type Change = {
  readonly status: ObjectStatus
  readonly data: object
  readonly isHold?: boolean
}

/** The objects of a shop, newest first in lists. */
export class ObjectStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  get(id: string): Promise<StoredObject | undefined> {
    return this.#database.read((statements) => findObject(statements, 'id', [id]))
  }

  byLink(kind: ObjectKind, link: string): Promise<StoredObject | undefined> {
    return this.#database.read((statements) => findObject(statements, 'kind, link', [kind, link]))
  }

  /** Up to `limit + 1` objects; `undefined`: there is no object with the cursor's id. */
  page({
    kind,
    account,
    status,
    cursor,
    limit,
  }: PageWish): Promise<readonly StoredObject[] | undefined> {
    return this.#database.read(async (statements) => {
      const last = cursor === undefined ? undefined : await findObject(statements, 'id', [cursor])
      if (cursor !== undefined && last?.kind !== kind) return undefined
      const where: [string, SqlValue][] = [['kind = ?', kind]]
      if (account !== undefined) where.push(['account = ?', account])
      if (status !== undefined) where.push(['status = ?', status])
      if (last !== undefined) where.push(['seq < ?', last.seq])
      const rows = await statements.all(
        `SELECT ${OBJECT_COLUMNS} FROM object WHERE ${where.map(([one]) => one).join(' AND ')} ORDER BY seq DESC LIMIT ?`,
        [...where.map(([, value]) => value), limit + 1],
      )
      return rows.map(objectOf)
    })
  }

  /** Those of a status, oldest first, behind `after`. */
  async withStatus(
    kind: ObjectKind,
    status: ObjectStatus,
    after: number,
    limit: number,
  ): Promise<readonly StoredObject[]> {
    const rows = await this.#database.read(({ all }) =>
      all(
        `SELECT ${OBJECT_COLUMNS} FROM object WHERE kind = ? AND status = ? AND seq > ? ORDER BY seq LIMIT ?`,
        [kind, status, after, limit],
      ),
    )
    return rows.map(objectOf)
  }
}

/** What a new object is. */
export type NewObject = Omit<StoredObject, 'seq' | 'data'> & { readonly data: object }

export async function insertObject({ run }: Statements, object: NewObject): Promise<void> {
  const { id, kind, account, link, status, created, data } = object
  await run(
    'INSERT INTO object (id, kind, account, link, status, created, data) VALUES (?,?,?,?,?,?,?)',
    [id, kind, account, link, status, created, JSON.stringify(data)],
  )
}

/** Puts an object that was refused before it had any effect out of the way. */
export async function removeObject({ run }: Statements, id: string): Promise<void> {
  await run('DELETE FROM object WHERE id = ?', [id])
}

/**
 * Has an object become what it is now, with one event for each status that it has come to: both are in one
 * transaction, so that there is never one without the other. A status that may not follow is left as it is.
 */
export async function changeObject(
  statements: Statements,
  before: StoredObject,
  { status, data, isHold = false }: Change,
  { time, newId }: { readonly time: number; readonly newId: NewId },
): Promise<StoredObject> {
  const types = eventTypes(before.kind, before.status, status, { isHold })
  const now = types.length === 0 ? before.status : status
  const after = { ...before, status: now, data }
  await statements.run('UPDATE object SET status = ?, data = ? WHERE id = ?', [
    ...[now, JSON.stringify(data)],
    before.id,
  ])
  for (const type of types) {
    await insertEvent(statements, { id: newId('evt'), type, object: after, time }, newId)
  }
  return after
}

/** An object by the value of columns that no two share. */
export async function findObject(
  { all }: Statements,
  columns: 'id' | 'kind, link',
  values: readonly SqlValue[],
): Promise<StoredObject | undefined> {
  const marks = values.map(() => '?').join(', ')
  const [row] = await all(
    `SELECT ${OBJECT_COLUMNS} FROM object WHERE (${columns}) = (${marks})`,
    values,
  )
  return row === undefined ? undefined : objectOf(row)
}
