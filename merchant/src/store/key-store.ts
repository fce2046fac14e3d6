import { MAIN_ACCOUNT } from '../core/caller.js'
import { KEY_ANCESTORS_MAX } from '../core/key-bounds.js'
import { PERMISSIONS, type Permission } from '../core/permission.js'
import { DAY_SECONDS, overSpent, type SpendingLimits, type Spent } from '../core/spending-limits.js'
import { type MerchantDatabase, Refusal, type Row, type Statements } from './merchant-database.js'
import {
  numberIn,
  optionalAmountIn,
  optionalNumberIn,
  optionalTextIn,
  textIn,
} from './object-row.js'
import { type DoneRequest, rememberRequest } from './request-store.js'

/** Part of a shop with books and limits of its own. */
export type Account = {
  readonly id: string
  readonly name: string
  /** Unix seconds. */
  readonly created: number
  readonly limits: SpendingLimits
}

/** A key of the API; what it is proved with is stored hashed only. */
export type ApiKey = {
  readonly id: string
  readonly account: string
  /** The key whose holder made it; absent: the operator did. */
  readonly parent: string | undefined
  readonly name: string
  readonly permissions: readonly Permission[]
  readonly created: number
  readonly expires: number | undefined
  readonly revoked: number | undefined
  readonly limits: SpendingLimits
}

const LIMITS = 'per_payment, per_day, total'
const ACCOUNT = `id, name, created, ${LIMITS}`
const KEY = `id, account, parent, name, permissions, created, expires, revoked, ${LIMITS}`

/** The ids of a key and of all that descend from it. */
const FAMILY = `WITH RECURSIVE family (id) AS (
  SELECT ? UNION SELECT api_key.id FROM api_key JOIN family ON api_key.parent = family.id
) SELECT id FROM family`
/** A key and all that it descends from. */
const LINE = `WITH RECURSIVE line (id) AS (
  SELECT ? UNION SELECT api_key.parent FROM api_key JOIN line ON api_key.id = line.id
) SELECT api_key.id, revoked, ${LIMITS} FROM api_key JOIN line ON api_key.id = line.id`

/** Accounts, their keys, and what has been spent under each. */
export class KeyStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  /** Has the shop's own account be there. */
  begin(time: number): Promise<void> {
    return this.#database.write(({ run }) =>
      run('INSERT OR IGNORE INTO account (id, name, created) VALUES (?,?,?)', [
        MAIN_ACCOUNT,
        'main',
        time,
      ]),
    )
  }

  async account(id: string): Promise<Account | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${ACCOUNT} FROM account WHERE id = ?`, [id]),
    )
    return row === undefined ? undefined : accountOf(row)
  }

  /** Oldest first. `undefined`: no account has the cursor's id. */
  accounts(cursor: string | undefined, limit: number): Promise<readonly Account[] | undefined> {
    return this.#database.read(async (statements) => {
      const seq = await placeOf(statements, 'account', cursor)
      if (seq === undefined) return undefined
      const rows = await statements.all(
        `SELECT ${ACCOUNT} FROM account WHERE seq > ? ORDER BY seq LIMIT ?`,
        [seq, limit + 1],
      )
      return rows.map(accountOf)
    })
  }

  addAccount({ id, name, created, limits }: Account, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await statements.run(
        'INSERT INTO account (id, name, created, per_payment, per_day, total) VALUES (?,?,?,?,?,?)',
        [id, name, created, ...columnsOf(limits)],
      )
    })
  }

  setLimits(id: string, limits: SpendingLimits, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await statements.run(
        'UPDATE account SET per_payment = ?, per_day = ?, total = ? WHERE id = ?',
        [...columnsOf(limits), id],
      )
    })
  }

  async key(id: string): Promise<ApiKey | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${KEY} FROM api_key WHERE id = ?`, [id]),
    )
    return row === undefined ? undefined : keyOf(row)
  }

  /** The key whose token has this SHA-256, hex. */
  async keyOfHash(hash: string): Promise<ApiKey | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${KEY} FROM api_key WHERE hash = ?`, [hash]),
    )
    return row === undefined ? undefined : keyOf(row)
  }

  /** Oldest first. `undefined`: no key has the cursor's id. */
  keys(
    account: string | undefined,
    cursor: string | undefined,
    limit: number,
  ): Promise<readonly ApiKey[] | undefined> {
    return this.#database.read(async (statements) => {
      const seq = await placeOf(statements, 'api_key', cursor)
      if (seq === undefined) return undefined
      const rows = await statements.all(
        `SELECT ${KEY} FROM api_key WHERE seq > ? AND (? IS NULL OR account = ?) ORDER BY seq LIMIT ?`,
        [seq, account ?? null, account ?? null, limit + 1],
      )
      return rows.map(keyOf)
    })
  }

  /**
   * Stores a new key. Throws `Refusal`: `not_authorized` when its parent was revoked meanwhile, `not_permitted` when it
   * would be too far from the first of its line.
   */
  addKey(
    { id, account, parent, name, permissions, created, expires, limits }: ApiKey,
    hash: string,
    request: DoneRequest,
  ): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await requireParent(statements, parent)
      await statements.run(
        'INSERT INTO api_key (id, account, parent, name, hash, permissions, created, expires, per_payment, per_day, total) VALUES (?,?,?,?,?,?,?,?,?,?,?)',
        [
          ...[
            id,
            account,
            parent ?? null,
            name,
            hash,
            permissions.join(' '),
            created,
            expires ?? null,
          ],
          ...columnsOf(limits),
        ],
      )
    })
  }

  /** Ends a key and all that descend from it, for ever; one that is revoked stays as it is. */
  revoke(id: string, time: number, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await statements.run(
        `UPDATE api_key SET revoked = ? WHERE id IN (${FAMILY}) AND revoked IS NULL`,
        [time, id],
      )
    })
  }
}

/**
 * Counts what a payment may cost at most, in the transaction that stores the payment, and before anything is promised
 * (ACCOUNT-2). Throws `Refusal` (`spending_limit_exceeded`) when a limit of the key, of one that it descends from, or of
 * its account, says no.
 */
export async function reserveSpending(
  statements: Statements,
  payment: {
    readonly id: string
    readonly account: string
    readonly key: string
    readonly time: number
    readonly amount: bigint
  },
): Promise<void> {
  const { id, account, key, time, amount } = payment
  const requireWithin = async (who: string, row: Row, whose: string, of: string) => {
    const spent = await spentBy(statements, whose, of, time)
    const refused = overSpent(who, limitsOf(row), spent, amount)
    if (refused !== undefined) throw new Refusal('spending_limit_exceeded', refused)
  }
  for (const row of await statements.all(LINE, [key])) {
    const id = textIn(row, 'id')
    const who = id === key ? 'the key' : 'a key that made this one'
    await requireWithin(who, row, `api_key IN (${FAMILY})`, id)
  }
  const [row] = await statements.all(`SELECT ${LIMITS} FROM account WHERE id = ?`, [account])
  if (row !== undefined) await requireWithin('the account', row, 'account = ?', account)
  await statements.run(
    'INSERT INTO spending (payment, account, api_key, time, amount) VALUES (?,?,?,?,?)',
    [id, account, key, time, amount.toString()],
  )
}

/** What a payment has cost in the end, base units; 0: nothing, and what was promised for it is free again. */
export async function settleSpending(
  { run }: Statements,
  payment: string,
  cost: bigint,
): Promise<void> {
  if (cost === 0n) await run('DELETE FROM spending WHERE payment = ?', [payment])
  else await run('UPDATE spending SET amount = ? WHERE payment = ?', [cost.toString(), payment])
}

/** Sums of halves: all of them together may be more than SQLite's integers hold. */
const SUM =
  'COALESCE(SUM(CAST(amount AS INTEGER) / 1000000000), 0) AS high, COALESCE(SUM(CAST(amount AS INTEGER) % 1000000000), 0) AS low'

async function spentBy(
  { all }: Statements,
  whose: string,
  of: string,
  now: number,
): Promise<Spent> {
  const sum = async (since: number) => {
    const [row = {}] = await all(`SELECT ${SUM} FROM spending WHERE ${whose} AND time > ?`, [
      of,
      since,
    ])
    return BigInt(numberIn(row, 'high')) * 1_000_000_000n + BigInt(numberIn(row, 'low'))
  }
  return { day: await sum(now - DAY_SECONDS), ever: await sum(-1) }
}

/** A key that is made by another's holder is made by one who may still ask, and not without end. */
async function requireParent({ all }: Statements, parent: string | undefined): Promise<void> {
  if (parent === undefined) return
  const line = await all(LINE, [parent])
  if (line.some((row) => optionalNumberIn(row, 'revoked') !== undefined)) {
    throw new Refusal('not_authorized', 'the key was revoked')
  }
  if (line.length > KEY_ANCESTORS_MAX) {
    const detail = `a key has ${KEY_ANCESTORS_MAX} keys before it at most: make this one with another`
    throw new Refusal('not_permitted', detail)
  }
}

async function placeOf(
  { all }: Statements,
  table: 'account' | 'api_key',
  cursor: string | undefined,
): Promise<number | undefined> {
  if (cursor === undefined) return 0
  const [row] = await all(`SELECT seq FROM ${table} WHERE id = ?`, [cursor])
  return row === undefined ? undefined : numberIn(row, 'seq')
}

function columnsOf({ perPayment, perDay, total }: SpendingLimits): (string | null)[] {
  return [perPayment, perDay, total].map((limit) => limit?.toString() ?? null)
}

function limitsOf(row: Row): SpendingLimits {
  return {
    perPayment: optionalAmountIn(row, 'per_payment'),
    perDay: optionalAmountIn(row, 'per_day'),
    total: optionalAmountIn(row, 'total'),
  }
}

function accountOf(row: Row): Account {
  const [id, name] = [textIn(row, 'id'), textIn(row, 'name')]
  return { id, name, created: numberIn(row, 'created'), limits: limitsOf(row) }
}

function keyOf(row: Row): ApiKey {
  const may = new Set(textIn(row, 'permissions').split(' '))
  return {
    id: textIn(row, 'id'),
    account: textIn(row, 'account'),
    parent: optionalTextIn(row, 'parent'),
    name: textIn(row, 'name'),
    permissions: PERMISSIONS.filter((permission) => may.has(permission)),
    created: numberIn(row, 'created'),
    expires: optionalNumberIn(row, 'expires'),
    revoked: optionalNumberIn(row, 'revoked'),
    limits: limitsOf(row),
  }
}
