import { createHmac } from 'node:crypto'

/** Bytes of a secret. */
export const SECRET_BYTES = 32
const PREFIX = 'whsec_'

/** A secret as its receiver is shown it: Standard Webhooks' `whsec_` and base64. */
export function webhookSecret(bytes: Uint8Array): string {
  return `${PREFIX}${Buffer.from(bytes).toString('base64')}`
}

/**
 * The header `webhook-signature` (HOOK-1): one signature for each secret, `v1,` and the base64 of HMAC-SHA256 over
 * `id.timestamp.body`, with blanks between them. `timestamp`: Unix seconds.
 */
export function webhookSignature(
  secrets: readonly string[],
  {
    id,
    timestamp,
    body,
  }: { readonly id: string; readonly timestamp: number; readonly body: string },
): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
      const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
      return `v1,${mac}`
    })
    .join(' ')
}
