/** What a key may do; `admin` manages webhooks and keys of its own account, and no money (ACCOUNT-1). */
export const PERMISSIONS = ['read', 'invoice', 'pay', 'refund', 'admin'] as const
export type Permission = (typeof PERMISSIONS)[number]
