/** An answer that was given for a payment. */
export type ServedAnswer = {
  /** The request that it answered: another one is not paid by the same ticks. */
  readonly request: string
  /** Absent: it is still being made, or was too large to keep. */
  readonly answer:
    | {
        readonly status: number
        readonly headers: readonly (readonly [name: string, value: string | string[]])[]
        readonly body: Uint8Array
      }
    | undefined
  readonly isOver: boolean
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
    this.delete(payment)
    this.#answers.set(payment, answer)
    this.#bytes += sizeOf(answer)
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
  return answer?.body.length ?? 0
}
