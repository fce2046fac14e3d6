import { ServerResponse } from 'node:http'
import { RECEIPT } from '../http/headers.js'
import type { ServedAnswer } from '../http/served-answers.js'
import { X402_RESPONSE } from '../http/x402.js'
import { propertyOf } from './property-of.js'

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
  const before = WATCHES.get(response)
  WATCHES.set(response, new Watch(response, outcome, before))
  if (before === undefined) callFirst(response)
}

/** Whoever watches this response hears that it fails, whatever its status will be. */
export function failResponse(response: ServerResponse): void {
  const watch = WATCHES.get(response)
  watch?.begin(FAILED)
  watch?.begun()
}

/** The least status that is the server's own fault. */
const FAILED = 500

/**
 * Who waits to hear of a response, until it has ended. Not on itself: of Express each response has a shape of its own,
 * and a property more copies all of that, which takes 3.6 us where this takes 0.2. Those that have ended are taken out
 * by hand, because each that is left to the collector costs it time.
 */
const WATCHES = new WeakMap<ServerResponse, Watch>()
type Methods = Pick<ServerResponse, 'writeHead' | 'end' | 'destroy'>
type MethodsOf = (response: ServerResponse) => Methods

/**
 * What is called of a response from now on. Of a framework it is a method of all of its responses: what a response of
 * Express is given of its own costs 25 us, a tenth of a request, as it has changed its prototype before.
 */
function callFirst(response: ServerResponse): void {
  // Whoever has methods in front of these would be called first, and may have gone past them.
  if (HEADS.get(propertyOf(response, 'end')) === propertyOf(response, 'writeHead')) return
  const shared = sharedPrototypeOf(response)
  if (shared === undefined || SHARED.has(shared)) {
    Object.assign(response, ownMethods(response))
    return
  }
  const { writeHead, end, destroy } = shared
  const methods = { writeHead, end, destroy }
  const watched = watchedMethods(() => methods)
  Object.assign(shared, watched)
  SHARED.add(shared)
  HEADS.set(watched.end, watched.writeHead)
  callFirst(response)
}

/** The prototypes of frameworks whose methods are watched. */
const SHARED = new WeakSet<ServerResponse>()
/** Of each `end` that is such a prototype's, its `writeHead`. */
const HEADS = new WeakMap<ServerResponse['end'], ServerResponse['writeHead']>()

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
    this: ServerResponse,
    ...given: Parameters<ServerResponse['writeHead']>
  ): ServerResponse {
    const watch = WATCHES.get(this)
    if (watch === undefined) return methodsOf(this).writeHead.apply(this, given)
    watch.begin(typeof given[0] === 'number' ? given[0] : this.statusCode)
    let begun: ServerResponse
    try {
      begun = methodsOf(this).writeHead.apply(this, given)
    } catch (error) {
      watch.undo()
      throw error
    }
    watch.begun()
    return begun
  }
  function end(this: ServerResponse, ...given: Parameters<ServerResponse['end']>): ServerResponse {
    const watch = WATCHES.get(this)
    if (watch === undefined) return methodsOf(this).end.apply(this, given)
    watch.begin(propertyOf(this, 'statusCode'))
    watch.ending(given[0], given[1])
    let ended: ServerResponse
    try {
      ended = methodsOf(this).end.apply(this, given)
    } catch (error) {
      watch.undo()
      throw error
    }
    watch.begun()
    watch.ended()
    WATCHES.delete(this)
    return ended
  }
  function destroy(this: ServerResponse, ...given: Parameters<ServerResponse['destroy']>) {
    WATCHES.get(this)?.destroyed()
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
  /** How it ends. */
  #ending: 'not' | 'whole' | 'in pieces' = 'not'
  #chunk: unknown
  #encoding: unknown
  /** Headers of what is paid for, taken off because it fails. */
  #taken: readonly (readonly [name: string, value: string | number | readonly string[]])[] = NONE

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

  /** Writing it threw, as for a header with other letters: nothing has begun. */
  undo(): void {
    this.#before?.undo()
    this.#ending = 'not'
    if (this.#state !== 'waits') return
    for (const [name, value] of this.#taken) this.#response.setHeader(name, value)
    this.#taken = NONE
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
    if (this.#ending !== 'not') return
    this.#ending = propertyOf(this.#response, 'headersSent') ? 'in pieces' : 'whole'
    this.#chunk = chunk
    this.#encoding = encoding
  }

  /** All of it is written. */
  ended(): void {
    this.#before?.ended()
    if (this.#state !== 'begun' || this.#ending === 'not') return
    this.#state = 'over'
    const isWhole = this.#ending === 'whole'
    this.#outcome.answered(
      isWhole ? answerOf(this.#response, this.#chunk, this.#encoding) : undefined,
    )
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

const NONE: readonly never[] = []

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
  const headers = propertyOf(response, 'getHeaders').call(response)
  return { status: propertyOf(response, 'statusCode'), headers, body, bytes }
}
