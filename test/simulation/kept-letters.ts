import { createHash } from 'node:crypto'
import { isRejection, parseFrame } from '@tallystick/protocol'
import { Violation } from './violation.js'

/** MAIL-2: a letter that an honest hub calls kept has been on its disk. */
export class KeptLetters {
  readonly #stored = new Set<string>()
  /** What each client has put under a number of its requests last. */
  readonly #put = new Map<string, string>()

  /** The hub's disk holds this letter for good. */
  onStored(letter: Uint8Array): void {
    this.#stored.add(nameOf(letter))
  }

  /** An honest client says something to the hub. */
  onAsked(client: string, bytes: Uint8Array): void {
    for (const message of messagesOf(bytes)) {
      if (message.kind !== 'putLetter') continue
      this.#put.set(`${client} ${message.request}`, nameOf(message.letter))
    }
  }

  /** An honest hub says something to a client. */
  onAnswered(client: string, bytes: Uint8Array): void {
    for (const message of messagesOf(bytes)) {
      if (message.kind !== 'letterKept') continue
      const name = this.#put.get(`${client} ${message.request}`)
      if (name === undefined || this.#stored.has(name)) continue
      throw new Violation(
        'MAIL-2',
        `the hub has kept a letter of ${client} that is not on its disk`,
      )
    }
  }
}

function messagesOf(bytes: Uint8Array) {
  const messages = parseFrame(bytes)
  return isRejection(messages) ? [] : messages
}

function nameOf(letter: Uint8Array): string {
  return createHash('sha256').update(letter).digest('hex')
}
