import type { Message, MessageOf, TxId } from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'

type Asked = {
  readonly done: (txId: TxId | undefined) => void
  readonly failed: (error: Error) => void
}
type Numbered = MessageOf<'openRequest'> | MessageOf<'inboundRequest'>
type WithoutNumber<R> = R extends unknown ? Omit<R, 'request'> : never

/** Refusals that pass by themselves: the same request may be granted later. */
const RETRYABLE = new Set([
  ...['hub_busy', 'hub_out_of_funds', 'too_many_requests'],
  ...['mailbox_full', 'sender_mail_full', 'letter_unserved'],
])

/** Liquidity that a client may ask for. */
export type HubRequest = WithoutNumber<Numbered>

/** A letter, for whom, and until when. */
export type LetterToPut = Omit<MessageOf<'putLetter'>, 'kind' | 'request'>

/** What was asked of the hub on this connection and has not been answered. */
export class HubRequests {
  readonly #asked = new Map<number, Asked>()
  #next = 1

  /** Asks. Errors: the hub's refusal, or `hub_disconnected`, after which nobody knows. */
  ask(send: (message: Message) => void, request: HubRequest): Promise<TxId> {
    const number = this.#next++
    return new Promise((granted, failed) => {
      const done = (txId: TxId | undefined) =>
        txId === undefined ? failed(notGranted()) : granted(txId)
      this.#asked.set(number, { done, failed })
      send({ ...request, request: number } as Numbered)
    })
  }

  /** Asks the hub to keep a letter. Errors: as of `ask`. */
  put(send: (message: Message) => void, letter: LetterToPut): Promise<void> {
    const request = this.#next++
    return new Promise((kept, failed) => {
      this.#asked.set(request, { done: () => kept(), failed })
      send({ kind: 'putLetter', request, ...letter })
    })
  }

  kept({ request }: MessageOf<'letterKept'>): void {
    this.#asked.get(request)?.done(undefined)
    this.#asked.delete(request)
  }

  granted({ request, txId }: MessageOf<'granted'>): void {
    this.#asked.get(request)?.done(txId)
    this.#asked.delete(request)
  }

  refused({ request, code, detail }: MessageOf<'refused'>): void {
    this.#asked
      .get(request)
      ?.failed(new WalletError(code, detail, { retryable: RETRYABLE.has(code) }))
    this.#asked.delete(request)
  }

  /** The connection is gone; whether the hub heard a request is not known. */
  interrupt(): void {
    const detail = 'the hub went away; ask again'
    const error = new WalletError('hub_disconnected', detail, { retryable: true })
    for (const { failed } of this.#asked.values()) failed(error)
    this.#asked.clear()
  }
}

function notGranted(): WalletError {
  return new WalletError('unexpected_message', 'the hub answers as if it had been given a letter')
}
