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
  const watches = WATCHES.get(response)
  if (watches !== undefined) {
    watches.push(watch)
    return
  }
  WATCHES.set(response, [watch])
  const isPatched = Object.hasOwn(response, 'writeHead') || Object.hasOwn(response, 'end')
  // Whoever has patched the response itself calls what it had then, and would pass an heir by.
  const target = isPatched ? response : Object.getPrototypeOf(response)
  if (isPatched) Object.assign(response, watchedMethods(target))
  else Object.setPrototypeOf(response, heirOf(target))
}

/** Who waits to hear of a response. */
const WATCHES = new WeakMap<ServerResponse, Watch[]>()
/** What responses of a prototype inherit from once they are watched. */
const HEIRS = new WeakMap<object, object>()

/**
 * One prototype for all responses of an app: two methods set on each response itself cost 13 of the 36 us that making
 * one took, an heir nothing that could be measured.
 */
function heirOf(prototype: ServerResponse): object {
  const known = HEIRS.get(prototype)
  if (known !== undefined) return known
  const heir = Object.assign(Object.create(prototype), watchedMethods(prototype))
  HEIRS.set(prototype, heir)
  return heir
}

function watchedMethods({ writeHead, end }: ServerResponse): object {
  return {
    writeHead(this: ServerResponse, ...given: Parameters<typeof writeHead>) {
      for (const watch of WATCHES.get(this) ?? []) watch.beforeHead(given[0])
      return writeHead.apply(this, given)
    },
    end(this: ServerResponse, ...given: Parameters<typeof end>) {
      const tell = (WATCHES.get(this) ?? []).map((watch) => watch.beforeEnd(given[0], given[1]))
      const ended = end.apply(this, given)
      for (const told of tell) told?.()
      return ended
    },
  }
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
