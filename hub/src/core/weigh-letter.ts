import { LETTER_SECONDS_MAX, type Rejection, reject, type Timestamp } from '@tallystick/protocol'
import {
  LETTERS_MAX,
  LETTERS_OF_SENDER_IN_BOX_MAX,
  LETTERS_OF_SENDER_MAX,
  MAIL_BYTES_MAX,
  MAILBOX_BYTES_MAX,
  MAILBOX_LETTERS_MAX,
} from '../limits.js'

/** What lies at a hub already, before one more letter is put there. */
export type MailUse = {
  /** In the recipient's box, and how much of it the sender put there. */
  readonly box: { readonly letters: number; readonly bytes: number; readonly ofSender: number }
  /** Of the sender, in all boxes. */
  readonly ofSender: number
  readonly all: { readonly letters: number; readonly bytes: number }
}

export type LetterRejection = Rejection<
  'letter_expiry_invalid' | 'mailbox_full' | 'sender_mail_full' | 'hub_busy'
>

/**
 * Whether a letter of so many bytes may be kept until `expiry` (MAIL-3). No sender can fill a box
 * alone, and nobody's box takes more than its share of what the hub keeps.
 */
export function weighLetter(
  { box, ofSender, all }: MailUse,
  { bytes, expiry }: { readonly bytes: number; readonly expiry: Timestamp },
  now: Timestamp,
): 'fits' | LetterRejection {
  if (expiry < now || expiry > now + LETTER_SECONDS_MAX) {
    const detail = `a letter is kept until a time of ${now} to ${now + LETTER_SECONDS_MAX}`
    return reject('letter_expiry_invalid', detail)
  }
  if (box.letters >= MAILBOX_LETTERS_MAX || box.bytes + bytes > MAILBOX_BYTES_MAX) {
    return reject('mailbox_full', 'the recipient has to take its letters first; try again later')
  }
  if (ofSender >= LETTERS_OF_SENDER_MAX || box.ofSender >= LETTERS_OF_SENDER_IN_BOX_MAX) {
    const detail = 'too many letters of this sender wait to be taken; try again later'
    return reject('sender_mail_full', detail)
  }
  if (all.letters >= LETTERS_MAX || all.bytes + bytes > MAIL_BYTES_MAX) {
    return reject('hub_busy', 'the hub has no room for letters now; try again later')
  }
  return 'fits'
}
