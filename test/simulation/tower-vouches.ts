import { type Entrusted, isRejection, parseTowerMessage, toHex } from '@tallystick/protocol'
import { entrustedDigest } from '#protocol/wire/tower-signatures.js'
import { Violation } from './violation.js'

/** TOWER-2: what honest towers vouch for has been on their disk. */
export class TowerVouches {
  readonly #stored = new Set<string>()

  /** A tower's disk holds this for good. */
  onStored(tower: string, entrusted: Entrusted): void {
    this.#stored.add(`${tower} ${toHex(entrustedDigest(entrusted))}`)
  }

  /** A message leaves a tower. */
  onSent(tower: string, bytes: Uint8Array): void {
    const message = parseTowerMessage(bytes)
    if (isRejection(message)) throw new Violation('defect', `${tower} sends what is no message`)
    if (message.kind !== 'kept') return
    if (!this.#stored.has(`${tower} ${toHex(message.receipt.digest)}`)) {
      throw new Violation('TOWER-2', `${tower} vouches for what is not on its disk`)
    }
  }
}
