import {
  type Anchor,
  isRejection,
  LETTERS_TAKEN_MAX,
  type LetterContent,
  type LetterId,
  type Message,
  type MessageOf,
  openLetter,
  type PaymentLetter,
  parseSealedLetter,
  type Rejection,
  type SealedLetter,
  type Timestamp,
} from '@tallystick/protocol'
import { ignoreFault, type WalletCore } from '../wallet/wallet-core.js'
import type { WalletEffect } from '../wallet/wallet-event.js'
import { AnnouncedPayments, type SpontaneousPolicy } from './announced-payments.js'

type Content<Kind extends LetterContent['kind']> = Extract<LetterContent, { kind: Kind }>

/** Who reads the letters of a wallet; what is read is durable, or is of no use, when a promise is kept. */
export type LetterReaders = {
  /** Somebody asks for an invoice. */
  request(content: Content<'invoiceRequest'>, returnAddress: Uint8Array): Promise<void>
  /** Something that this wallet asked for was answered. */
  answer(letter: Extract<SealedLetter, { kind: 'answer' }>): Promise<void>
}

/** Opens what the hub hands over for this wallet, and says what it may forget (MAIL-2). */
export class WalletMail {
  readonly #core: WalletCore
  readonly #announced: AnnouncedPayments
  #readers: LetterReaders | undefined
  #say: (message: MessageOf<'lettersTaken'>) => void = () => undefined
  #taken: LetterId[] = []
  /** Announcements that are being looked at: what is paid must not be met before. */
  #looking: Promise<void> | undefined

  constructor(core: WalletCore, policy: SpontaneousPolicy) {
    this.#core = core
    this.#announced = new AnnouncedPayments(policy, (id) => this.take(id))
  }

  /** From here on letters are read. */
  begin(readers: LetterReaders, say: (message: MessageOf<'lettersTaken'>) => void): void {
    this.#readers = readers
    this.#say = say
  }

  /**
   * What the hub said of a channel changes the books once every announcement that was heard is known
   * (MAIL-5). Answers as `WalletCore.submit` does.
   */
  submitHeard(message: Message): Promise<Rejection | undefined> {
    const submit = () => this.#core.submit({ kind: 'heard', message })
    return this.#looking === undefined ? submit() : this.#looking.then(submit)
  }

  /** How to take what is locked to `anchor`, if a letter has said so. */
  announced(anchor: Anchor): PaymentLetter | undefined {
    return this.#announced.find(anchor)
  }

  /** Something has become durable: what was announced may have come. */
  changed(effect: WalletEffect): void {
    if (effect.kind === 'invoiceChanged') this.#announced.forget(effect.invoice.anchor)
  }

  timePassed(now: Timestamp): void {
    this.#announced.timePassed(now)
  }

  hear({ id, letter, returnAddress }: MessageOf<'letter'>): void {
    const readers = this.#readers
    if (readers === undefined) return
    const sealed = parseSealedLetter(letter)
    // Nobody but this wallet could make anything of it: what it cannot read is of use to nobody.
    if (isRejection(sealed)) return this.take(id)
    if (sealed.kind === 'answer') return this.#finish(id, readers.answer(sealed))
    const { keys, feed } = this.#core
    const address = { chainId: feed.ledger.chainId, recipient: keys.identity.publicKey }
    const content = openLetter(address, keys.agree, sealed)
    if (isRejection(content)) return this.take(id)
    switch (content.kind) {
      case 'invoiceRequest':
        return this.#finish(id, readers.request(content, returnAddress))
      case 'payment':
        return this.#look(this.#announce(content, id))
    }
  }

  /** The hub may forget the letter. What is said in one turn goes out together. */
  take(id: LetterId): void {
    if (this.#taken.length === 0) queueMicrotask(() => this.#sayTaken())
    this.#taken.push(id)
  }

  #finish(id: LetterId, read: Promise<void>): void {
    // Where the store has failed, it is read again by the next process.
    read.then(() => this.take(id)).catch(ignoreFault)
  }

  /** A payment that has come before does not come again, whoever announces it. */
  async #announce(letter: PaymentLetter, id: LetterId): Promise<void> {
    const { state, store, feed } = this.#core
    const isDone = (await store.get('doneInvoice', letter.anchor)) !== undefined
    const isKnown = isDone || state.invoice(letter.anchor) !== undefined
    this.#announced.add(letter, id, isKnown, feed.time)
  }

  #look(read: Promise<void>): void {
    const looking = Promise.all([this.#looking, read])
      .catch(ignoreFault)
      .then(() => {
        if (this.#looking === looking) this.#looking = undefined
      })
    this.#looking = looking
  }

  #sayTaken(): void {
    const taken = this.#taken
    this.#taken = []
    for (let i = 0; i < taken.length; i += LETTERS_TAKEN_MAX) {
      this.#say({ kind: 'lettersTaken', ids: taken.slice(i, i + LETTERS_TAKEN_MAX) })
    }
  }
}
