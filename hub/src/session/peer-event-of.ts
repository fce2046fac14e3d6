import type { ChannelId, MessageOf } from '@tallystick/protocol'
import type { PeerEvent } from '../core/hub-event.js'

/** What a client says about a channel that it has attached, and the core judges. */
type Said = MessageOf<
  'update' | 'stored' | 'claim' | 'decline' | 'closeIntent' | 'closeAgreed' | 'withdrawAgreed'
>

/** What happens to the hub when a client says this, and the channel that it is about. */
export function peerEventOf(message: Said): {
  readonly channel: ChannelId
  readonly event: PeerEvent
} {
  switch (message.kind) {
    case 'update':
      return { channel: message.channel, event: { kind: 'update', update: message } }
    case 'claim':
      return { channel: message.channel, event: { kind: 'claim', claim: message } }
    case 'decline':
      return { channel: message.channel, event: { kind: 'decline', decline: message } }
    case 'closeAgreed': {
      const { kind, ...agreed } = message
      return { channel: agreed.agreement.channel, event: { kind, agreed } }
    }
    case 'withdrawAgreed': {
      const { kind, ...agreed } = message
      return { channel: agreed.withdrawal.channel, event: { kind, agreed } }
    }
    case 'stored':
    case 'closeIntent':
      return { channel: message.channel, event: message }
  }
}
