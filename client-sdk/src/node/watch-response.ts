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

/** Tells what becomes of a response, once; the receipt goes out with none that fails. One that is broken off has no outcome. */
export function watchResponse(response: ServerResponse, outcome: ResponseOutcome): void {
  const watched = response as WatchedResponse
  const before = watched[WATCH]
  watched[WATCH] = new Watch(response, outcome, before)
  if (before === undefined) callFirst(watched)
}

/**
 * Who waits to hear of a response: on itself, because a weak map of them doubled what the collector takes (31 of 340 us
 * of a request).
 */
const WATCH = Symbol('watch')
type WatchedResponse = ServerResponse & { [WATCH]?: Watch }
type Methods = Pick<ServerResponse, 'writeHead' | 'end'>
type MethodsOf = (response: ServerResponse) => Methods

/**
 * What is called of a response from now on. Of a framework it is a method of all of its responses: what a response of
 * Express is given of its own costs 25 us, a tenth of a request, as it has changed its prototype before.
 */
function callFirst(response: WatchedResponse): void {
  const shared = sharedPrototypeOf(response)
  if (shared !== undefined && !SHARED.has(shared)) {
    const methods = { writeHead: shared.writeHead, end: shared.end }
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
  const isPatched = Object.hasOwn(response, 'writeHead') || Object.hasOwn(response, 'end')
  if (!isPatched) return OWN_METHODS
  const { writeHead, end } = response
  return watchedMethods(() => ({ writeHead, end }))
}

/** The same two functions for all responses: with closures of its own each response has a shape of its own. */
const OWN_METHODS = watchedMethods((response) => Object.getPrototypeOf(response))

function watchedMethods(methodsOf: MethodsOf): Methods {
  function writeHead(
    this: WatchedResponse,
    ...given: Parameters<ServerResponse['writeHead']>
  ): ServerResponse {
    this[WATCH]?.beforeHead(given[0])
    return methodsOf(this).writeHead.apply(this, given)
  }
  function end(this: WatchedResponse, ...given: Parameters<ServerResponse['end']>): ServerResponse {
    const watch = this[WATCH]
    if (watch === undefined) return methodsOf(this).end.apply(this, given)
    watch.beforeEnd(given[0], given[1])
    const ended = methodsOf(this).end.apply(this, given)
    watch.tell()
    return ended
  }
  return { writeHead, end } as Methods
}

class Watch {
  readonly #response: ServerResponse
  readonly #outcome: ResponseOutcome
  /** Another one of the same response. */
  readonly #before: Watch | undefined
  #isSettled = false
  #isFailed = false
  #isOver = false
  /** What was answered, until it is told. */
  #ended: { readonly answer: ServedAnswer['answer'] } | undefined

  constructor(response: ServerResponse, outcome: ResponseOutcome, before: Watch | undefined) {
    this.#response = response
    this.#outcome = outcome
    this.#before = before
  }

  beforeHead(status: unknown): void {
    this.#before?.beforeHead(status)
    if (typeof status === 'number') this.#response.statusCode = status
    this.#settle()
  }

  beforeEnd(chunk: unknown, encoding: unknown): void {
    this.#before?.beforeEnd(chunk, encoding)
    const isWhole = !this.#response.headersSent
    this.#settle()
    if (this.#isOver || this.#isFailed) return
    this.#isOver = true
    this.#ended = { answer: isWhole ? answerOf(this.#response, chunk, encoding) : undefined }
  }

  /** Tells what was answered, once it has gone out. */
  tell(): void {
    this.#before?.tell()
    const ended = this.#ended
    this.#ended = undefined
    if (ended !== undefined) this.#outcome.answered(ended.answer)
  }

  #settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#isFailed = this.#response.statusCode >= 500
    if (!this.#isFailed) return
    this.#outcome.failed()
    this.#response.removeHeader(RECEIPT)
    this.#response.removeHeader(X402_RESPONSE)
  }
}

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
