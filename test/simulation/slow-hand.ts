import {
  type Anchor,
  anchorOf,
  type ChannelNumber,
  type ChannelParty,
  isClosing,
  type Transaction,
} from '@tallystick/protocol'
import type { Delay } from './action.js'
import type { Random } from './random.js'

/** Seconds before the last one at which something is handed in at the earliest, and after it. */
const EARLY_SECONDS = 6
const LATE_SECONDS = 8
/** Longer than anything lasts. */
const NEVER_SECONDS = 3_600
/** A close by agreement is sat on until so shortly before the agreement ends, seconds. */
const AGREEMENT_SECONDS_LEFT = 12
/** How long a withdrawal may last: any time of it will do to a hub that sits on one. */
const WITHDRAWAL_SECONDS = 600

/** Hands transactions in around the last moment at which they count, or just after it. */
export class SlowHand {
  readonly #random: Random
  readonly #held: () => readonly ChannelParty[]
  readonly #time: () => number
  /** The same every time that the same thing is tried, seconds from the last one that counts. */
  readonly #offsets = new Map<string, number>()
  #delay: Delay = 'none'

  /** `held` are the newest states of its channels; `time` is ledger time. */
  constructor(random: Random, held: () => readonly ChannelParty[], time: () => number) {
    this.#random = random
    this.#held = held
    this.#time = time
  }

  delay(delay: Delay): void {
    this.#delay = delay
  }

  /** How long it waits before it hands a transaction in, virtual milliseconds. */
  readonly waitFor = ({ body: { operations, reveals } }: Transaction): number => {
    const wishes: (number | undefined)[] = []
    const isSecretive = this.#delay === 'lateReveals' || this.#delay === 'noReveals'
    if (isSecretive && reveals.length > 0) {
      const later = this.#delay === 'noReveals' ? NEVER_SECONDS : 0
      const anchors = new Set(reveals.map(({ index, link }) => anchorOf(link, index)))
      wishes.push(...this.#expiriesOf(anchors).map((at) => later + this.#around(`${at}`, at)))
    }
    for (const operation of operations) {
      const { kind } = operation
      if (this.#delay === 'lateCloses' && kind === 'close') {
        wishes.push(operation.validUntil - AGREEMENT_SECONDS_LEFT)
      }
      if (this.#delay === 'lateCloses' && kind === 'withdraw') {
        const secondsLeft = this.#random.int(AGREEMENT_SECONDS_LEFT, WITHDRAWAL_SECONDS)
        wishes.push(operation.validUntil - secondsLeft)
      }
      if (this.#delay === 'lateChallenges' && (kind === 'challenge' || kind === 'finalize')) {
        const deadline = this.#deadlineOf(operation.channel)
        const shift = kind === 'finalize' ? 2 * LATE_SECONDS : 0
        wishes.push(deadline && this.#around(`${kind} ${operation.channel}`, deadline + shift))
      }
    }
    const at = Math.min(...wishes.filter((wish) => wish !== undefined))
    return at === Infinity ? 0 : Math.max(0, 1_000 * (at - this.#time()))
  }

  #around(name: string, last: number): number {
    const offset = this.#offsets.get(name) ?? this.#random.int(-EARLY_SECONDS, LATE_SECONDS)
    this.#offsets.set(name, offset)
    return last + offset
  }

  /** When the items that are paid to these anchors expire. */
  #expiriesOf(anchors: ReadonlySet<Anchor>): number[] {
    return this.#held().flatMap(({ peer }) =>
      peer.items.filter(({ anchor }) => anchors.has(anchor)).map(({ expiry }) => expiry),
    )
  }

  #deadlineOf(channel: ChannelNumber): number | undefined {
    const ledger = this.#held().find((party) => party.ledger.number === channel)?.ledger
    return ledger !== undefined && isClosing(ledger) ? ledger.status.deadline : undefined
  }
}
