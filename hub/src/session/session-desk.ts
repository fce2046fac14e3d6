import { type Clock, Outbox } from '@tallystick/client-sdk'
import {
  type ChainId,
  type HubPolicy,
  isRejection,
  type Message,
  type MessageOf,
  type PendingItem,
  type PublicKey,
  type Rejection,
  reject,
  type SeenReveal,
  type Signer,
  type TxId,
  takeResume,
  WIRE_VERSION,
} from '@tallystick/protocol'
import type { WebSocket } from 'ws'
import type { Closer } from '../closer/closer.js'
import type { HubEffect } from '../core/hub-effect.js'
import type { HubState } from '../core/hub-state.js'
import type { MailDesk } from '../mail/mail-desk.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import { Conduct } from '../rates/conduct.js'
import { Backlog } from './backlog.js'
import { Heartbeat } from './heartbeat.js'
import { Session } from './session.js'
import type { MailSaid, SessionHost } from './session-host.js'
import { SessionRegistry } from './session-registry.js'
import { SlowReaders } from './slow-readers.js'

export type SessionDeskParts = {
  readonly chainId: ChainId
  readonly policy: HubPolicy
  readonly signer: Signer
  readonly state: HubState
  readonly pipeline: Pipeline
  readonly closer: Closer
  readonly mail: MailDesk
  /** What the ledger has recorded in time of these items; absent: nobody can tell now. */
  readonly lookUpReveals: (items: readonly PendingItem[]) => Promise<SeenReveal[] | undefined>
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
  readonly clock: Clock
  readonly onComplaint: (complaint: MessageOf<'error'>) => void
}

/** What costs the hub work to find out, and nobody says by mistake. */
const COSTLY_LIES: ReadonlySet<string> = new Set(['bad_proof_signature', 'link_mismatch'])

/** Where clients come in: opens sessions, hands their events on, and carries answers back. */
export class SessionDesk {
  readonly #parts: SessionDeskParts
  readonly #registry: SessionRegistry
  readonly #conduct: Conduct
  readonly #heartbeat: Heartbeat<Session>
  readonly #host: SessionHost

  constructor(parts: SessionDeskParts) {
    this.#parts = parts
    const { signer, policy, clock, state, pipeline, onComplaint } = parts
    this.#registry = new SessionRegistry(clock)
    this.#conduct = new Conduct(clock)
    this.#heartbeat = new Heartbeat(clock)
    this.#host = {
      signer,
      policy,
      outbox: new Outbox(clock),
      backlog: new Backlog(),
      slowReaders: new SlowReaders(),
      conduct: this.#conduct,
      clientKeyOf: (channel) => state.channel(channel)?.party.ledger.client.key,
      isOver: (channel) => state.channel(channel)?.party.phase.kind === 'closed',
      proven: (session) => {
        this.#registry.proven(session)
        this.#heartbeat.proven(session)
      },
      misbehaved: (session) => this.#misbehaved(session),
      ended: (session) => this.#ended(session),
      closed: (session) => this.#heartbeat.remove(session),
      attach: (channel, session, client) => {
        this.#registry.attach(channel, session)
        return parts.mail.arrived(client, session)
      },
      detach: (channel, session) => this.#registry.detach(channel, session),
      submit: (client, event) => pipeline.peer(event, client),
      resume: (client, answered) => this.#resume(client, answered),
      requestOpen: (session, client, request) => this.#requestOpen(session, client, request),
      requestInbound: (session, client, request) => this.#requestInbound(session, client, request),
      mail: (session, client, said) => this.#mail(session, client, said),
      complaint: (_, complaint) => {
        if (this.#conduct.mayComplain()) onComplaint(complaint)
      },
    }
  }

  get size(): number {
    return this.#registry.size
  }

  /** Whether one more connection from `address` may be taken now; it counts as one that was tried. */
  admits(address: string): boolean {
    return this.#registry.admits(address) && this.#conduct.mayConnect(address)
  }

  /** Challenges a new connection. */
  open(socket: WebSocket, address: string): void {
    const { chainId, signer, randomBytes } = this.#parts
    const hello = {
      version: WIRE_VERSION,
      chainId,
      hub: signer.publicKey,
      nonce: randomBytes(32),
    }
    const session = new Session(socket, this.#host, hello)
    this.#registry.add(session, address)
    this.#heartbeat.add(session)
  }

  perform(effect: HubEffect): void {
    // Every other rule may be broken by words that crossed: who comes back says what is right.
    if (effect.kind === 'endSession' && COSTLY_LIES.has(effect.code)) {
      this.#conduct.misused(effect.channel)
    }
    this.#registry.perform(effect)
  }

  leaveAll(): void {
    this.#registry.leaveAll()
  }

  #misbehaved(session: Session): void {
    for (const channel of session.channels) this.#conduct.misused(channel)
    const address = this.#registry.addressOf(session)
    if (address !== undefined) this.#conduct.wasEnded(address)
  }

  #ended(session: Session): void {
    const { outbox, backlog, slowReaders } = this.#host
    for (const part of [outbox, backlog, slowReaders]) part.forget(session)
    this.#heartbeat.leaving(session)
    this.#registry.remove(session)
    this.#parts.mail.left(session)
  }

  async #resume(client: PublicKey, { channel, answer }: MessageOf<'resumeAnswer'>): Promise<void> {
    const { chainId, state, pipeline, lookUpReveals } = this.#parts
    const party = state.channel(channel)?.party
    const taken = party && takeResume(chainId, party, answer, pipeline.now)
    // Work for the ledger is done for a good answer only; the core judges it again, as it stands then.
    const items =
      taken?.kind === 'resumed' ? [...taken.party.own.items, ...taken.party.peer.items] : []
    const reveals = await lookUpReveals(items)
    // The channel goes on resting; its client asks again.
    if (reveals === undefined) return
    await pipeline.peer({ kind: 'resumeAnswered', channel, answer, reveals }, client)
  }

  async #mail(session: Session, client: PublicKey, said: MailSaid): Promise<void> {
    const { mail } = this.#parts
    if (said.kind === 'lettersTaken') {
      if (!(await mail.taken(client, said.ids))) session.idle()
      return
    }
    const { request } = said
    const outcome = await this.#put(session, client, said)
    if (outcome === 'kept') return session.send({ kind: 'letterKept', request })
    const { code, detail } = outcome
    session.send({ kind: 'refused', request, code, detail })
  }

  /** MAIL-3: letters are carried for who has a channel, and not without end. */
  async #put(
    session: Session,
    identity: PublicKey,
    said: MessageOf<'putLetter'>,
  ): Promise<'kept' | Rejection> {
    const channel = session.countedBy
    if (channel === undefined) {
      return reject('letter_unserved', 'letters are carried for who has attached a channel here')
    }
    return this.#conduct.mayPut(channel)
      ? this.#parts.mail.put({ identity, channel }, said)
      : reject('too_many_requests', 'four letters a second in the long run; try again later')
  }

  #requestOpen(
    session: Session,
    client: PublicKey,
    { request, key, payoutLock, inbound }: MessageOf<'openRequest'>,
  ): void {
    const answer = answerOf(session, request)
    this.#parts.closer.request({ kind: 'open', client, key, payoutLock, inbound, answer })
  }

  #requestInbound(
    session: Session,
    client: PublicKey,
    { request, channel, amount }: MessageOf<'inboundRequest'>,
  ): void {
    const answer = answerOf(session, request)
    this.#parts.closer.request({ kind: 'deposit', client, channel, amount, answer })
  }
}

function answerOf(session: Session, request: number): (outcome: TxId | Rejection) => void {
  return (outcome) => {
    const message: Message = isRejection(outcome)
      ? { kind: 'refused', request, code: outcome.code, detail: outcome.detail.slice(0, 256) }
      : { kind: 'granted', request, txId: outcome as TxId }
    session.send(message)
  }
}
