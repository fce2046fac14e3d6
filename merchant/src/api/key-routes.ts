import { type ApiCaller, scopeOf, sees } from '../core/caller.js'
import { boundsWithin } from '../core/key-bounds.js'
import type { SpendingLimits } from '../core/spending-limits.js'
import { type MerchantParts, newId } from '../desk/merchant-parts.js'
import type { Account, ApiKey, KeyStore } from '../store/key-store.js'
import { tokenHash } from './authenticate.js'
import { pageOf } from './page.js'
import { problem, RequestRefused } from './problem.js'
import { ROUTES } from './routes.js'
import type { RouteServer } from './serve-route.js'

type SaidLimits = {
  readonly per_payment: bigint | null
  readonly per_day: bigint | null
  readonly total: bigint | null
}

/** Bytes of what a key is proved with. */
const TOKEN_BYTES = 32

/** Accounts and the keys of the API (ACCOUNT-1, ACCOUNT-3). */
export function serveKeys(server: RouteServer, parts: MerchantParts, keys: KeyStore): void {
  const { now, randomBytes } = parts
  const accountFor = async (id: string, caller: ApiCaller): Promise<Account> => {
    const account = sees(caller, id) ? await keys.account(id) : undefined
    if (account !== undefined) return account
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no account ${id}` }))
  }
  const keyFor = async (id: string, caller: ApiCaller): Promise<ApiKey> => {
    const key = await keys.key(id)
    if (key !== undefined && sees(caller, key.account)) return key
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no key ${id}` }))
  }

  server.post(ROUTES.createAccount, {
    first: async ({ body }, caller, remember) => {
      const id = newId(parts, 'acct')
      const account = { id, name: body.name, created: now(), limits: limitsOf(body) }
      await keys.addAccount(account, remember(id))
      return accountResource(await accountFor(id, caller))
    },
    again: async (id, caller) => accountResource(await accountFor(id, caller)),
  })
  server.get(ROUTES.accounts, async ({ cursor, limit }) =>
    pageOf(await keys.accounts(cursor, limit), limit, accountResource),
  )
  server.get(ROUTES.account, async ({ id }, caller) =>
    accountResource(await accountFor(id, caller)),
  )
  server.post(ROUTES.setLimits, {
    first: async ({ asked: { id }, body }, caller, remember) => {
      await accountFor(id, caller)
      await keys.setLimits(id, limitsOf(body), remember(id))
      return accountResource(await accountFor(id, caller))
    },
    again: async (id, caller) => accountResource(await accountFor(id, caller)),
  })

  server.post(ROUTES.createKey, {
    first: async ({ body }, caller, remember) => {
      const account = body.account ?? caller.account
      await accountFor(account, caller)
      const permissions = body.permissions.filter((one) => caller.permissions.includes(one))
      // Nobody hands out more than they have.
      if (permissions.length < body.permissions.length) {
        const detail = `a key may allow what your own does: ${caller.permissions.join(', ')}`
        throw new RequestRefused(problem({ code: 'not_permitted', detail }))
      }
      const created = now()
      const parent = await keys.key(caller.key)
      const asked = {
        limits: limitsOf(body),
        expires: body.expires_in === undefined ? undefined : created + body.expires_in,
      }
      const within = parent === undefined ? { bounds: asked } : boundsWithin(parent, asked)
      if ('refused' in within) {
        throw new RequestRefused(problem({ code: 'not_permitted', detail: within.refused }))
      }
      const token = `tk_${Buffer.from(randomBytes(TOKEN_BYTES)).toString('base64url')}`
      const key: ApiKey = {
        ...{ id: newId(parts, 'key'), account, parent: parent?.id, name: body.name, permissions },
        ...{ created, revoked: undefined, ...within.bounds },
      }
      await keys.addKey(key, tokenHash(token), remember(key.id))
      return { ...keyResource(key), token }
    },
    again: async (id, caller) => ({ ...keyResource(await keyFor(id, caller)), token: null }),
  })
  server.get(ROUTES.keys, async ({ cursor, limit }, caller) =>
    pageOf(await keys.keys(scopeOf(caller), cursor, limit), limit, keyResource),
  )
  server.get(ROUTES.key, async ({ id }, caller) => keyResource(await keyFor(id, caller)))
  server.post(ROUTES.revokeKey, {
    first: async ({ asked: { id } }, caller, remember) => {
      await keyFor(id, caller)
      await keys.revoke(id, now(), remember(id))
      return keyResource(await keyFor(id, caller))
    },
    again: async (id, caller) => keyResource(await keyFor(id, caller)),
  })
}

function limitsOf({ per_payment, per_day, total }: SaidLimits): SpendingLimits {
  return {
    ...{ perPayment: per_payment ?? undefined, perDay: per_day ?? undefined },
    total: total ?? undefined,
  }
}

function limitsResource({ perPayment, perDay, total }: SpendingLimits) {
  const text = (limit: bigint | undefined) => limit?.toString() ?? null
  return { per_payment: text(perPayment), per_day: text(perDay), total: text(total) }
}

function accountResource({ id, name, created, limits }: Account) {
  return { id, object: 'account', name, created, limits: limitsResource(limits) } as const
}

function keyResource({ id, account, name, permissions, created, ...rest }: ApiKey) {
  return {
    object: 'key' as const,
    ...{ id, account, made_by: rest.parent ?? null, name, permissions: [...permissions], created },
    ...{ expires: rest.expires ?? null, revoked: rest.revoked ?? null },
    limits: limitsResource(rest.limits),
  }
}
