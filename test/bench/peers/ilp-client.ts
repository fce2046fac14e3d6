import { WireSocket } from '../hub-load/wire-socket.js'
import { authFrame, btpFrameOf, requestFrame, responseFrame } from './btp-frame.js'
import { fulfillBytes, ilpPacketOf, prepareBytes } from './ilp-packet.js'
import type { PeerClient, PeerEvents, PeerPayment } from './peer-client.js'

/** Where a client finds its account with a hub. */
export type IlpAccount = {
  readonly kind: 'ilp'
  readonly url: string
  readonly secret: string
  /** Its Interledger address. */
  readonly address: string
}

/** The request that proves who a client is. */
const AUTH = 0

/** One account with a hub and its connection, as lean as can be. */
export class IlpClient implements PeerClient {
  readonly address: string
  readonly #account: IlpAccount
  readonly #events: PeerEvents
  #socket: WireSocket | undefined
  #requests = AUTH
  #proven = () => {}

  private constructor(account: IlpAccount, events: PeerEvents) {
    this.address = account.address
    this.#account = account
    this.#events = events
  }

  /** Resolves when the hub has let it in. */
  static async connect(account: IlpAccount, events: PeerEvents): Promise<IlpClient> {
    const client = new IlpClient(account, events)
    await client.#connect()
    return client
  }

  pay(prepare: PeerPayment): number {
    this.#requests++
    this.#socket?.send(requestFrame(this.#requests, prepareBytes(prepare)))
    return this.#requests
  }

  #connect(): Promise<void> {
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
