import type { Clock } from '@tallystick/client-sdk'
import {
  encodeTowerMessage,
  isRejection,
  parseTowerMessage,
  type TowerHello,
  type TowerMessage,
  type TowerRequest,
} from '@tallystick/protocol'
import type { RawData, WebSocket } from 'ws'
import {
  CONNECTION_BUFFER_BYTES_MAX,
  CONNECTION_REQUESTS_MAX,
  PING_MS,
  PROOF_MS_MAX,
  REFUSED_REQUEST_PRICE,
} from '../limits.js'
import type { RequestBudget } from './request-budget.js'
import type { RequestDesk } from './request-desk.js'

/** WebSocket close codes (RFC 6455 §7.4.1). */
const CLOSE = { goingAway: 1001, policy: 1008 } as const

export type OwnerSessionParts = {
  readonly hello: TowerHello
  readonly desk: RequestDesk
  readonly budget: RequestBudget
  readonly address: string
  readonly clock: Clock
  readonly onEnd: () => void
}

/** One connection of an owner: says hello, and answers requests (TOWER-1, TOWER-2). */
export class OwnerSession {
  readonly #socket: WebSocket
  readonly #parts: OwnerSessionParts
  readonly #cancelProof: () => void
  #cancelPing: () => void
  #last = -1
  #waiting = 0
  #silencedUntilMs = 0
  #isAlive = true
  #isOver = false

  constructor(socket: WebSocket, parts: OwnerSessionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#cancelProof = parts.clock.after(PROOF_MS_MAX, () =>
      this.#end('not_authenticated', 'no request was taken on this connection'),
    )
    this.#cancelPing = parts.clock.after(PING_MS, () => this.#ping())
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('pong', () => {
      this.#isAlive = true
    })
    // The close that follows an error cleans up; the error itself is the peer's affair.
    socket.on('error', () => socket.terminate())
    socket.on('close', () => this.#over())
    this.#send({ kind: 'hello', ...parts.hello })
  }

  /** Hangs up because the tower stops. */
  leave(): void {
    this.#socket.close(CLOSE.goingAway, 'tower_stops')
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelProof()
    this.#cancelPing()
    this.#parts.onEnd()
  }

  #ping(): void {
    if (!this.#isAlive) return this.#socket.terminate()
    this.#isAlive = false
    this.#socket.ping()
    this.#cancelPing = this.#parts.clock.after(PING_MS, () => this.#ping())
  }

  /** Queues a message; who reads too slowly is cut off and asks again when it is back. */
  #send(message: TowerMessage): void {
    if (this.#isOver) return
    if (this.#socket.bufferedAmount > CONNECTION_BUFFER_BYTES_MAX) return this.#socket.terminate()
    this.#socket.send(encodeTowerMessage(message))
  }

  #end(code: string, detail: string): void {
    this.#send({ kind: 'refused', number: 0, code, detail, retryable: false })
    this.#socket.close(CLOSE.policy, code)
    this.#over()
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isOver) return
    if (!isBinary || !Buffer.isBuffer(data)) {
      return this.#end('malformed', 'messages are binary frames')
    }
    const message = parseTowerMessage(new Uint8Array(data))
    if (isRejection(message)) return this.#end(message.code, message.detail)
    if (message.kind !== 'request') {
      return this.#end('unexpected_message', `an owner does not say ${message.kind}`)
    }
    const { kind: _, ...request } = message
    if (request.number <= this.#last) {
      return this.#end('request_repeated', `a request after number ${this.#last} is due`)
    }
    this.#last = request.number
    void this.#answer(request)
  }

  /** While too many wait, or the address has asked for too much, the socket is not read. */
  async #answer(request: TowerRequest): Promise<void> {
    this.#waiting++
    this.#use(1)
    this.#readOn()
    const answer = await this.#parts.desk.submit(request, this.#parts.hello)
    this.#waiting--
    if (answer.kind === 'refused') this.#use(REFUSED_REQUEST_PRICE)
    else this.#cancelProof()
    this.#send(answer)
    this.#readOn()
  }

  #use(price: number): void {
    const { budget, address, clock } = this.#parts
    const nowMs = clock.nowMs()
    const pauseMs = budget.use(address, price, nowMs)
    if (pauseMs === 0) return
    this.#silencedUntilMs = nowMs + pauseMs
    clock.after(pauseMs, () => this.#readOn())
  }

  #readOn(): void {
    if (this.#isOver) return
    const isSilenced = this.#parts.clock.nowMs() < this.#silencedUntilMs
    if (isSilenced || this.#waiting >= CONNECTION_REQUESTS_MAX) this.#socket.pause()
    else this.#socket.resume()
  }
}
