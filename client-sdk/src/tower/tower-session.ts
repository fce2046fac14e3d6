import {
  type ChainId,
  encodeTowerMessage,
  isRejection,
  type PublicKey,
  parseTowerMessage,
  type Signer,
  signTowerRequest,
  TOWER_MESSAGE_BYTES_MAX,
  TOWER_VERSION,
  type TowerAction,
  type TowerHello,
  type TowerMessage,
} from '@tallystick/protocol'
import { type Clock, PROCESS_CLOCK } from '../clock.js'
import { closedBecause, type OpenSocket, type Socket } from '../ledger/open-socket.js'
import { WalletError } from '../wallet-error.js'

/** Until a tower says hello, or answers, milliseconds. */
const ANSWER_MS_MAX = 20_000

/** Where a tower is, and who it is expected to be. */
export type TowerAddress = {
  /** Its session address, `ws://host:port/v1/session`. */
  readonly url: string
  readonly chainId: ChainId
  /** Absent: whoever answers. */
  readonly key: PublicKey | undefined
  readonly openSocket: OpenSocket
  /** Absent: the process's. */
  readonly clock?: Clock
}

/** What a tower answers to a request. */
export type TowerAnswer = Exclude<TowerMessage, { readonly kind: 'hello' | 'request' }>

type Awaited = {
  readonly done: (answer: TowerAnswer) => void
  readonly failed: (error: WalletError) => void
  /** It is waited for no longer. */
  readonly stopWaiting: () => void
}

/** One connection to a watchtower, over which owners ask and are answered in any order (TOWER-1). */
export class TowerSession {
  readonly #address: TowerAddress
  readonly #clock: Clock
  readonly #socket: Socket
  readonly #awaited = new Map<number, Awaited>()
  #hello: TowerHello | undefined
  #onHello: (hello: TowerHello) => void = () => undefined
  #onFailed: (error: WalletError) => void = () => undefined
  #number = 0
  #ended: WalletError | undefined

  private constructor(address: TowerAddress) {
    this.#address = address
    this.#clock = address.clock ?? PROCESS_CLOCK
    this.#socket = address.openSocket(
      address.url,
      {
        onOpen: () => undefined,
        onMessage: (bytes) => this.#receive(bytes),
        onClose: (end) => this.#end(unreachable(`the connection has ended: ${closedBecause(end)}`)),
      },
      { maxPayload: TOWER_MESSAGE_BYTES_MAX },
    )
  }

  /**
   * Connects, and waits for the tower to say who it is. Errors: `tower_unreachable`, `wrong_tower`,
   * `tower_answer_malformed`.
   */
  static async open(address: TowerAddress): Promise<TowerSession> {
    const session = new TowerSession(address)
    const stopWaiting = session.#clock.after(ANSWER_MS_MAX, () =>
      session.#end(unreachable('it did not say hello in time')),
    )
    try {
      await new Promise<TowerHello>((resolve, reject) => {
        session.#onHello = resolve
        session.#onFailed = reject
        if (session.#ended !== undefined) reject(session.#ended)
      })
      return session
    } finally {
      stopWaiting()
    }
  }

  /** Who the tower is and what it guards for. */
  get hello(): TowerHello {
    if (this.#hello === undefined) throw unreachable('it has not said hello')
    return this.#hello
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Asks by the channel key's signature. Errors: as of `open`. */
  ask(action: TowerAction, signer: Signer): Promise<TowerAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const number = this.#number++
    const request = signTowerRequest(this.hello, number, action, signer)
    return new Promise((done, failed) => {
      const late = () => this.#end(unreachable('it did not answer in time'))
      const stopWaiting = this.#clock.after(ANSWER_MS_MAX, late)
      this.#awaited.set(number, { done, failed, stopWaiting })
      this.#socket.send(encodeTowerMessage({ kind: 'request', ...request }))
    })
  }

  close(): void {
    this.#end(unreachable('the connection was closed here'))
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ended !== undefined) return
    const message = parseTowerMessage(bytes)
    if (isRejection(message)) return this.#end(malformed(message.detail))
    switch (message.kind) {
      case 'hello':
        return this.#meet(message)
      case 'request':
        return this.#end(malformed('a tower asks for nothing'))
      case 'kept':
      case 'found':
      case 'ended':
      case 'refused': {
        const awaited = this.#awaited.get(message.number)
        // A refusal of the whole connection answers whoever waits: the end of it follows.
        if (awaited === undefined) return
        this.#awaited.delete(message.number)
        awaited.stopWaiting()
        return awaited.done(message)
      }
    }
  }

  #meet({ kind: _, ...hello }: TowerHello & { readonly kind: 'hello' }): void {
    const { chainId, key } = this.#address
    if (this.#hello !== undefined) return this.#end(malformed('it said hello twice'))
    if (hello.version !== TOWER_VERSION || hello.chainId !== chainId) {
      return this.#end(wrong(`it speaks version ${hello.version} on chain ${hello.chainId}`))
    }
    if (key !== undefined && hello.tower !== key) {
      return this.#end(wrong(`tower ${hello.tower} answers instead of ${key}`))
    }
    this.#hello = hello
    this.#onHello(hello)
  }

  #end(error: WalletError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#socket.close()
    for (const { failed, stopWaiting } of this.#awaited.values()) {
      stopWaiting()
      failed(error)
    }
    this.#awaited.clear()
    this.#onFailed(error)
  }
}

function unreachable(detail: string): WalletError {
  return new WalletError('tower_unreachable', `the watchtower: ${detail}`, { retryable: true })
}

function wrong(detail: string): WalletError {
  return new WalletError('wrong_tower', `the watchtower: ${detail}`)
}

function malformed(detail: string): WalletError {
  return new WalletError('tower_answer_malformed', `the watchtower: ${detail}`)
}
