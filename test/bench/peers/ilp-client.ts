import { WireSocket } from '../hub-load/wire-socket.js'
import { authFrame, btpFrameOf, requestFrame, responseFrame } from './btp-frame.js'
import { fulfillBytes, type IlpPrepare, ilpPacketOf, prepareBytes } from './ilp-packet.js'

/** Where a client finds its account with a hub. */
export type IlpAccount = {
  readonly url: string
  readonly secret: string
  /** Its Interledger address. */
  readonly address: string
}

/** What a load makes of what its clients hear. */
export type IlpEvents = {
  /** A payment of ours is over: its preimage, or the code of a refusal. */
  answered(client: IlpClient, request: number, answer: Uint8Array | string): void
  /** Somebody pays us: the preimage. Throws when it is not what was agreed. */
  preimageOf(client: IlpClient, condition: Buffer, amount: bigint): Uint8Array
}

/** The request that proves who a client is. */
const AUTH = 0

/** One account with a hub and its connection, as lean as can be. */
export class IlpClient {
  readonly address: string
  readonly #account: IlpAccount
  readonly #events: IlpEvents
  #socket: WireSocket | undefined
  #requests = AUTH
  #proven = () => {}

  constructor(account: IlpAccount, events: IlpEvents) {
    this.address = account.address
    this.#account = account
    this.#events = events
  }

  /** Resolves when the hub has let it in. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      let isProven = false
      this.#proven = () => {
        isProven = true
        resolve()
      }
      const socket = new WireSocket(this.#account.url, {
        onOpen: () => socket.send(authFrame(AUTH, this.#account.secret)),
        onMessage: (bytes) => this.#receive(Buffer.from(bytes)),
        onClose: (why) => {
          if (isProven) throw new Error(`${this.address}: ${why}`)
          reject(new Error(why))
        },
      })
      this.#socket = socket
    })
  }

  /** Promises a payment; the answer comes under the number that is returned. */
  pay(prepare: IlpPrepare): number {
    this.#requests++
    this.#socket?.send(requestFrame(this.#requests, prepareBytes(prepare)))
    return this.#requests
  }

  #receive(bytes: Buffer): void {
    const frame = btpFrameOf(bytes)
    if (frame.kind === 'error') throw new Error(`${this.address}: ${frame.text}`)
    const { kind, request, packet } = frame
    if (kind === 'response' && request === AUTH) return this.#proven()
    if (packet === undefined) throw new Error(`${this.address}: a frame without a packet`)
    const content = ilpPacketOf(packet)
    switch (content.kind) {
      case 'prepare': {
        const preimage = this.#events.preimageOf(this, content.condition, content.amount)
        this.#socket?.send(responseFrame(request, fulfillBytes(preimage)))
        return
      }
      case 'fulfill':
        return this.#events.answered(this, request, content.preimage)
      case 'reject':
        return this.#events.answered(this, request, content.code)
    }
  }
}
