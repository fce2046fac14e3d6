import { createHmac } from 'node:crypto'
import {
  type ChannelId,
  fromHex,
  type LetterId,
  letterIdOf,
  type MessageOf,
  type PublicKey,
  type Rejection,
  reject,
  type Timestamp,
} from '@tallystick/protocol'
import type { LetterRejection } from '../core/weigh-letter.js'
import type { KeptLetter } from '../store/mail-rows.js'
import type { MailBoxes } from './mail-boxes.js'
import { returnAddressOf, senderOf } from './return-address.js'

const SENDER_BYTES = 16
const NONCE_BYTES = 12

/** Secrets of a hub that stay the same (KEY-4), 32 bytes each. */
export type MailKeys = {
  /** Under which it writes return addresses. */
  readonly addresses: Uint8Array
  /** By which it tells senders apart. */
  readonly senders: Uint8Array
}

export type MailDeskParts = {
  readonly boxes: MailBoxes
  readonly keys: MailKeys
  /** Whether a channel that is not settled goes by this identity. */
  readonly ownsChannel: (identity: PublicKey) => boolean
  /** Ledger time. */
  readonly now: () => Timestamp
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
}

/** Who puts a letter: answers find it by the identity, and its letters are counted by the channel. */
export type Sender = { readonly identity: PublicKey; readonly channel: ChannelId }

/** Somebody who is there, and hears letters. */
export type Recipient = { send(message: MessageOf<'letter'>): void }

export type PutRejection =
  | LetterRejection
  | Rejection<'recipient_unknown' | 'return_address_invalid'>

/** Takes letters in for its clients, and hands them out (MAIL-2, MAIL-3). */
export class MailDesk {
  readonly #parts: MailDeskParts
  readonly #present = new Map<PublicKey, Recipient>()
  readonly #identities = new Map<Recipient, PublicKey>()
  readonly #arriving = new Map<Recipient, Promise<void>>()

  constructor(parts: MailDeskParts) {
    this.#parts = parts
  }

  /** A letter of a client: answers once it is on disk. The recipient is told at once if it is there. */
  async put(
    { identity, channel }: Sender,
    { to, expiry, letter }: MessageOf<'putLetter'>,
  ): Promise<'kept' | PutRejection> {
    const { boxes, keys, ownsChannel, now, randomBytes } = this.#parts
    const recipient =
      to.kind === 'identity' ? to.key : senderOf(keys.addresses, to.returnAddress, now())
    if (recipient === undefined) {
      return reject('return_address_invalid', 'this hub gave no such return address, or it is over')
    }
    if (!ownsChannel(recipient)) {
      return reject('recipient_unknown', 'nobody with a channel here goes by the recipient')
    }
    const returnAddress = returnAddressOf(
      keys.addresses,
      identity,
      expiry,
      randomBytes(NONCE_BYTES),
    )
    const kept: KeptLetter = { id: letterIdOf(recipient, letter), returnAddress, letter }
    const note = { recipient, sender: this.#nameOf(channel), expiry, bytes: letter.length }
    const outcome = await boxes.put({ ...note, ...kept }, now())
    if (outcome === 'kept') this.#hand(this.#present.get(recipient), kept)
    return outcome === 'known' ? 'kept' : outcome
  }

  /** Forgets what has expired by `now`, and boxes of who has no channel any more. */
  sweep(now: Timestamp): void {
    this.#parts.boxes.sweep(now, this.#parts.ownsChannel)
  }

  /** Forgets letters that `recipient` has taken; answers whether there was any of them. */
  async taken(recipient: PublicKey, ids: readonly LetterId[]): Promise<boolean> {
    return (await this.#parts.boxes.take(recipient, ids)) > 0
  }

  /**
   * From now on `recipient` is there: it is given what lies in its box. Kept once it was; absent: nothing
   * lay there.
   */
  arrived(identity: PublicKey, recipient: Recipient): Promise<void> | undefined {
    if (this.#present.get(identity) === recipient) return this.#arriving.get(recipient)
    this.#present.set(identity, recipient)
    this.#identities.set(recipient, identity)
    if (!this.#parts.boxes.holds(identity)) return undefined
    const handed = this.#handAll(identity, recipient).finally(() => {
      this.#arriving.delete(recipient)
    })
    this.#arriving.set(recipient, handed)
    return handed
  }

  async #handAll(identity: PublicKey, recipient: Recipient): Promise<void> {
    for (const letter of await this.#parts.boxes.read(identity)) {
      // Of two sessions of one client, the one that came last has the mail.
      if (this.#present.get(identity) === recipient) this.#hand(recipient, letter)
    }
  }

  left(recipient: Recipient): void {
    const identity = this.#identities.get(recipient)
    this.#identities.delete(recipient)
    if (identity !== undefined && this.#present.get(identity) === recipient) {
      this.#present.delete(identity)
    }
  }

  #hand(recipient: Recipient | undefined, { id, returnAddress, letter }: KeptLetter): void {
    recipient?.send({ kind: 'letter', id, returnAddress, letter })
  }

  /** On disk, senders are told apart, and not known. Identities are free; a channel costs money on the ledger. */
  #nameOf(channel: ChannelId): string {
    const mac = createHmac('sha256', this.#parts.keys.senders).update(fromHex(channel)).digest()
    return mac.subarray(0, SENDER_BYTES).toString('hex')
  }
}
