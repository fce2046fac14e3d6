import { toHex } from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'

/** What was sent once has to be sent again with the payment. Errors: `body_not_replayable`. */
export function requireReplayable({ body }: RequestInit): void {
  if (body === undefined || body === null || typeof body === 'string') return
  if (body instanceof Uint8Array || body instanceof ArrayBuffer || body instanceof URLSearchParams)
    return
  throw new WalletError(
    'body_not_replayable',
    'a request that may have to be paid has a body of text or bytes, not a stream',
  )
}

/** A body may be asked for again with the same ticks only under a key of its own (HTTP402-3). */
export function repeatable(init: RequestInit): RequestInit {
  const { body } = init
  const headers = new Headers(init.headers)
  if (body === undefined || body === null || headers.has('idempotency-key')) return init
  headers.set('idempotency-key', toHex(crypto.getRandomValues(new Uint8Array(16))))
  return { ...init, headers }
}
