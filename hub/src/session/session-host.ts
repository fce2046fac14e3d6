import type { Outbox } from '@tallystick/client-sdk'
import type { ChannelId, HubPolicy, MessageOf, PublicKey, Signer } from '@tallystick/protocol'
import type { PeerEvent } from '../core/hub-event.js'
import type { Conduct } from '../rates/conduct.js'
import type { Backlog } from './backlog.js'
import type { Session } from './session.js'
import type { SlowReaders } from './slow-readers.js'

/** What clients say about letters. */
export type MailSaid = MessageOf<'putLetter' | 'lettersTaken'>

/** What a session needs of the hub. */
export type SessionHost = {
  readonly signer: Signer
  readonly policy: HubPolicy
  /** What all sessions say, wait for and leave unread, and how they behave. */
  readonly outbox: Outbox<Session>
  readonly backlog: Backlog<Session>
  readonly slowReaders: SlowReaders<Session>
  readonly conduct: Conduct
  /** The client's key of a channel that the hub serves. */
  clientKeyOf(channel: ChannelId): PublicKey | undefined
  /** Whether the channel has ended: nobody says anything about it any more. */
  isOver(channel: ChannelId): boolean
  proven(session: Session): void
  /** It has to be ended for what it said. */
  misbehaved(session: Session): void
  /** Nothing more is said or heard on it. */
  ended(session: Session): void
  /** Its connection is gone. */
  closed(session: Session): void
  /**
   * From now on `session`, of `client`, speaks for the channel; whoever did before does no more. Kept once its
   * letters were handed over; absent: there are none.
   */
  attach(channel: ChannelId, session: Session, client: PublicKey): Promise<void> | undefined
  detach(channel: ChannelId, session: Session): void
  /** Kept once the event's batch is durable; clients take turns (INV-46). */
  submit(client: PublicKey, event: PeerEvent): Promise<void>
  /** Brings the client's answer to a request to resume before the core, with what the ledger knows. */
  resume(client: PublicKey, answered: MessageOf<'resumeAnswer'>): Promise<void>
  /** `client` is the identity that the session has proved. */
  requestOpen(session: Session, client: PublicKey, request: MessageOf<'openRequest'>): void
  requestInbound(session: Session, client: PublicKey, request: MessageOf<'inboundRequest'>): void
  /** Kept once what the client puts into a mailbox, or takes out of its own, is durable and answered. */
  mail(session: Session, client: PublicKey, said: MailSaid): Promise<void>
  complaint(session: Session, complaint: MessageOf<'error'>): void
}
