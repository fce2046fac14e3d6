import type { z } from 'zod'
import { type ApiCaller, scopeOf, sees } from '../core/caller.js'
import { type MerchantParts, newId } from '../desk/merchant-parts.js'
import type { Delivery, WebhookEndpoint, WebhookStore } from '../store/webhook-store.js'
import { SECRET_BYTES, webhookSecret } from '../webhook/webhook-secret.js'
import { refusedUrl } from '../webhook/webhook-url.js'
import type { ANSWERED } from './answers.js'
import { pageOf } from './page.js'
import { problem, RequestRefused } from './problem.js'
import { ROUTES } from './routes.js'
import type { RouteServer } from './serve-route.js'

/** Receivers of events and the log of deliveries. */
export function serveWebhooks(
  server: RouteServer,
  parts: MerchantParts,
  { webhooks, allowPrivate }: { readonly webhooks: WebhookStore; readonly allowPrivate: boolean },
): void {
  const { now, randomBytes, news } = parts
  const newSecret = () => webhookSecret(randomBytes(SECRET_BYTES))
  const endpointFor = async (id: string, caller: ApiCaller): Promise<WebhookEndpoint> => {
    const found = await webhooks.endpoint(id)
    if (found !== undefined && sees(caller, found.account)) return found
    const detail = `there is no receiver of events ${id}`
    throw new RequestRefused(problem({ code: 'not_found', detail }))
  }
  const deliveryFor = async (id: string, caller: ApiCaller): Promise<Delivery> => {
    const found = await webhooks.delivery(id)
    const endpoint = found && (await webhooks.endpoint(found.endpoint))
    if (found && endpoint && sees(caller, endpoint.account)) return found
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no delivery ${id}` }))
  }
  const show = async (id: string, caller: ApiCaller) =>
    endpointResource(await endpointFor(id, caller))
  const showWithSecret = async (id: string, caller: ApiCaller) => {
    const endpoint = await endpointFor(id, caller)
    return { ...endpointResource(endpoint), secret: endpoint.secret }
  }
  const showDelivery = async (id: string, caller: ApiCaller) => {
    const delivery = await deliveryFor(id, caller)
    const attempts = (await webhooks.attempts(id)).map(({ time, durationMs, status, error }) => ({
      ...{ time, duration_ms: durationMs, status: status ?? null, error: error ?? null },
    }))
    return { ...deliveryResource(delivery), log: attempts }
  }

  server.post(ROUTES.createEndpoint, {
    first: async ({ body: { url, description, types } }, caller, remember) => {
      const refused = refusedUrl(url, allowPrivate)
      if (refused !== undefined) {
        throw new RequestRefused(problem({ code: 'webhook_url_refused', detail: refused }))
      }
      const id = newId(parts, 'we')
      await webhooks.addEndpoint(
        {
          ...{ id, account: caller.account, url, description, types, secret: newSecret() },
          ...{ oldSecret: undefined, oldUntil: undefined, disabled: undefined, created: now() },
        },
        remember(id),
      )
      return showWithSecret(id, caller)
    },
    again: showWithSecret,
  })
  server.get(ROUTES.endpoints, async ({ cursor, limit }, caller) =>
    pageOf(await webhooks.endpoints(scopeOf(caller), cursor, limit), limit, endpointResource),
  )
  server.get(ROUTES.endpoint, ({ id }, caller) => show(id, caller))
  server.post(ROUTES.rotateSecret, {
    first: async ({ asked: { id }, body: { overlap_seconds: overlap } }, caller, remember) => {
      await endpointFor(id, caller)
      await webhooks.rotate(id, newSecret(), now() + overlap, remember(id))
      return showWithSecret(id, caller)
    },
    again: showWithSecret,
  })
  server.post(ROUTES.enableEndpoint, {
    first: async ({ asked: { id } }, caller, remember) => {
      await endpointFor(id, caller)
      await webhooks.setDisabled(id, undefined, remember(id))
      news.tell()
      return show(id, caller)
    },
    again: show,
  })
  server.post(ROUTES.disableEndpoint, {
    first: async ({ asked: { id } }, caller, remember) => {
      await endpointFor(id, caller)
      await webhooks.setDisabled(id, 'by_owner', remember(id))
      return show(id, caller)
    },
    again: show,
  })

  server.get(ROUTES.deliveries, async ({ cursor, limit, endpoint, event, status }, caller) =>
    pageOf(
      await webhooks.deliveries({
        account: scopeOf(caller),
        endpoint,
        event,
        status,
        cursor,
        limit,
      }),
      limit,
      deliveryResource,
    ),
  )
  server.get(ROUTES.delivery, ({ id }, caller) => showDelivery(id, caller))
  server.post(ROUTES.resend, {
    first: async ({ asked: { id } }, caller, remember) => {
      await deliveryFor(id, caller)
      await webhooks.resend(id, now(), remember(id))
      news.tell()
      return showDelivery(id, caller)
    },
    again: showDelivery,
  })
}

function endpointResource(endpoint: WebhookEndpoint): z.output<typeof ANSWERED.endpoint> {
  const { id, account, url, description, types, disabled, created } = endpoint
  return {
    object: 'webhook_endpoint',
    ...{ id, account, created, url, description, types: [...types] },
    status: disabled === undefined ? 'enabled' : 'disabled',
    disabled: disabled ?? null,
  }
}

function deliveryResource(delivery: Delivery): z.output<typeof ANSWERED.delivery> {
  const { id, endpoint, event, type, object, status, attempts, nextTime, created } = delivery
  return {
    object: 'webhook_delivery',
    ...{ id, created, endpoint, event, type, of: object, status, attempts },
    next_attempt: status === 'pending' ? nextTime : null,
  }
}
