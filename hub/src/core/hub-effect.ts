import type { ChannelId, Message } from '@tallystick/protocol'

/**
 * What the shell does once the batch is durable. All are safe to repeat, and can be derived again
 * from the stored state when the client attaches.
 */
export type HubEffect =
  | { readonly kind: 'send'; readonly channel: ChannelId; readonly message: Message }
  /** The client broke a rule: it is told which, and its session ends. */
  | {
      readonly kind: 'endSession'
      readonly channel: ChannelId
      readonly code: string
      readonly detail: string
    }
  /** What the client said changed nothing; once in a while that is nobody's fault (WIRE-9). */
  | { readonly kind: 'idle'; readonly channel: ChannelId }
  /** By what the client shows, the journal lacks what this hub has signed on the channel. */
  | { readonly kind: 'dataLost'; readonly channel: ChannelId }
  /** A close agreement is binding: the closer may put it into its next batch. */
  | { readonly kind: 'readyToClose'; readonly channel: ChannelId }
  /** So is a withdrawal. */
  | { readonly kind: 'readyToWithdraw'; readonly channel: ChannelId }
