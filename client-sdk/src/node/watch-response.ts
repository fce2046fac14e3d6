import { ServerResponse } from 'node:http'
import { RECEIPT } from '../http/headers.js'
import type { ServedAnswer } from '../http/served-answers.js'
import { X402_RESPONSE } from '../http/x402.js'

/** A body above this is not kept, bytes. */
const BODY_BYTES_MAX = 65_536

export type ResponseOutcome = {
  /** The server failed: nothing is paid (HTTP402-3). */
  readonly failed: () => void
  /** It was answered; `undefined`: in pieces, or too large to keep. */
  readonly answered: (answer: ServedAnswer['answer']) => void
}

/**
 * Tells what becomes of a response, once; the receipt goes out with none that fails. One that its asker breaks off in
 * the middle has no outcome.
 */
export function watchResponse(response: ServerResponse, outcome: ResponseOutcome): void {
  const watched = response as WatchedResponse
  const before = watched[WATCH]
  watched[WATCH] = new Watch(response, outcome, before)
  if (before === undefined) callFirst(watched)
}

/** Whoever watches this response hears that it fails, whatever its status will be. */
export function failResponse(response: ServerResponse): void {
  const watch = (response as WatchedResponse)[WATCH]
  watch?.begin(FAILED)
  watch?.begun()
}

/** The least status that is the server's own fault. */
const FAILED = 500

/**
 * Who waits to hear of a response: on itself, because a weak map of them doubled what the collector takes (31 of 340 us
 * of a request).
 */
const WATCH = Symbol('watch')
type WatchedResponse = ServerResponse & { [WATCH]?: Watch }
type Methods = Pick<ServerResponse, 'writeHead' | 'end' | 'destroy'>
type MethodsOf = (response: ServerResponse) => Methods

/**
 * What is called of a response from now on. Of a framework it is a method of all of its responses: what a response of
 * Express is given of its own costs 25 us, a tenth of a request, as it has changed its prototype before.
 */
function callFirst(response: WatchedResponse): void {
  const shared = sharedPrototypeOf(response)
  if (shared !== undefined && !SHARED.has(shared)) {
    const { writeHead, end, destroy } = shared
    const methods = { writeHead, end, destroy }
    SHARED.set(
      shared,
      Object.assign(
        shared,
        watchedMethods(() => methods),
      ),
    )
  }
  const { writeHead, end } = (shared && SHARED.get(shared)) ?? {}
  // Whoever has methods in front of these would be called first, and may have gone past them.
  if (end !== undefined && response.end === end && response.writeHead === writeHead) return
  Object.assign(response, ownMethods(response))
}

/** The prototypes of frameworks whose methods are watched, and those methods. */
const SHARED = new WeakMap<ServerResponse, Methods>()

/**
 * What all responses of a framework have in common, next to Node's own: an app that is mounted in another changes
 * what lies before it, back and forth.
 */
function sharedPrototypeOf(response: ServerResponse): ServerResponse | undefined {
  let shared: ServerResponse | undefined
  let each: ServerResponse | null = Object.getPrototypeOf(response)
  while (each !== null && each !== ServerResponse.prototype) {
    shared = each
    each = Object.getPrototypeOf(each)
  }
  return each === null ? undefined : shared
}

/** Whoever has patched the response itself is called as it was then. */
function ownMethods(response: ServerResponse): Methods {
  const isPatched = ['writeHead', 'end', 'destroy'].some((name) => Object.hasOwn(response, name))
  if (!isPatched) return OWN_METHODS
  const { writeHead, end, destroy } = response
  return watchedMethods(() => ({ writeHead, end, destroy }))
}

/** The same functions for all responses: with closures of its own each response has a shape of its own. */
const OWN_METHODS = watchedMethods((response) => Object.getPrototypeOf(response))

function watchedMethods(methodsOf: MethodsOf): Methods {
  function writeHead(
    this: WatchedResponse,
    ...given: Parameters<ServerResponse['writeHead']>
  ): ServerResponse {
    const watch = this[WATCH]
    if (watch === undefined) return methodsOf(this).writeHead.apply(this, given)
    watch.begin(typeof given[0] === 'number' ? given[0] : this.statusCode)
    return watch.whole(() => {
      const begun = methodsOf(this).writeHead.apply(this, given)
      watch.begun()
      return begun
    })
  }
  function end(this: WatchedResponse, ...given: Parameters<ServerResponse['end']>): ServerResponse {
    const watch = this[WATCH]
    if (watch === undefined) return methodsOf(this).end.apply(this, given)
    watch.begin(this.statusCode)
    watch.ending(given[0], given[1])
    return watch.whole(() => {
      const ended = methodsOf(this).end.apply(this, given)
      watch.begun()
      watch.ended()
      return ended
    })
  }
  function destroy(this: WatchedResponse, ...given: Parameters<ServerResponse['destroy']>) {
    this[WATCH]?.destroyed()
    return methodsOf(this).destroy.apply(this, given)
  }
  return { writeHead, end, destroy } as Methods
}

class Watch {
  readonly #response: ServerResponse
  readonly #outcome: ResponseOutcome
  /** Another one of the same response. */
  readonly #before: Watch | undefined
  #state: 'waits' | 'begun' | 'failed' | 'over' = 'waits'
  #fails = false
  #ending:
    | { readonly isWhole: boolean; readonly chunk: unknown; readonly encoding: unknown }
    | undefined
  /** Headers of what is paid for, taken off because it fails. */
  #taken: readonly (readonly [name: string, value: string | number | readonly string[]])[] = []

  constructor(response: ServerResponse, outcome: ResponseOutcome, before: Watch | undefined) {
    this.#response = response
    this.#outcome = outcome
    this.#before = before
  }

  /** Before its head is written. */
  begin(status: number): void {
    this.#before?.begin(status)
    if (this.#state !== 'waits') return
    this.#fails = status >= FAILED
    if (!this.#fails) return
    const response = this.#response
    for (const name of PAID_HEADERS) {
      const value = response.getHeader(name)
      if (value === undefined) continue
      this.#taken = [...this.#taken, [name, value]]
      response.removeHeader(name)
    }
  }

  /** Does `write`; where that throws, as for a header with other letters, nothing has begun. */
  whole<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      this.undo()
      throw error
    }
  }

  undo(): void {
    this.#before?.undo()
    this.#ending = undefined
    if (this.#state !== 'waits') return
    for (const [name, value] of this.#taken) this.#response.setHeader(name, value)
    this.#taken = []
  }

  /** Its head is written. */
  begun(): void {
    this.#before?.begun()
    if (this.#state !== 'waits') return
    this.#state = this.#fails ? 'failed' : 'begun'
    if (this.#fails) this.#outcome.failed()
  }

  /** Before the rest of it is written, as whoever watches gave it: what is behind may change it on its way. */
  ending(chunk: unknown, encoding: unknown): void {
    this.#before?.ending(chunk, encoding)
    this.#ending ??= { isWhole: !this.#response.headersSent, chunk, encoding }
  }

  /** All of it is written. */
  ended(): void {
    this.#before?.ended()
    if (this.#state !== 'begun' || this.#ending === undefined) return
    this.#state = 'over'
    const { isWhole, chunk, encoding } = this.#ending
    this.#outcome.answered(isWhole ? answerOf(this.#response, chunk, encoding) : undefined)
  }

  /** The server gives it up: whoever has hung up before that has paid. */
  destroyed(): void {
    this.#before?.destroyed()
    if (this.#state !== 'waits') return
    const hasHungUp = this.#response.closed || this.#response.destroyed
    this.#state = hasHungUp ? 'over' : 'failed'
    if (hasHungUp) this.#outcome.answered(undefined)
    else this.#outcome.failed()
  }
}

/** What says of a response that it was paid for. */
const PAID_HEADERS = [RECEIPT, X402_RESPONSE]

/** Text stays text: it is turned into bytes only if somebody asks again. */
function answerOf(
  response: ServerResponse,
  chunk: unknown,
  encoding: unknown,
): ServedAnswer['answer'] {
  const isUtf8 = typeof encoding !== 'string' || encoding === 'utf8' || encoding === 'utf-8'
  if (typeof chunk === 'string' && !isUtf8) return undefined
  const body = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : ''
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (bytes > BODY_BYTES_MAX) return undefined
  return { status: response.statusCode, headers: response.getHeaders(), body, bytes }
}
