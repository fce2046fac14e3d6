import { lookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Clock } from '@tallystick/client-sdk'
import type { DeliveryOutcome } from '../core/delivery-step.js'
import { WEBHOOK_MS_MAX } from '../limits.js'
import { isPublicAddress } from './public-address.js'
import { bareHost } from './webhook-url.js'

export type WebhookPost = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Posts once, and says how it ended. The address that the name stands for is looked at as it is connected to, so that
 * no answer of a name server leads into the shop's own network; redirections are not followed, and of the answer
 * nothing but its status is read (HOOK-3).
 */
export function postWebhook(
  { url, headers, body }: WebhookPost,
  {
    clock,
    allowPrivate,
    signal,
  }: { readonly clock: Clock; readonly allowPrivate: boolean; readonly signal: AbortSignal },
): Promise<DeliveryOutcome> {
  const target = new URL(url)
  const host = bareHost(target.hostname)
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
    return Promise.resolve({ kind: 'failed', reason: 'address_not_public' })
  }
  return new Promise((resolve) => {
    const request = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, {
      ...{ method: 'POST', agent: false, lookup: publicLookup(allowPrivate) },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      maxHeaderSize: 16_384,
      signal,
    })
    const end = (outcome: DeliveryOutcome) => {
      stopWaiting()
      request.destroy()
      resolve(outcome)
    }
    const stopWaiting = clock.after(WEBHOOK_MS_MAX, () =>
      end({ kind: 'failed', reason: 'timed_out' }),
    )
    request.once('response', ({ statusCode = 0 }) => end({ kind: 'answered', status: statusCode }))
    // 101, which nobody has asked for, comes with a connection and is no response.
    request.once('upgrade', ({ statusCode = 101 }) => end({ kind: 'answered', status: statusCode }))
    // Hanging up ourselves is told here as well, and changes nothing then.
    request.on('error', (error) => end({ kind: 'failed', reason: reasonOf(error) }))
    request.end(body)
  })
}

class AddressNotPublic extends Error {
  readonly code = 'address_not_public'
}

/** Looks a name up as Node does, and answers addresses of the public internet only. */
function publicLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const good = addresses.filter(({ address }) => allowPrivate || isPublicAddress(address))
      const [first] = good
      if (first === undefined) {
        return callback(new AddressNotPublic('the name stands for no public address'), [])
      }
      if (options.all === true) return callback(null, good)
      return callback(null, first.address, first.family)
    })
  }
}

/** A short name of a failure for the log of deliveries; nothing of what was sent. */
function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string'
    ? error.code.toLowerCase().slice(0, 64)
    : 'connection_failed'
}
