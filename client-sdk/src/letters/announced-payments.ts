import {
  type Amount,
  type Anchor,
  type LetterId,
  type PaymentLetter,
  sha256,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'

/** Announcements that are remembered; of more the oldest is forgotten. */
export const ANNOUNCEMENTS_MAX = 1_024
/** Those of them, the newest, whose letters stay with the hub: half of its box is left to others. */
const LETTERS_MAX = 32
/** How far ahead the end of an announced payment may be, seconds: items are locked for a day at most. */
const AHEAD_SECONDS_MAX = 86_400

/** Which payments are taken that were not asked for. */
export type SpontaneousPolicy = { readonly accept: boolean; readonly amountMin: Amount }

type Announcement = {
  readonly letter: PaymentLetter
  readonly id: LetterId
  /** Whether its letter is with the hub: it is announced again to the next process. */
  readonly isKept: boolean
}

/**
 * Payments that letters have announced and that have not come (MAIL-5). They are in memory alone, and the newest letters stay
 * with the hub until they have come or are over: who only announces fills no store, and it takes more letters than many
 * channels may send at once to have one forgotten that is on its way. What has come is an invoice, and gives way to nothing.
 */
export class AnnouncedPayments {
  readonly #policy: SpontaneousPolicy
  readonly #take: (id: LetterId) => void
  readonly #pending = new Map<Anchor, Announcement>()

  /** `take` is told which letters need be kept no more. */
  constructor(policy: SpontaneousPolicy, take: (id: LetterId) => void) {
    this.#policy = policy
    this.#take = take
  }

  /** How to take what is locked to `anchor`; absent: nothing was announced. */
  find(anchor: Anchor): PaymentLetter | undefined {
    return this.#pending.get(anchor)?.letter
  }

  /** A letter was read; `isKnown`: this wallet has an invoice of its anchor. */
  add(letter: PaymentLetter, id: LetterId, isKnown: boolean, now: Timestamp): void {
    const before = this.#pending.get(letter.anchor)
    // What was said to be taken may have been told again before the hub heard it.
    if (before?.id === id) return before.isKept ? undefined : this.#take(id)
    if (isKnown || before !== undefined || !this.#isWelcome(letter, now)) return this.#take(id)
    this.#pending.set(letter.anchor, { letter, id, isKept: true })
    const kept = [...this.#pending.values()].filter(({ isKept }) => isKept)
    for (const oldest of kept.slice(0, -LETTERS_MAX)) {
      this.#pending.set(oldest.letter.anchor, { ...oldest, isKept: false })
      this.#take(oldest.id)
    }
    const [oldest] = this.#pending.keys()
    if (this.#pending.size > ANNOUNCEMENTS_MAX && oldest !== undefined) this.forget(oldest)
  }

  /** It has come, or will not be taken. */
  forget(anchor: Anchor): void {
    const announced = this.#pending.get(anchor)
    if (announced === undefined) return
    this.#pending.delete(anchor)
    if (announced.isKept) this.#take(announced.id)
  }

  /** Forgets what is over by `now`. */
  timePassed(now: Timestamp): void {
    for (const [anchor, { letter }] of [...this.#pending]) {
      if (now > letter.expiry) this.forget(anchor)
    }
  }

  #isWelcome({ anchor, preimage, amount, expiry }: PaymentLetter, now: Timestamp): boolean {
    const { accept, amountMin } = this.#policy
    return (
      accept &&
      amount > 0n &&
      amount >= amountMin &&
      now <= expiry &&
      expiry <= now + AHEAD_SECONDS_MAX &&
      toHex(sha256(preimage)) === anchor
    )
  }
}
