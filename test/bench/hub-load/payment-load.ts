import {
  type Amount,
  type Anchor,
  amount,
  anchorOf,
  type ItemId,
  timestamp,
} from '@tallystick/protocol'
import type { LoadClient, LoadEvents, NamedItem } from './load-client.js'

/** How hard a load presses. */
export type LoadPlan = {
  /** Payments that one proof of a payer carries. */
  readonly perProof: number
  readonly pace: /** As fast as answers come, with so many payments under way. */
    | { readonly kind: 'full'; readonly inFlight: number }
    /**
     * So many a second, whatever comes back, as people do. Whose turn it is begins nothing while its hub is out of
     * reach: it sees that before it pays.
     */
    | { readonly kind: 'paced'; readonly perSecond: number }
  /** Who is paid by all others; absent: everybody pays the next, in a circle. */
  readonly merchants?: {
    /** They are the first so many. */
    readonly count: number
    /** Whether payers say what they owe at once, as who does not come back soon; else with what they pay next. */
    readonly areSettledAtOnce: boolean
  }
}

/** What came of a part of a load. */
export type LoadCount = {
  /** Milliseconds from the time at which a payment was due until its payer held the preimage. */
  readonly latencies: Float64Array
  readonly declined: number
}

/** The same, as clients of this hub count. */
export type PaymentCount = LoadCount & {
  /** Payments of a paced load that were not begun, because their payer had no connection when they were due. */
  readonly unbegun: number
}

/** What arrives of every payment, and what the hub takes for it, base units. */
export const AMOUNT = 10n
export const FEE = 1n
/** Seconds after which a payment that goes nowhere comes back. */
const EXPIRY_SECONDS = 3_600
/** Payments that one client has under way at most, or two proofs of them: a lane holds 64. */
const PER_CLIENT_MAX = 48
const PROOFS_PER_CLIENT_MIN = 2
/** Milliseconds between two looks at what is due in a paced load. */
const PACE_MS = 1

type Group = { readonly payer: LoadClient; left: number }
type Payment = {
  readonly group: Group
  readonly due: number
  readonly preimage: Uint8Array
  readonly anchor: Anchor
}

/** Clients that pay in a circle, each one the next, or that pay the merchants among them. */
export class PaymentLoad implements LoadEvents {
  #paying: readonly LoadClient[] = []
  readonly #pending = new Map<ItemId, Payment>()
  readonly #name: Uint8Array
  /** Groups that each client has under way. */
  readonly #underWay = new Map<LoadClient, number>()
  /** Of all clients together. */
  #groups = 0
  #next = 0
  #made = 0
  #plan: LoadPlan | undefined
  #isHolding = false
  #held = 0
  #stopPace = () => {}
  /** Told of a client whose connection ended; absent: the load fails. */
  onDown: ((client: LoadClient) => void) | undefined
  /** When those were due for which no client has had room yet. */
  #late: number[] = []
  #latencies: number[] = []
  #declined = 0
  #unbegun = 0
  #paidInAll = 0n

  /** `name`: 8 bytes that no other load of the same hub has. */
  constructor(name: Uint8Array) {
    this.#name = name
  }

  /** Who pays from now on. */
  set clients(clients: readonly LoadClient[]) {
    this.#paying = [...clients]
    this.#next = 0
  }

  /** Throws unless the lanes say what was paid: every payment once, and its fee. */
  checkBooks(paid: bigint, received: bigint): void {
    const due = this.#paidInAll * AMOUNT
    if (received === due && paid === due + this.#paidInAll * FEE) return
    throw new Error(`${this.#paidInAll} payments were made; ${paid} went out, ${received} came in`)
  }

  get pending(): number {
    return this.#pending.size
  }

  /** Begins payments by `plan`; those of a plan before it that are under way come to their end. */
  start(plan: LoadPlan): void {
    this.#stopPace()
    this.#plan = plan
    const { pace, perProof } = plan
    if (pace.kind === 'full') return this.#fill(plan)
    const started = performance.now()
    const gapMs = (1_000 * perProof) / pace.perSecond
    let begun = 0
    const timer = setInterval(() => {
      const now = performance.now()
      for (; started + begun * gapMs <= now; begun++) {
        const due = started + begun * gapMs
        if (this.#isAway(plan)) this.#unbegun += perProof
        else if (!this.#startGroup(due)) this.#late.push(due)
      }
    }, PACE_MS)
    this.#stopPace = () => clearInterval(timer)
  }

  /** Payments that wait for their payee's claim. */
  get held(): number {
    return this.#held
  }

  /** Makes payments that arrive and stay. */
  hold(count: number): void {
    this.#isHolding = true
    this.#plan = { perProof: 1, pace: { kind: 'full', inFlight: count } }
    for (let i = 0; i < count && this.#startGroup(performance.now()); i++);
    this.#plan = undefined
  }

  /** Claims what was held. */
  release(): void {
    this.#isHolding = false
    this.#held = 0
    for (const client of this.#paying) client.claimAll()
  }

  /** What came back since the last time. */
  take(): PaymentCount {
    const [declined, unbegun] = [this.#declined, this.#unbegun]
    const count = { latencies: Float64Array.from(this.#latencies), declined, unbegun }
    this.#latencies = []
    this.#declined = 0
    this.#unbegun = 0
    return count
  }

  /** Begins no more payments. */
  stop(): void {
    this.#stopPace()
    this.#plan = undefined
    this.#late = []
  }

  paid(_: LoadClient, id: ItemId, preimage: Uint8Array): void {
    const payment = this.#pending.get(id)
    if (payment === undefined || anchorOf(preimage, 1) !== payment.anchor) {
      throw new Error(`the hub shows a preimage of item ${id} that is none`)
    }
    this.#latencies.push(performance.now() - payment.due)
    this.#paidInAll++
    this.#end(id, payment)
  }

  preimageOf({ anchor }: NamedItem): Uint8Array | undefined {
    if (this.#isHolding) {
      this.#held++
      return undefined
    }
    return this.#pending.get(idOf(anchor))?.preimage
  }

  declined(_: LoadClient, id: ItemId, code: string): void {
    const payment = this.#pending.get(id)
    if (payment === undefined) return
    if (this.#declined === 0) process.stderr.write(`a payment came back: ${code}\n`)
    this.#declined++
    this.#end(id, payment)
  }

  down(client: LoadClient, why: string): void {
    if (this.onDown === undefined) throw new Error(`channel ${client.channel}: ${why}`)
    this.onDown(client)
  }

  #end(id: ItemId, { group }: Payment): void {
    this.#pending.delete(id)
    group.left--
    if (group.left > 0) return
    this.#groups--
    this.#count(group.payer, -1)
    if (this.#plan === undefined) return
    if (this.#plan.merchants?.areSettledAtOnce) group.payer.settle()
    const due = this.#late.shift()
    if (due !== undefined) this.#startGroup(due)
    else this.#fill(this.#plan)
  }

  /** At full load, begins what is missing of the payments that are to be under way. */
  #fill({ pace, perProof }: LoadPlan): void {
    if (pace.kind !== 'full') return
    const groups = Math.max(1, Math.round(pace.inFlight / perProof))
    while (this.#groups < groups && this.#startGroup(performance.now()));
  }

  /** Whether the client whose turn it is has no connection; its turn is over then. */
  #isAway({ merchants }: LoadPlan): boolean {
    const first = merchants?.count ?? 0
    const turn = this.#next % (this.#paying.length - first)
    const isAway = this.#paying[first + turn]?.isAttached === false
    if (isAway) this.#next++
    return isAway
  }

  /** The next client in turn that has room pays the one behind it; `false`: none has. */
  #startGroup(due: number): boolean {
    const plan = this.#plan
    const place = plan && this.#placeWithRoom(plan)
    if (plan === undefined || place === undefined) return false
    const payer = this.#paying[place]
    const payee = this.#paying[plan.merchants ? place % plan.merchants.count : this.#after(place)]
    if (payer === undefined || payee === undefined) return false
    const group = { payer, left: plan.perProof }
    this.#count(payer, 1)
    this.#groups++
    const expiry = timestamp(Math.floor(Date.now() / 1_000) + EXPIRY_SECONDS)
    const forward = { payee: payee.identity, amount: AMOUNT as Amount }
    payer.pay(
      Array.from({ length: plan.perProof }, () => {
        const preimage = this.#newPreimage()
        const anchor = anchorOf(preimage, 1)
        const id = idOf(anchor)
        this.#pending.set(id, { group, due, preimage, anchor })
        return { id, anchor, unit: amount(AMOUNT + FEE), ticks: 1, expiry, forward }
      }),
    )
    return true
  }

  #after(place: number): number {
    return (place + 1) % this.#paying.length
  }

  #placeWithRoom({ perProof, merchants }: LoadPlan): number | undefined {
    const groupsMax = Math.max(PROOFS_PER_CLIENT_MIN, Math.floor(PER_CLIENT_MAX / perProof))
    const clients = this.#paying
    const first = merchants?.count ?? 0
    const payers = clients.length - first
    for (let i = 0; i < payers; i++) {
      const turn = (this.#next + i) % payers
      const client = clients[first + turn]
      if (client?.isAttached !== true || (this.#underWay.get(client) ?? 0) >= groupsMax) continue
      this.#next = turn + 1
      return first + turn
    }
    return undefined
  }

  #count(payer: LoadClient, change: 1 | -1): void {
    this.#underWay.set(payer, (this.#underWay.get(payer) ?? 0) + change)
  }

  #newPreimage(): Uint8Array {
    const preimage = new Uint8Array(32)
    preimage.set(this.#name)
    new DataView(preimage.buffer).setFloat64(8, this.#made++)
    return preimage
  }
}

/** An item is named after its anchor, so that both of its ends find the payment. */
function idOf(anchor: Anchor): ItemId {
  return anchor.slice(0, 32) as string as ItemId
}
