import { createHash } from 'node:crypto'
import type { Request } from 'express'
import type { ApiCaller } from '../core/caller.js'
import type { DoneRequest, RequestStore } from '../store/request-store.js'
import { problem, RequestRefused } from './problem.js'

/** Printable ASCII: what headers carry unharmed. */
const KEY = /^[\x21-\x7e]{1,255}$/

/** A request that changes something, under the key that its caller gave it. */
export type KeyedRequest = {
  readonly account: string
  readonly key: string
  readonly digest: string
}

/** Reads the key of a request. Throws `RequestRefused` (`idempotency_key_missing`) where there is none. */
export function keyedRequest(request: Request, caller: ApiCaller, body: unknown): KeyedRequest {
  const key = request.get('idempotency-key') ?? ''
  if (!KEY.test(key)) {
    const due = 'send an Idempotency-Key of 1 to 255 printable characters without blanks'
    const detail = key.length > 255 ? `${due}: this one has ${key.length}` : due
    throw new RequestRefused(problem({ code: 'idempotency_key_missing', detail }))
  }
  const asked = JSON.stringify([request.method, request.path, body])
  const digest = createHash('sha256').update(asked).digest('hex')
  return { account: caller.account, key, digest }
}

/** Runs each request once: one that comes again finds what the first has made, also while that is under way. */
export class OneTime {
  readonly #requests: RequestStore
  readonly #running = new Map<string, Promise<unknown>>()

  constructor(requests: RequestStore) {
    this.#requests = requests
  }

  /**
   * Answers the request that was done under this key before, or has `run` do it and remember it in the transaction of
   * its effect. Throws `RequestRefused` (`idempotency_key_reused`) when the key was another request's.
   */
  async run<T>(
    request: KeyedRequest,
    act: {
      readonly again: (done: DoneRequest) => Promise<T>
      readonly first: () => Promise<T>
    },
  ): Promise<T> {
    const { account, key, digest } = request
    const name = `${account} ${key}`
    for (let before = this.#running.get(name); before !== undefined; ) {
      await before.catch(() => undefined)
      before = this.#running.get(name)
    }
    const running = this.#requests.find(account, key).then((done) => {
      if (done === undefined) return act.first()
      if (done.digest === digest) return act.again(done)
      const detail = 'this key was another request: take a new one for each thing that is to happen'
      throw new RequestRefused(problem({ code: 'idempotency_key_reused', detail }))
    })
    this.#running.set(name, running)
    try {
      return await running
    } finally {
      this.#running.delete(name)
    }
  }
}
