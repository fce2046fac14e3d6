import { createHash } from 'node:crypto'
import type { Request } from 'express'
import { type ApiCaller, OPERATOR } from '../core/caller.js'
import type { KeyStore } from '../store/key-store.js'
import { problem, RequestRefused } from './problem.js'
import type { Route } from './routes.js'

/** What a token is stored as: 256 random bits need no salt. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Who asks, and whether they may ask this. Throws `RequestRefused`: `not_authorized`, `not_permitted`. */
export async function authenticate(
  { headers }: Request,
  { permission, isOfShop = false }: Pick<Route, 'permission' | 'isOfShop'>,
  {
    keys,
    operatorHash,
    now,
  }: { readonly keys: KeyStore; readonly operatorHash: string; readonly now: () => number },
): Promise<ApiCaller> {
  const [, token] = /^Bearer ([\x21-\x7e]{1,200})$/.exec(headers.authorization ?? '') ?? []
  if (token === undefined) throw unknown('send a key as "Authorization: Bearer tk_..."')
  const caller = await callerOf(tokenHash(token), { keys, operatorHash, now })
  if (permission !== undefined && !caller.permissions.includes(permission)) {
    const detail = `the key needs the permission ${permission}`
    throw new RequestRefused(problem({ code: 'not_permitted', detail }))
  }
  if (isOfShop && caller.account !== OPERATOR.account) {
    const detail = "only keys of the shop's own account may ask this"
    throw new RequestRefused(problem({ code: 'not_permitted', detail }))
  }
  return caller
}

async function callerOf(
  hash: string,
  {
    keys,
    operatorHash,
    now,
  }: { readonly keys: KeyStore; readonly operatorHash: string; readonly now: () => number },
): Promise<ApiCaller> {
  // Hashes are compared: how long that takes tells nothing of the token.
  if (hash === operatorHash) return OPERATOR
  const key = await keys.keyOfHash(hash)
  if (key === undefined) throw unknown('the key is not known here')
  if (key.revoked !== undefined) throw unknown('the key was revoked')
  if (key.expires !== undefined && key.expires <= now()) throw unknown('the key has expired')
  return { account: key.account, key: key.id, permissions: key.permissions }
}

function unknown(detail: string): RequestRefused {
  return new RequestRefused(problem({ code: 'not_authorized', detail }))
}
