import { createHash } from 'node:crypto'
import { AMOUNT, FEE, type LoadCount } from '../hub-load/payment-load.js'
import type { PeerBalances, PeerClient, PeerEvents } from './peer-client.js'

/** Milliseconds after which a payment that goes nowhere comes back: no connector holds one longer. */
const EXPIRY_MS = 30_000
/** Payments that one client has under way at most, as in the load of our own hub. */
const PER_CLIENT_MAX = 16

type Payment = {
  readonly payer: PeerClient
  readonly payee: PeerClient
  readonly due: number
  readonly preimage: Buffer
  readonly condition: Buffer
}

/** Clients that pay in a circle, each one the next, as fast as answers come. */
export class CircleLoad implements PeerEvents {
  clients: readonly PeerClient[] = []
  readonly #name: Uint8Array
  readonly #byRequest = new Map<string, Payment>()
  readonly #byCondition = new Map<string, Payment>()
  readonly #underWay = new Map<PeerClient, number>()
  readonly #balances = new Map<string, bigint>()
  #inFlight = 0
  #next = 0
  #made = 0
  #latencies: number[] = []
  #declined = 0

  /** `name`: 8 bytes that no other load of the same hub has. */
  constructor(name: Uint8Array) {
    this.#name = name
  }

  get pending(): number {
    return this.#byCondition.size
  }

  /** What the hub's books have to say. */
  get balances(): PeerBalances {
    return this.#balances
  }

  /** Keeps so many payments under way. */
  start(inFlight: number): void {
    this.#inFlight = inFlight
    this.#fill()
  }

  /** Begins no more payments. */
  stop(): void {
    this.#inFlight = 0
  }

  /** What came back since the last time. */
  take(): LoadCount {
    const count = { latencies: Float64Array.from(this.#latencies), declined: this.#declined }
    this.#latencies = []
    this.#declined = 0
    return count
  }

  answered(client: PeerClient, request: number, answer: Uint8Array | string): void {
    const key = requestKey(client, request)
    const payment = this.#byRequest.get(key)
    if (payment === undefined) throw new Error(`${client.address} never made request ${request}`)
    this.#byRequest.delete(key)
    this.#byCondition.delete(payment.condition.toString('latin1'))
    this.#count(client, -1)
    if (typeof answer === 'string') {
      if (this.#declined === 0) process.stderr.write(`a payment came back: ${answer}\n`)
      this.#declined++
    } else {
      if (!sha256(answer).equals(payment.condition)) {
        throw new Error('the hub shows a preimage that is none')
      }
      this.#latencies.push(performance.now() - payment.due)
      this.#book(payment.payer, AMOUNT + FEE)
      this.#book(payment.payee, -AMOUNT)
    }
    this.#fill()
  }

  preimageOf(client: PeerClient, condition: Buffer, amount: bigint): Uint8Array {
    const payment = this.#byCondition.get(condition.toString('latin1'))
    if (payment?.payee !== client || amount !== AMOUNT) {
      throw new Error(`${client.address} was offered ${amount} for nothing that it sells`)
    }
    return payment.preimage
  }

  #fill(): void {
    while (this.#byCondition.size < this.#inFlight && this.#startPayment());
  }

  /** The next client in turn that has room pays the one behind it; `false`: none has. */
  #startPayment(): boolean {
    const { clients } = this
    for (let i = 0; i < clients.length; i++) {
      const place = (this.#next + i) % clients.length
      const payer = clients[place]
      const payee = clients[(place + 1) % clients.length]
      if (payer === undefined || payee === undefined) return false
      if ((this.#underWay.get(payer) ?? 0) >= PER_CLIENT_MAX) continue
      this.#next = place + 1
      this.#pay(payer, payee)
      return true
    }
    return false
  }

  #pay(payer: PeerClient, payee: PeerClient): void {
    this.#count(payer, 1)
    const due = performance.now()
    const preimage = this.#newPreimage()
    const condition = sha256(preimage)
    const payment = { payer, payee, due, preimage, condition }
    this.#byCondition.set(condition.toString('latin1'), payment)
    const amount = AMOUNT + FEE
    const expiry = new Date(Date.now() + EXPIRY_MS)
    const request = payer.pay({ amount, expiry, condition, destination: payee.address })
    this.#byRequest.set(requestKey(payer, request), payment)
  }

  #book({ address }: PeerClient, amount: bigint): void {
    this.#balances.set(address, (this.#balances.get(address) ?? 0n) + amount)
  }

  #count(client: PeerClient, change: 1 | -1): void {
    this.#underWay.set(client, (this.#underWay.get(client) ?? 0) + change)
  }

  #newPreimage(): Buffer {
    const preimage = Buffer.alloc(32)
    preimage.set(this.#name)
    preimage.writeDoubleBE(this.#made++, 8)
    return preimage
  }
}

function requestKey({ address }: PeerClient, request: number): string {
  return `${request} ${address}`
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
