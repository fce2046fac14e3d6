import type { Clock } from '@tallystick/client-sdk'
import type {
  ChannelId,
  HubPolicy,
  Message,
  MessageOf,
  PublicKey,
  Signer,
} from '@tallystick/protocol'
import type { PeerEvent } from '../core/hub-event.js'
import type { Session } from './session.js'

/** What a session needs of the hub. */
export type SessionHost = {
  readonly signer: Signer
  readonly policy: HubPolicy
  readonly clock: Clock
  /** The client's key of a channel that the hub serves. */
  clientKeyOf(channel: ChannelId): PublicKey | undefined
  /** Whether the channel has ended: nobody says anything about it any more. */
  isOver(channel: ChannelId): boolean
  /** Says something on the session, with what else is said in this turn (WIRE-7). */
  say(session: Session, message: Message): void
  /** The session says nothing more of the channel. */
  retract(session: Session, channel: ChannelId): void
  /** Says at once what waits to be said. */
  flush(session: Session): void
  proven(session: Session): void
  ended(session: Session): void
  /** From now on `session` speaks for the channel; whoever did before does no more. */
  attach(channel: ChannelId, session: Session): void
  detach(channel: ChannelId, session: Session): void
  /** Kept once the event's batch is durable. */
  submit(event: PeerEvent): Promise<void>
  /** Brings the client's answer to a request to resume before the core, with what the ledger knows. */
  resume(answered: MessageOf<'resumeAnswer'>): Promise<void>
  /** `client` is the identity that the session has proved. */
  requestOpen(session: Session, client: PublicKey, request: MessageOf<'openRequest'>): void
  requestInbound(session: Session, client: PublicKey, request: MessageOf<'inboundRequest'>): void
  complaint(session: Session, complaint: MessageOf<'error'>): void
}
