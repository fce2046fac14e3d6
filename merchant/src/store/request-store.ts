import { type MerchantDatabase, Refusal, type Statements } from './merchant-database.js'
import { numberIn, textIn } from './object-row.js'

/** A request that has had its effect: what it asked for, and the object that it made or changed. */
export type DoneRequest = {
  readonly account: string
  readonly key: string
  /** SHA-256 of method, address and body, hex. */
  readonly digest: string
  readonly status: number
  /** Id of the object. */
  readonly object: string
}

/** Which requests have had their effect, by the key that their caller gave them. Kept for ever. */
export class RequestStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  async find(account: string, key: string): Promise<DoneRequest | undefined> {
    const [row] = await this.#database.read(({ all }) =>
      all('SELECT digest, status, object FROM request WHERE account = ? AND key = ?', [
        account,
        key,
      ]),
    )
    if (row === undefined) return undefined
    const digest = textIn(row, 'digest')
    return { account, key, digest, status: numberIn(row, 'status'), object: textIn(row, 'object') }
  }
}

/** Remembers a request in the transaction of its effect. Throws `Refusal` when its key has been used meanwhile. */
export async function rememberRequest(
  { all, run }: Statements,
  { account, key, digest, status, object }: DoneRequest,
): Promise<void> {
  const [used] = await all('SELECT 1 FROM request WHERE account = ? AND key = ?', [account, key])
  if (used !== undefined) throw new Refusal('idempotency_key_reused', 'the key is used already')
  await run('INSERT INTO request (account, key, digest, status, object) VALUES (?,?,?,?,?)', [
    ...[account, key, digest, status],
    object,
  ])
}

/** Forgets a request whose effect was undone. */
export async function forgetRequest(
  { run }: Statements,
  { account, key }: Pick<DoneRequest, 'account' | 'key'>,
): Promise<void> {
  await run('DELETE FROM request WHERE account = ? AND key = ?', [account, key])
}
