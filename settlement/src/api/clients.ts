import type { IncomingMessage } from 'node:http'
import { clientAddress } from '@tallystick/protocol'
import type { Request, RequestHandler, Response } from 'express'
import {
  ANSWER_PACE,
  CONNECTIONS_MAX,
  HELD_BYTES_MAX,
  HELD_BYTES_PER_ADDRESS_MAX,
  PIPELINED_MAX,
  SMALL_BYTES_MAX,
} from '../limits.js'
import { BoundedShare } from './bounded-share.js'
import { sendProblem } from './problem.js'
import { countUnderWay, whenOver } from './when-over.js'

/** How clients are told apart, and what each may have. */
export type ClientBounds = {
  /** Proxies in front of this node that append to `x-forwarded-for`; nothing else reaches its port. */
  readonly trustedProxies: number
  /** Connections, and requests under way, of one address at a time. */
  readonly connectionsPerAddress: number
}

/** How fast an answer has to be read. */
export type ReadingPace = {
  /** What any answer may take, milliseconds. */
  readonly graceMs: number
  /** How much longer a large one may. */
  readonly bytesPerSecondMin: number
}

/** Who asks the API of a node, and what they keep in its memory. Lives as long as the server. */
export class Clients {
  readonly bounds: ClientBounds
  readonly #requests: BoundedShare
  /** Bytes of bodies and answers that wait for the network. */
  readonly #held = new BoundedShare({
    ...{ max: HELD_BYTES_MAX, perAddressMax: HELD_BYTES_PER_ADDRESS_MAX },
  })

  readonly #pace: ReadingPace

  constructor(bounds: ClientBounds, pace: ReadingPace = ANSWER_PACE) {
    this.bounds = bounds
    this.#pace = pace
    const perAddressMax = bounds.connectionsPerAddress
    this.#requests = new BoundedShare({ max: CONNECTIONS_MAX, perAddressMax })
  }

  /** Whom a request counts as. */
  addressOf(request: IncomingMessage): string {
    const forwardedFor = request.headers['x-forwarded-for']
    const peer = request.socket.remoteAddress
    return clientAddress({ peer, forwardedFor }, this.bounds.trustedProxies)
  }

  /** Counts a request until it is over; refuses one too many. A connection may carry several. */
  readonly admit: RequestHandler = (request, response, next) => {
    // Answers wait for those before them; nobody who reads what comes asks for so many at once.
    if (countUnderWay(request.socket) >= PIPELINED_MAX) return void request.socket.destroy()
    const release = this.#requests.take(this.addressOf(request), 1)
    if (release === undefined) {
      const { connectionsPerAddress: most } = this.bounds
      const detail = `at most ${most} requests of one address are answered at a time`
      response.set('connection', 'close')
      return sendProblem(response, { code: 'too_many_connections', detail })
    }
    whenOver(response, release)
    return next()
  }

  /**
   * Takes memory for an address; call the answer to give it back. `undefined`: there is none left. There
   * always is a little: who fills the rest keeps nobody from what is small.
   */
  hold(address: string, bytes: number): (() => void) | undefined {
    if (bytes <= SMALL_BYTES_MAX) return () => undefined
    return this.#held.take(address, bytes)
  }

  /** Answers with JSON, unless too much waits for its readers already; who reads too slowly is cut off. */
  answer(request: Request, response: Response, json: object): void {
    const body = Buffer.from(JSON.stringify(json))
    const release = this.hold(this.addressOf(request), body.length)
    if (release === undefined) {
      const detail = 'too many answers wait to be read, in all or by this address; try again later'
      sendProblem(response, { code: 'node_busy', detail })
      return
    }
    const { graceMs, bytesPerSecondMin } = this.#pace
    const patienceMs = graceMs + (body.length / bytesPerSecondMin) * 1_000
    const late = setTimeout(() => request.socket.destroy(), patienceMs)
    whenOver(response, () => {
      clearTimeout(late)
      release()
    })
    response.type('json').send(body)
  }
}
