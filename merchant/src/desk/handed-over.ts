import { WalletError } from '@tallystick/client-sdk'
import type { ObjectKind } from '../core/object-events.js'
import { settleSpending } from '../store/key-store.js'
import type { Statements } from '../store/merchant-database.js'
import type { StoredObject } from '../store/object-row.js'
import { ObjectStore, removeObject } from '../store/object-store.js'
import { type DoneRequest, forgetRequest } from '../store/request-store.js'
import type { MerchantParts } from './merchant-parts.js'
import { Underway } from './underway.js'

/** What a desk does with the objects that it hands to the wallet. */
export type HandOver = {
  readonly kinds: readonly ObjectKind[]
  /** As which problem is told that one is not followed. */
  readonly problem: string
  /** Has the wallet do it, once. Throws `WalletError` when the wallet has promised nothing, and will not. */
  readonly act: (object: StoredObject) => Promise<void>
  /** Takes back what a desk noted beside the object, which is removed. */
  readonly undo?: (statements: Statements, object: StoredObject) => Promise<void>
  /** It was refused, and whoever asked for it went away without an answer. */
  readonly failed: (object: StoredObject, code: string) => Promise<void>
}

/** Objects looked at between two looks at anything else. */
const PAGE = 500

/**
 * What is durable here before the wallet hears of it, under a key of the wallet that is made of its name: so it is done
 * once, whenever this process dies.
 */
export class HandedOver {
  readonly #parts: MerchantParts
  readonly #objects: ObjectStore
  readonly #underway: Underway
  readonly #order: HandOver

  constructor(parts: MerchantParts, order: HandOver) {
    this.#parts = parts
    this.#order = order
    this.#objects = new ObjectStore(parts.database)
    this.#underway = new Underway((id, error) =>
      parts.onProblem(order.problem, `${id}: ${String(error)}`),
    )
  }

  /** Hands a new one over; kept once it is done or has taken a while. Throws why it was refused, and keeps nothing of it. */
  async begin(object: StoredObject, request: DoneRequest): Promise<void> {
    let refused: WalletError | undefined
    const done = this.#order.act(object).catch(async (error: unknown) => {
      if (!isRefusal(error)) throw error
      refused = error
      await this.#parts.database.write(async (statements) => {
        await removeObject(statements, object.id)
        await forgetRequest(statements, request)
        await settleSpending(statements, object.id, 0n)
        await this.#order.undo?.(statements, object)
      })
    })
    await this.#underway.begin(object.id, done)
    if (refused !== undefined) throw refused
  }

  /** Goes on with what was under way, or about to begin, when the process ended. */
  async catchUp(): Promise<void> {
    for (const kind of this.#order.kinds) {
      for (let after = 0, more = true; more; ) {
        const page = await this.#objects.withStatus(kind, 'pending', after, PAGE)
        for (const object of page) this.#follow(object)
        after = page.at(-1)?.seq ?? after
        more = page.length === PAGE
      }
    }
  }

  /** Kept once nothing is under way here; what is not final goes on when the server starts again. */
  idle(): Promise<void> {
    return this.#underway.idle()
  }

  #follow(object: StoredObject): void {
    this.#underway.watch(
      object.id,
      this.#order.act(object).catch(async (error: unknown) => {
        if (!isRefusal(error)) throw error
        await this.#order.failed(object, error.code)
      }),
    )
  }
}

/** The wallet's name for what this server hands to it. */
export function walletKey({ id }: Pick<StoredObject, 'id'>): string {
  return `merchant ${id}`
}

/** Whether the wallet has said no; one that was closed says nothing, and the next process goes on. */
function isRefusal(error: unknown): error is WalletError {
  return error instanceof WalletError && error.code !== 'wallet_closed'
}
