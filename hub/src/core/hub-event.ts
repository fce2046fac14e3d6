import type {
  Channel,
  ChannelId,
  Claim,
  Decline,
  LaneUpdate,
  Position,
  PublicKey,
  ResumeAnswer,
  SeenReveal,
  SignedAgreement,
  SignedWithdrawal,
} from '@tallystick/protocol'

/** What happens to the hub. Events of one kind of source are batched: peers, or the ledger. */
export type HubEvent = PeerEvent | LedgerEvent

/** Said by the client of `channel` on a session that it attached the channel to. */
export type PeerEvent =
  | { readonly kind: 'attached'; readonly owner: PublicKey; readonly position: Position }
  /** `reveals`: what the ledger knows of the items that the answer shows. */
  | {
      readonly kind: 'resumeAnswered'
      readonly channel: ChannelId
      readonly answer: ResumeAnswer
      readonly reveals: readonly SeenReveal[]
    }
  | { readonly kind: 'update'; readonly update: LaneUpdate }
  | { readonly kind: 'stored'; readonly channel: ChannelId; readonly version: number }
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'decline'; readonly decline: Decline }
  | { readonly kind: 'closeIntent'; readonly channel: ChannelId }
  | { readonly kind: 'closeAgreed'; readonly agreed: SignedAgreement }
  | { readonly kind: 'withdrawAgreed'; readonly agreed: SignedWithdrawal }

/** Seen in a verified block, in the order of blocks. */
export type LedgerEvent =
  | { readonly kind: 'channelSeen'; readonly channel: Channel }
  | { readonly kind: 'channelGone'; readonly channel: ChannelId }
  | ({ readonly kind: 'revealSeen' } & SeenReveal)
  /** The guard is about to close a channel alone: nothing is signed on it from here on (CH-6.6). */
  | { readonly kind: 'leave'; readonly channel: ChannelId }
  /** Ledger time has moved on; comes after everything else of its block. */
  | { readonly kind: 'timePassed' }

/** The channel that a peer's event is about. */
export function channelOfEvent(event: PeerEvent): ChannelId {
  switch (event.kind) {
    case 'attached':
      return event.position.channel
    case 'update':
      return event.update.channel
    case 'claim':
      return event.claim.channel
    case 'decline':
      return event.decline.channel
    case 'closeAgreed':
      return event.agreed.agreement.channel
    case 'withdrawAgreed':
      return event.agreed.withdrawal.channel
    case 'resumeAnswered':
    case 'stored':
    case 'closeIntent':
      return event.channel
  }
}
