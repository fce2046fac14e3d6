import type { Permission } from './permission.js'

/** The account of the shop itself: its keys see what all accounts have. */
export const MAIN_ACCOUNT = 'acct_main'

/** Who asks, once a token has been believed. */
export type ApiCaller = {
  readonly account: string
  /** The key's id; `operator` for the operator's token. */
  readonly key: string
  readonly permissions: readonly Permission[]
}

/** The caller that may do everything: whoever can read the operator's token in the data folder. */
export const OPERATOR: ApiCaller = {
  account: MAIN_ACCOUNT,
  key: 'operator',
  permissions: ['read', 'invoice', 'pay', 'refund', 'admin'],
}

/** Whose objects a caller sees; `undefined`: everybody's. */
export function scopeOf({ account }: ApiCaller): string | undefined {
  return account === MAIN_ACCOUNT ? undefined : account
}

/** Whether a caller sees what belongs to `account`. */
export function sees(caller: ApiCaller, account: string): boolean {
  const scope = scopeOf(caller)
  return scope === undefined || scope === account
}
