import { MAIN_ACCOUNT } from '../core/caller.js'
import type { DeliveryOutcome, DeliveryStep } from '../core/delivery-step.js'
import { DELIVERY_LOG_SECONDS, ENDPOINTS_MAX } from '../limits.js'
import {
  type MerchantDatabase,
  Refusal,
  type Row,
  type SqlValue,
  type Statements,
} from './merchant-database.js'
import {
  jsonIn,
  numberIn,
  optionalNumberIn,
  optionalTextIn,
  type StoredObject,
  textIn,
} from './object-row.js'
import { type DoneRequest, rememberRequest } from './request-store.js'

/** Somebody who is sent events. */
export type WebhookEndpoint = {
  readonly id: string
  readonly account: string
  readonly url: string
  readonly description: string
  /** Types of events; none: all. */
  readonly types: readonly string[]
  readonly secret: string
  /** The secret before, and until when it signs as well, Unix seconds. */
  readonly oldSecret: string | undefined
  readonly oldUntil: number | undefined
  /** Why nothing is sent; absent: it is. */
  readonly disabled: string | undefined
  readonly created: number
}

export type DeliveryStatus = 'pending' | 'delivered' | 'failed'

/** One event for one receiver. */
export type Delivery = {
  readonly id: string
  readonly endpoint: string
  readonly event: string
  readonly type: string
  readonly object: string
  readonly status: DeliveryStatus
  readonly attempts: number
  /** When it is tried next, Unix seconds. */
  readonly nextTime: number
  readonly created: number
}

/** One attempt at a delivery. */
export type Attempt = {
  readonly time: number
  readonly durationMs: number
  readonly status: number | undefined
  readonly error: string | undefined
}

const ENDPOINT =
  'id, account, url, description, types, secret, old_secret, old_until, disabled, created'
const DELIVERY = 'id, endpoint, event, type, object, status, attempts, next_time, created'

/** Receivers of events, and what was and is to be delivered to them. */
export class WebhookStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  async endpoint(id: string): Promise<WebhookEndpoint | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${ENDPOINT} FROM webhook_endpoint WHERE id = ?`, [id]),
    )
    return row === undefined ? undefined : endpointOf(row)
  }

  /** Oldest first. `undefined`: none has the cursor's id. */
  endpoints(
    account: string | undefined,
    cursor: string | undefined,
    limit: number,
  ): Promise<readonly WebhookEndpoint[] | undefined> {
    return this.#page(
      'webhook_endpoint',
      ENDPOINT,
      { where: [['account = ?', account]], cursor, limit, order: 'ASC' },
      endpointOf,
    )
  }

  /** Errors: `Refusal` (`state_conflict`) when there are too many. */
  addEndpoint(endpoint: WebhookEndpoint, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await requirePlace(statements)
      const { id, account, url, description, types, secret, created } = endpoint
      await statements.run(
        'INSERT INTO webhook_endpoint (id, account, url, description, types, secret, created) VALUES (?,?,?,?,?,?,?)',
        [id, account, url, description, JSON.stringify(types), secret, created],
      )
    })
  }

  /** `reason`: why nothing is to be sent; `undefined`: it is again. Errors: `Refusal` (`state_conflict`) when there are too many. */
  setDisabled(id: string, reason: string | undefined, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      if (reason === undefined && (await isDisabled(statements, id))) await requirePlace(statements)
      await statements.run('UPDATE webhook_endpoint SET disabled = ? WHERE id = ?', [
        reason ?? null,
        id,
      ])
    })
  }

  rotate(id: string, secret: string, oldUntil: number, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      await statements.run(
        'UPDATE webhook_endpoint SET old_secret = secret, old_until = ?, secret = ? WHERE id = ?',
        [oldUntil, secret, id],
      )
    })
  }

  async delivery(id: string): Promise<Delivery | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all(`SELECT ${DELIVERY} FROM webhook_delivery WHERE id = ?`, [id]),
    )
    return row === undefined ? undefined : deliveryOf(row)
  }

  /** Newest first. `undefined`: none has the cursor's id. */
  deliveries(wish: {
    readonly account: string | undefined
    readonly endpoint: string | undefined
    readonly event: string | undefined
    readonly status: string | undefined
    readonly cursor: string | undefined
    readonly limit: number
  }): Promise<readonly Delivery[] | undefined> {
    const { account, endpoint, event, status, cursor, limit } = wish
    const where: [string, SqlValue | undefined][] = [
      ['endpoint IN (SELECT id FROM webhook_endpoint WHERE account = ?)', account],
      ['endpoint = ?', endpoint],
      ['event = ?', event],
      ['status = ?', status],
    ]
    const page = { where, cursor, limit, order: 'DESC' } as const
    return this.#page('webhook_delivery', DELIVERY, page, deliveryOf)
  }

  /** Oldest first. */
  async attempts(delivery: string): Promise<readonly Attempt[]> {
    const rows = await this.#database.read(({ all }) =>
      all(
        'SELECT time, duration_ms, status, error FROM webhook_attempt WHERE delivery = ? ORDER BY seq',
        [delivery],
      ),
    )
    return rows.map((row) => ({
      ...{ time: numberIn(row, 'time'), durationMs: numberIn(row, 'duration_ms') },
      ...{ status: optionalNumberIn(row, 'status'), error: optionalTextIn(row, 'error') },
    }))
  }

  /** Has a delivery be made again, as if it were new. Errors: `Refusal` (`state_conflict`) to a receiver that is sent nothing. */
  resend(id: string, time: number, request: DoneRequest): Promise<void> {
    return this.#database.write(async (statements) => {
      await rememberRequest(statements, request)
      const [row = {}] = await statements.all(
        'SELECT endpoint FROM webhook_delivery WHERE id = ?',
        [id],
      )
      const endpoint = optionalTextIn(row, 'endpoint')
      if (endpoint !== undefined && (await isDisabled(statements, endpoint))) {
        const detail = `nothing is sent to ${endpoint}: enable it first`
        throw new Refusal('state_conflict', detail)
      }
      await statements.run(
        "UPDATE webhook_delivery SET status = 'pending', attempts = 0, next_time = ? WHERE id = ?",
        [time, id],
      )
    })
  }

  /** The receivers that something may be sent to. */
  async enabled(): Promise<readonly WebhookEndpoint[]> {
    const rows = await this.#database.read(({ all }) =>
      all(`SELECT ${ENDPOINT} FROM webhook_endpoint WHERE disabled IS NULL ORDER BY seq`),
    )
    return rows.map(endpointOf)
  }

  /**
   * Deliveries to a receiver that are due, oldest first, each the first of its object that is not over: what came to
   * an object later waits for what came before (HOOK-2).
   */
  async due(endpoint: string, time: number, limit: number): Promise<readonly Delivery[]> {
    const rows = await this.#database.read(({ all }) =>
      all(
        `SELECT ${DELIVERY} FROM webhook_delivery AS one
         WHERE endpoint = ? AND status = 'pending' AND next_time <= ? AND NOT EXISTS (
           SELECT 1 FROM webhook_delivery AS before
           WHERE before.endpoint = one.endpoint AND before.object = one.object
             AND before.status = 'pending' AND before.seq < one.seq)
         ORDER BY seq LIMIT ?`,
        [endpoint, time, limit],
      ),
    )
    return rows.map(deliveryOf)
  }

  /** When the next delivery to anybody is due, after `time`. */
  async nextTime(time: number): Promise<number | undefined> {
    const [row = {}] = await this.#database.read(({ all }) =>
      all(
        `SELECT MIN(next_time) AS next FROM webhook_delivery
         WHERE status = 'pending' AND next_time > ?
           AND endpoint IN (SELECT id FROM webhook_endpoint WHERE disabled IS NULL)`,
        [time],
      ),
    )
    return optionalNumberIn(row, 'next')
  }

  /** Notes how an attempt has ended, and what follows from it, in one transaction. */
  note(
    { id, endpoint }: Delivery,
    {
      outcome,
      step,
      time,
      durationMs,
    }: {
      readonly outcome: DeliveryOutcome
      readonly step: DeliveryStep
      readonly time: number
      readonly durationMs: number
    },
  ): Promise<void> {
    return this.#database.write(async ({ run }) => {
      await run(
        'INSERT INTO webhook_attempt (delivery, time, duration_ms, status, error) VALUES (?,?,?,?,?)',
        [
          ...[id, time, durationMs, outcome.kind === 'answered' ? outcome.status : null],
          outcome.kind === 'failed' ? outcome.reason : null,
        ],
      )
      const next = step.kind === 'retry' ? time + step.seconds : time
      await run(
        'UPDATE webhook_delivery SET status = ?, attempts = attempts + 1, next_time = ? WHERE id = ?',
        [statusAfter(step), next, id],
      )
      if (step.kind !== 'endpointGone') return
      await run("UPDATE webhook_endpoint SET disabled = 'gone' WHERE id = ?", [endpoint])
    })
  }

  /** Forgets what is over for so long that nobody looks at it. */
  forgetOld(time: number): Promise<void> {
    const before = time - DELIVERY_LOG_SECONDS
    return this.#database.write(async ({ run }) => {
      await run(
        `DELETE FROM webhook_attempt WHERE delivery IN (
           SELECT id FROM webhook_delivery WHERE status <> 'pending' AND created < ?)`,
        [before],
      )
      await run("DELETE FROM webhook_delivery WHERE status <> 'pending' AND created < ?", [before])
    })
  }

  async #page<T>(
    table: 'webhook_endpoint' | 'webhook_delivery',
    columns: string,
    {
      where,
      cursor,
      limit,
      order,
    }: {
      readonly where: readonly [string, SqlValue | undefined][]
      readonly cursor: string | undefined
      readonly limit: number
      readonly order: 'ASC' | 'DESC'
    },
    itemOf: (row: Row) => T,
  ): Promise<readonly T[] | undefined> {
    return this.#database.read(async ({ all }) => {
      const [last] =
        cursor === undefined ? [] : await all(`SELECT seq FROM ${table} WHERE id = ?`, [cursor])
      if (cursor !== undefined && last === undefined) return undefined
      const wanted = where.filter((one): one is [string, SqlValue] => one[1] !== undefined)
      if (last !== undefined) {
        wanted.push([order === 'ASC' ? 'seq > ?' : 'seq < ?', numberIn(last, 'seq')])
      }
      const conditions = ['TRUE', ...wanted.map(([condition]) => condition)].join(' AND ')
      const rows = await all(
        `SELECT ${columns} FROM ${table} WHERE ${conditions} ORDER BY seq ${order} LIMIT ?`,
        [...wanted.map(([, value]) => value), limit + 1],
      )
      return rows.map(itemOf)
    })
  }
}

async function isDisabled({ all }: Statements, endpoint: string): Promise<boolean> {
  const sql = 'SELECT 1 FROM webhook_endpoint WHERE id = ? AND disabled IS NOT NULL'
  return (await all(sql, [endpoint])).length > 0
}

/** Receivers are never taken away: those that are sent nothing do not count. */
async function requirePlace({ all }: Statements): Promise<void> {
  const sql = 'SELECT COUNT(*) AS count FROM webhook_endpoint WHERE disabled IS NULL'
  const [row = {}] = await all(sql)
  if (numberIn(row, 'count') < ENDPOINTS_MAX) return
  const detail = `events are sent to ${ENDPOINTS_MAX} receivers already: disable one first`
  throw new Refusal('state_conflict', detail)
}

/** Has an event be delivered to all who want it, in the transaction in which it is stored. */
export async function insertDeliveries(
  { all, run }: Statements,
  event: {
    readonly id: string
    readonly type: string
    readonly object: StoredObject
    readonly time: number
  },
  newDeliveryId: () => string,
): Promise<void> {
  const { id, type, object, time } = event
  const rows = await all(
    `SELECT ${ENDPOINT} FROM webhook_endpoint WHERE disabled IS NULL AND account IN (?, ?)`,
    [object.account, MAIN_ACCOUNT],
  )
  for (const { id: endpoint, types } of rows.map(endpointOf)) {
    if (types.length > 0 && !types.includes(type)) continue
    await run(
      "INSERT INTO webhook_delivery (id, endpoint, event, type, object, status, attempts, next_time, created) VALUES (?,?,?,?,?,'pending',0,?,?)",
      [newDeliveryId(), endpoint, id, type, object.id, time, time],
    )
  }
}

function statusAfter({ kind }: DeliveryStep): DeliveryStatus {
  switch (kind) {
    case 'delivered':
      return 'delivered'
    case 'retry':
      return 'pending'
    case 'gaveUp':
    case 'endpointGone':
      return 'failed'
  }
}

function endpointOf(row: Row): WebhookEndpoint {
  const types = jsonIn(row, 'types')
  return {
    ...{ id: textIn(row, 'id'), account: textIn(row, 'account'), url: textIn(row, 'url') },
    description: textIn(row, 'description'),
    types: Array.isArray(types) ? types.filter((type) => typeof type === 'string') : [],
    ...{ secret: textIn(row, 'secret'), oldSecret: optionalTextIn(row, 'old_secret') },
    ...{ oldUntil: optionalNumberIn(row, 'old_until'), disabled: optionalTextIn(row, 'disabled') },
    created: numberIn(row, 'created'),
  }
}

const STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'failed']

function deliveryOf(row: Row): Delivery {
  return {
    ...{ id: textIn(row, 'id'), endpoint: textIn(row, 'endpoint'), event: textIn(row, 'event') },
    ...{ type: textIn(row, 'type'), object: textIn(row, 'object') },
    status: STATUSES.find((status) => status === row['status']) ?? 'failed',
    ...{ attempts: numberIn(row, 'attempts'), nextTime: numberIn(row, 'next_time') },
    created: numberIn(row, 'created'),
  }
}
