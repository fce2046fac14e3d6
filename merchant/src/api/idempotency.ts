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
  /** The same of its fields as they stand, as programs before this one have stored it. */
  readonly formerDigest: string
}

/** Reads the key of a request. Throws `RequestRefused` (`idempotency_key_missing`) where there is none. */
export function keyedRequest(request: Request, caller: ApiCaller, body: unknown): KeyedRequest {
  const key = request.get('idempotency-key') ?? ''
  if (!KEY.test(key)) {
    const due = 'send an Idempotency-Key of 1 to 255 printable characters without blanks'
    const detail = key.length > 255 ? `${due}: this one has ${key.length}` : due
    throw new RequestRefused(problem({ code: 'idempotency_key_missing', detail }))
  }
  const formerDigest = sha256Of([request.method, request.path, body])
  return { account: caller.account, key, digest: digestOf(request, body), formerDigest }
}

/** SHA-256 of method, address and body, hex: fields mean the same in whatever order they stand. */
export function digestOf(
  { method, path }: Pick<Request, 'method' | 'path'>,
  body: unknown,
): string {
  return sha256Of([method, path, body], inOrder)
}

function sha256Of(asked: readonly unknown[], replacer?: typeof inOrder): string {
  return createHash('sha256').update(JSON.stringify(asked, replacer)).digest('hex')
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
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
    const { account, key, digest, formerDigest } = request
    const name = `${account} ${key}`
    for (let before = this.#running.get(name); before !== undefined; ) {
      await before.catch(() => undefined)
      before = this.#running.get(name)
    }
    const running = this.#requests.find(account, key).then((done) => {
      if (done === undefined) return act.first()
      if (done.digest === digest || done.digest === formerDigest) return act.again(done)
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
