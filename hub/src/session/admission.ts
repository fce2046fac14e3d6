import {
  HANDSHAKES_MAX,
  HANDSHAKES_PER_ADDRESS_MAX,
  SESSIONS_MAX,
  SESSIONS_PER_ADDRESS_MAX,
} from '../limits.js'
import { CountByAddress } from './count-by-address.js'

/** How many connections there are from where, so that no address uses up the share of all. */
export class Admission<Session> {
  readonly #sessions = new Map<Session, string>()
  readonly #perAddress = new CountByAddress()
  readonly #challenged = new Set<Session>()
  readonly #challengedPerAddress = new CountByAddress()

  get size(): number {
    return this.#sessions.size
  }

  sessions(): Iterable<Session> {
    return this.#sessions.keys()
  }

  /** Whether one more connection from `address` may be taken. */
  admits(address: string): boolean {
    return (
      this.#sessions.size < SESSIONS_MAX &&
      this.#challenged.size < HANDSHAKES_MAX &&
      this.#perAddress.of(address) < SESSIONS_PER_ADDRESS_MAX &&
      this.#challengedPerAddress.of(address) < HANDSHAKES_PER_ADDRESS_MAX
    )
  }

  /** A connection that has not yet proved who it is. */
  add(session: Session, address: string): void {
    this.#sessions.set(session, address)
    this.#challenged.add(session)
    this.#perAddress.add(address, 1)
    this.#challengedPerAddress.add(address, 1)
  }

  proven(session: Session): void {
    const address = this.#sessions.get(session)
    if (address === undefined || !this.#challenged.delete(session)) return
    this.#challengedPerAddress.add(address, -1)
  }

  remove(session: Session): void {
    const address = this.#sessions.get(session)
    if (address === undefined) return
    this.proven(session)
    this.#sessions.delete(session)
    this.#perAddress.add(address, -1)
  }
}
