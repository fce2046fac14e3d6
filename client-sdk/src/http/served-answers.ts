/** An answer that was given for a payment. */
export type ServedAnswer = {
  /** What paid for it. */
  readonly payment: string
  /** The request that it answered: another one is not paid by the same ticks. Absent: none is known to be the same. */
  readonly request: string | undefined
  /** What it is made with; absent: it is over. */
  readonly making: AnswerInTheMaking | undefined
  /** Absent: it is still being made, or was too large to keep. */
  readonly answer:
    | {
        readonly status: number
        readonly headers: Readonly<Record<string, string | number | string[] | undefined>>
        readonly body: Uint8Array | string
        /** Of the body in UTF-8. */
        readonly bytes: number
      }
    | undefined
}

/** A response of Node, as far as one must know whether it goes on. */
export type AnswerInTheMaking = { readonly headersSent: boolean; readonly closed: boolean }

/** Whether an answer is over, also by who has hung up in the middle: one that has not begun may still come. */
export function isServed({ making }: ServedAnswer): boolean {
  return making === undefined || (making.headersSent && making.closed)
}

/** As it is kept: changed in place, because each request has one, and so that it need not be looked for again. */
class Kept implements ServedAnswer {
  readonly payment: string
  readonly request: string | undefined
  making: ServedAnswer['making']
  answer: ServedAnswer['answer']
  isKept = false
  /** The ones that came before and after it, of those that are kept. */
  older: Kept | undefined
  newer: Kept | undefined

  constructor(payment: string, request: string | undefined, making: AnswerInTheMaking) {
    this.payment = payment
    this.request = request
    this.making = making
  }
}

/**
 * The last answers by what paid for them, so that whoever asks again with the same ticks is told the same
 * (HTTP402-3). Bounded in number and in bytes; the oldest go first.
 */
export class ServedAnswers {
  readonly #answers = new Map<string, Kept>()
  readonly #countMax: number
  readonly #bytesMax: number
  #bytes = 0
  /** A map finds its oldest only behind all places of those that are gone. */
  #oldest: Kept | undefined
  #newest: Kept | undefined

  constructor({ countMax, bytesMax }: { readonly countMax: number; readonly bytesMax: number }) {
    this.#countMax = countMax
    this.#bytesMax = bytesMax
  }

  get(payment: string): ServedAnswer | undefined {
    return this.#answers.get(payment)
  }

  /** An answer is being made, with `making`. */
  begin(payment: string, request: string | undefined, making: AnswerInTheMaking): ServedAnswer {
    const served = new Kept(payment, request, making)
    this.#keep(served)
    return served
  }

  /** It is over; absent: it is not kept. */
  finish(served: ServedAnswer, answer: ServedAnswer['answer']): void {
    const kept = served as Kept
    kept.making = undefined
    kept.answer = answer
    if (!kept.isKept) return this.#keep(kept)
    this.#bytes += sizeOf(kept)
    this.#trim()
  }

  /** Nothing was paid for. */
  forget(served: ServedAnswer): void {
    const kept = served as Kept
    if (!kept.isKept) return
    const { older, newer } = kept
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    kept.isKept = false
    kept.older = undefined
    kept.newer = undefined
    this.#bytes -= sizeOf(kept)
    this.#answers.delete(kept.payment)
  }

  #keep(served: Kept): void {
    const before = this.#answers.get(served.payment)
    if (before !== undefined) this.forget(before)
    served.isKept = true
    served.older = this.#newest
    if (this.#newest === undefined) this.#oldest = served
    else this.#newest.newer = served
    this.#newest = served
    this.#bytes += sizeOf(served)
    this.#answers.set(served.payment, served)
    this.#trim()
  }

  #trim(): void {
    while (this.#answers.size > this.#countMax || this.#bytes > this.#bytesMax) {
      if (this.#oldest === undefined) return
      this.forget(this.#oldest)
    }
  }
}

function sizeOf({ answer }: ServedAnswer): number {
  return answer?.bytes ?? 0
}
