/** An answer that was given for a payment. */
export type ServedAnswer = {
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

/**
 * The last answers by what paid for them, so that whoever asks again with the same ticks is told the same
 * (HTTP402-3). Bounded in number and in bytes; the oldest go first.
 */
export class ServedAnswers {
  readonly #answers = new Map<string, ServedAnswer>()
  readonly #countMax: number
  readonly #bytesMax: number
  #bytes = 0

  constructor({ countMax, bytesMax }: { readonly countMax: number; readonly bytesMax: number }) {
    this.#countMax = countMax
    this.#bytesMax = bytesMax
  }

  get(payment: string): ServedAnswer | undefined {
    return this.#answers.get(payment)
  }

  set(payment: string, answer: ServedAnswer): void {
    const before = this.#answers.get(payment)
    this.#answers.set(payment, answer)
    this.#bytes += sizeOf(answer) - (before === undefined ? 0 : sizeOf(before))
    if (this.#answers.size <= this.#countMax && this.#bytes <= this.#bytesMax) return
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#countMax && this.#bytes <= this.#bytesMax) break
      this.delete(oldest)
    }
  }

  delete(payment: string): void {
    const answer = this.#answers.get(payment)
    if (answer === undefined) return
    this.#bytes -= sizeOf(answer)
    this.#answers.delete(payment)
  }
}

function sizeOf({ answer }: ServedAnswer): number {
  return answer?.bytes ?? 0
}
