import { setMaxListeners } from 'node:events'
import type { Clock } from '@tallystick/client-sdk'
import { eventResource } from '../api/event-routes.js'
import { type DeliveryOutcome, stepDelivery } from '../core/delivery-step.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import { DELIVERIES_AT_ONCE } from '../limits.js'
import { EventStore } from '../store/event-store.js'
import type { Delivery, WebhookEndpoint, WebhookStore } from '../store/webhook-store.js'
import type { WebhookPost } from './post-webhook.js'
import { webhookSignature } from './webhook-secret.js'

export type CourierParts = Pick<MerchantParts, 'database' | 'news' | 'now' | 'onProblem'> & {
  readonly webhooks: WebhookStore
  readonly clock: Clock
  /** A number of 0 up to 1. */
  readonly random: () => number
  readonly post: (post: WebhookPost, signal: AbortSignal) => Promise<DeliveryOutcome>
}

/** Between two looks while nothing is due, milliseconds. */
const LOOK_MS_MAX = 60_000
/** Looks after which what is over for long is forgotten. */
const LOOKS_PER_FORGETTING = 1_000

/**
 * Brings events to those who asked for them (HOOK-1 to HOOK-3). What is due stands in the store, so a courier that dies
 * goes on where it was; an attempt of which nobody knows how it ended is made again, under the same id. Receivers have
 * places of their own: one that does not answer keeps nobody else waiting.
 */
export class WebhookCourier {
  readonly #parts: CourierParts
  readonly #events: EventStore
  /** Deliveries under way, by receiver. */
  readonly #underWay = new Map<string, Map<string, Promise<void>>>()
  #last: Promise<void> = Promise.resolve()
  #isAsked = false
  readonly #stopped = new AbortController()
  #looks = 0
  #stopWaiting: () => void = () => undefined

  constructor(parts: CourierParts) {
    this.#parts = parts
    // Every post under way listens to it: as many as receivers have, and no leak.
    setMaxListeners(0, this.#stopped.signal)
    this.#events = new EventStore(parts.database)
  }

  /** Begins, and looks again at all news. */
  begin(): void {
    this.#parts.news.listen(() => this.wake())
    this.wake()
  }

  /** Looks what is due; once more when it is looking already. */
  wake(): void {
    if (this.#isAsked || this.#stopped.signal.aborted) return
    this.#isAsked = true
    this.#last = this.#last.then(async () => {
      this.#isAsked = false
      if (!this.#stopped.signal.aborted) await this.#look()
    })
    this.#last.catch((error) => this.#fail(error))
  }

  /** Hangs up on all receivers: what they have not answered is sent again at the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#stopWaiting()
    await this.#last.catch(() => undefined)
    await Promise.all([...this.#underWay.values()].flatMap((running) => [...running.values()]))
  }

  async #look(): Promise<void> {
    const { webhooks, now, clock } = this.#parts
    if (this.#looks++ % LOOKS_PER_FORGETTING === 0) await webhooks.forgetOld(now())
    const time = now()
    for (const endpoint of await webhooks.enabled()) await this.#serve(endpoint, time)
    this.#stopWaiting()
    const next = await webhooks.nextTime(time)
    const waitMs = next === undefined ? LOOK_MS_MAX : Math.min((next - time) * 1_000, LOOK_MS_MAX)
    this.#stopWaiting = clock.after(waitMs, () => this.wake())
  }

  async #serve(endpoint: WebhookEndpoint, time: number): Promise<void> {
    const running = this.#underWay.get(endpoint.id) ?? new Map<string, Promise<void>>()
    this.#underWay.set(endpoint.id, running)
    // Those under way are among the due ones.
    const due = await this.#parts.webhooks.due(endpoint.id, time, DELIVERIES_AT_ONCE)
    for (const delivery of due) {
      if (running.has(delivery.id) || running.size >= DELIVERIES_AT_ONCE) continue
      const done = this.#deliver(endpoint, delivery)
        .catch((error) => this.#fail(error))
        .finally(() => {
          running.delete(delivery.id)
          this.wake()
        })
      running.set(delivery.id, done)
    }
  }

  async #deliver(endpoint: WebhookEndpoint, delivery: Delivery): Promise<void> {
    const { webhooks, now, clock, random, post } = this.#parts
    const event = await this.#events.get(delivery.event)
    if (event === undefined) throw new Error(`the event of ${delivery.id} is gone`)
    const [timestamp, began] = [now(), clock.nowMs()]
    const body = JSON.stringify(eventResource(event))
    const isOldGood = endpoint.oldUntil !== undefined && endpoint.oldUntil > timestamp
    const old = isOldGood && endpoint.oldSecret !== undefined ? [endpoint.oldSecret] : []
    const signed = { id: event.id, timestamp, body }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'tally-merchant',
      'webhook-id': event.id,
      'webhook-timestamp': `${timestamp}`,
      'webhook-signature': webhookSignature([endpoint.secret, ...old], signed),
    }
    const outcome = await post({ url: endpoint.url, body, headers }, this.#stopped.signal)
    if (this.#stopped.signal.aborted) return
    const step = stepDelivery(delivery.attempts + 1, outcome, random())
    const durationMs = Math.round(clock.nowMs() - began)
    await webhooks.note(delivery, { outcome, step, time: now(), durationMs })
  }

  /** The store tells by itself when it fails; anything else is tried again at the next look. */
  #fail(error: unknown): void {
    this.#parts.onProblem('webhooks_not_sent', String(error))
  }
}
