import {
  type AppointmentTerms,
  addSeconds,
  type ChainId,
  type ChannelId,
  type ChannelParty,
  type Entrusted,
  entrust,
  type PublicKey,
  type Signer,
  type Timestamp,
  type TowerHello,
  verifyTowerReceipt,
} from '@tallystick/protocol'
import { type Clock, PROCESS_CLOCK } from '../clock.js'
import { backOffMs } from '../ledger/pause.js'
import { WalletError } from '../wallet-error.js'
import { type GuardedPosition, isEntrustable, isSamePosition, positionOf } from './entrustable.js'
import { readFound } from './tower-appointments.js'
import { type TowerAddress, type TowerAnswer, TowerSession } from './tower-session.js'

/** A channel that is to be guarded, as it is on its owner's disk. */
export type EntrustedChannel = { readonly party: ChannelParty; readonly signer: Signer }

/** What a tower has vouched for. */
export type TowerGuard = {
  readonly url: string
  /** The tower's key, once it has said hello. */
  readonly key: PublicKey | undefined
  /** What it keeps, and until when it may challenge; absent: nothing that it has vouched for. */
  readonly upTo: (GuardedPosition & { readonly validUntil: Timestamp }) | undefined
  /** Whether that is all there is. */
  readonly isNewest: boolean
}

export type TowerLinkParts = {
  readonly address: TowerAddress
  /** Share of a penalty that it is promised, parts per million; absent: the least that it asks for. */
  readonly bountyPpm: number | undefined
  readonly now: () => Timestamp
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
  /** The channels as they are on disk now. */
  readonly channels: () => Iterable<EntrustedChannel>
  /** It has vouched for more than before. */
  readonly onGuarded: () => void
  /** It keeps something newer than there is on disk, signed by both sides: the disk is an old copy. */
  readonly onNewer: (entrusted: Entrusted) => void
  readonly onProblem: (code: string, detail: string) => void
}

/** What is known of one channel at the tower. */
type Standing = {
  readonly upTo: (GuardedPosition & { readonly validUntil: Timestamp }) | undefined
  /** The connection on which it has vouched for that. */
  readonly by: TowerSession | undefined
  /** What the tower has refused for good: not said again until there is something newer. */
  readonly refused: GuardedPosition | undefined
}

const NOTHING_VOUCHED: Standing = { upTo: undefined, by: undefined, refused: undefined }

/** Milliseconds in which updates gather, so that only the newest is handed over. */
const GATHER_MS = 10
/** Channels that are being handed over at a time; the tower bounds it as well. */
const IN_FLIGHT_MAX = 8
/** An appointment is made for three quarters of what the tower allows, and again after a quarter. */
const [LENGTH, RENEWAL] = [3 / 4, 1 / 2]

/**
 * Keeps one tower at the newest state of an owner's channels: one request of a channel at a time, the
 * newest only, in a turn of its own, so that payments never wait for it. It keeps nothing on disk:
 * what a tower has not vouched for on this connection is handed over again, because one that comes
 * back may have been restored from an old copy of its store.
 */
export class TowerLink {
  readonly #parts: TowerLinkParts
  readonly #clock: Clock
  readonly #standings = new Map<ChannelId, Standing>()
  readonly #inFlight = new Set<ChannelId>()
  #session: TowerSession | undefined
  #key: PublicKey | undefined
  #cancel: (() => void) | undefined
  #isConnecting = false
  #attempt = 0
  #stopped = false

  constructor(parts: TowerLinkParts) {
    this.#parts = parts
    this.#clock = parts.address.clock ?? PROCESS_CLOCK
    this.#key = parts.address.key
  }

  /** Something may have changed. */
  look(): void {
    if (this.#stopped || this.#cancel !== undefined || this.#isConnecting) return
    this.#wait(GATHER_MS)
  }

  /** What the tower has vouched for of a channel. */
  guard(party: ChannelParty): TowerGuard {
    const upTo = this.#standings.get(party.ledger.id)?.upTo
    const isNewest = upTo !== undefined && isSamePosition(upTo, positionOf(party))
    return { url: this.#parts.address.url, key: this.#key, upTo, isNewest }
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#session?.close()
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#handOverDue()
    })
  }

  /** A failure is waited out: nothing is due before. */
  #backOff(): void {
    if (this.#stopped || this.#cancel !== undefined) return
    const [byte = 0] = this.#parts.randomBytes(1)
    this.#wait(backOffMs(this.#attempt++, byte / 256))
  }

  #handOverDue(): void {
    const due = [...this.#parts.channels()].filter(({ party }) => this.#isDue(party))
    if (due.length === 0 || this.#stopped) return
    const session = this.#session
    if (session === undefined || !session.isOpen) return void this.#connect()
    for (const channel of due) {
      if (this.#inFlight.size >= IN_FLIGHT_MAX) return
      void this.#handOver(session, channel)
    }
  }

  #isDue(party: ChannelParty): boolean {
    const { id } = party.ledger
    if (this.#inFlight.has(id) || !isEntrustable(party)) return false
    const { upTo, by, refused } = this.#standings.get(id) ?? {}
    const position = positionOf(party)
    if (refused !== undefined && isSamePosition(refused, position)) return false
    if (upTo === undefined || !isSamePosition(upTo, position)) return true
    if (by?.isOpen !== true) return true
    const { appointmentSecondsMax } = by.hello.policy
    return upTo.validUntil < this.#parts.now() + appointmentSecondsMax * RENEWAL
  }

  async #connect(): Promise<void> {
    const { address } = this.#parts
    this.#isConnecting = true
    try {
      const session = await TowerSession.open({ ...address, key: this.#key })
      this.#session = session
      // Who answered first is the one that the owner goes by until it ends.
      this.#key = session.hello.tower
      if (this.#stopped) session.close()
    } catch (error) {
      if (error instanceof WalletError && !error.retryable) this.#problem(error)
      this.#backOff()
    } finally {
      this.#isConnecting = false
      this.look()
    }
  }

  async #handOver(session: TowerSession, { party, signer }: EntrustedChannel): Promise<void> {
    const { id } = party.ledger
    const { chainId } = this.#parts.address
    this.#inFlight.add(id)
    try {
      const terms = this.#terms(session.hello)
      const entrusted = entrust(chainId, party, terms, signer)
      const answer = await session.ask({ kind: 'entrust', entrusted }, signer)
      this.#learn(session, chainId, party, entrusted, answer)
      if (answer.kind !== 'refused' || answer.code !== 'entrusted_older') return
      const { role: owner, ledger: channel } = party
      const newer = await session.ask({ kind: 'fetch', channel: id, owner }, signer)
      const found = readFound(chainId, { channel, owner }, newer)
      if (found !== undefined) this.#parts.onNewer(found)
    } catch (error) {
      if (error instanceof WalletError && !error.retryable) this.#problem(error)
      this.#backOff()
    } finally {
      this.#inFlight.delete(id)
      this.look()
    }
  }

  #terms({ tower, policy }: TowerHello): AppointmentTerms {
    const { bountyPpm = policy.bountyPpmMin, now } = this.#parts
    return {
      guardKey: tower,
      bounty: { ppm: bountyPpm, payoutLock: policy.payoutLock },
      validUntil: addSeconds(now(), Math.ceil(policy.appointmentSecondsMax * LENGTH)),
    }
  }

  #learn(
    session: TowerSession,
    chainId: ChainId,
    party: ChannelParty,
    entrusted: Entrusted,
    answer: TowerAnswer,
  ): void {
    const { id } = party.ledger
    const { upTo, by, refused } = this.#standings.get(id) ?? NOTHING_VOUCHED
    const position = positionOf(party)
    switch (answer.kind) {
      case 'kept': {
        if (!verifyTowerReceipt(chainId, session.hello.tower, entrusted, answer)) {
          session.close()
          throw new WalletError('tower_answer_malformed', 'the watchtower signed no receipt')
        }
        const { validUntil } = entrusted.appointment
        this.#standings.set(id, {
          upTo: { ...position, validUntil },
          ...{ by: session, refused: undefined },
        })
        this.#attempt = 0
        return this.#parts.onGuarded()
      }
      case 'refused': {
        const { code, detail, retryable } = answer
        if (retryable) return this.#backOff()
        this.#standings.set(id, { upTo, by, refused: position })
        return this.#parts.onProblem(code, `the watchtower: ${detail}`)
      }
      case 'found':
      case 'ended':
        this.#standings.set(id, { upTo, by, refused })
        session.close()
        throw new WalletError('tower_answer_malformed', `the watchtower answered ${answer.kind}`)
    }
  }

  #problem({ code, message }: WalletError): void {
    this.#parts.onProblem(code, message)
  }
}
