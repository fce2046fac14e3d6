import type { ServerResponse } from 'node:http'
import { RECEIPT } from '../http/headers.js'
import type { ServedAnswer } from '../http/served-answers.js'
import { X402_RESPONSE } from '../http/x402.js'

/** A body above this is not kept, bytes. */
const BODY_BYTES_MAX = 65_536

export type ResponseOutcome = {
  /** The server failed: nothing is paid (HTTP402-3). */
  readonly failed: () => void
  /** It was answered; `undefined`: in pieces, broken off, or too large to keep. */
  readonly answered: (answer: ServedAnswer['answer']) => void
}

/** Tells what becomes of a response, once; the receipt goes out with none that fails. */
export function watchResponse(response: ServerResponse, outcome: ResponseOutcome): void {
  const watch = new Watch(response, outcome)
  response.on('close', watch.closed)
  const watched = response as WatchedResponse
  if (watched[WATCHES] !== undefined) {
    watched[WATCHES].push(watch)
    return
  }
  watched[WATCHES] = [watch]
  const isPatched = Object.hasOwn(response, 'writeHead') || Object.hasOwn(response, 'end')
  // Whoever has patched the response itself is called as it was then.
  const { writeHead, end } = isPatched ? patchedMethods(response) : WATCHED_METHODS
  response.writeHead = writeHead
  response.end = end
}

/**
 * Who waits to hear of a response: on itself, because a weak map of them doubled what the collector takes (31 of 340 us
 * of a request).
 */
const WATCHES = Symbol('watches')
type WatchedResponse = ServerResponse & { [WATCHES]?: Watch[] }
type Methods = Pick<ServerResponse, 'writeHead' | 'end'>

/** The same two functions for all responses: with closures of its own each response has a shape of its own. */
const WATCHED_METHODS = watchedMethods((response) => Object.getPrototypeOf(response))

function patchedMethods({ writeHead, end }: Methods): Methods {
  return watchedMethods(() => ({ writeHead, end }))
}

function watchedMethods(methodsOf: (response: ServerResponse) => Methods): Methods {
  function writeHead(
    this: WatchedResponse,
    ...given: Parameters<ServerResponse['writeHead']>
  ): ServerResponse {
    for (const watch of this[WATCHES] ?? []) watch.beforeHead(given[0])
    return methodsOf(this).writeHead.apply(this, given)
  }
  function end(this: WatchedResponse, ...given: Parameters<ServerResponse['end']>): ServerResponse {
    const tell = (this[WATCHES] ?? []).map((watch) => watch.beforeEnd(given[0], given[1]))
    const ended = methodsOf(this).end.apply(this, given)
    for (const told of tell) told?.()
    return ended
  }
  return { writeHead, end } as Methods
}

class Watch {
  readonly #response: ServerResponse
  readonly #outcome: ResponseOutcome
  #isSettled = false
  #isFailed = false
  #isOver = false

  constructor(response: ServerResponse, outcome: ResponseOutcome) {
    this.#response = response
    this.#outcome = outcome
  }

  beforeHead(status: unknown): void {
    if (typeof status === 'number') this.#response.statusCode = status
    this.#settle()
  }

  /** Answers what is to be told once it has ended. */
  beforeEnd(chunk: unknown, encoding: unknown): (() => void) | undefined {
    const isWhole = !this.#response.headersSent
    this.#settle()
    if (this.#isOver || this.#isFailed) return undefined
    this.#isOver = true
    const answer = isWhole ? answerOf(this.#response, chunk, encoding) : undefined
    return () => this.#outcome.answered(answer)
  }

  readonly closed = (): void => {
    // Whoever hangs up has paid all the same, or work would be free. An answer that has not begun may still come.
    if (this.#isOver || this.#isFailed || !this.#response.headersSent) return
    this.#isOver = true
    this.#outcome.answered(undefined)
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
