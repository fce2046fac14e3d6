import {
  type ChainId,
  draftDigest,
  type Evidence,
  hasDraft,
  invariant,
  maySign,
  seal,
  updateMessage,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, idOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { HubOverlay } from './hub-view.js'

/** The channels of a batch whose next proof has something to say, with the digests to sign. */
export type DraftedChannels = {
  readonly channels: readonly HubChannel[]
  readonly digests: readonly Uint8Array[]
}

/** What a batch that is decided has to sign. */
export function draftedChannels(state: HubOverlay, chainId: ChainId): DraftedChannels {
  const channels = [...state.writes().channels.values()].filter(
    ({ party }) => hasDraft(party) && maySign(party),
  )
  return { channels, digests: channels.map(({ party }) => draftDigest(chainId, party)) }
}

/** Puts one signature under every draft; the updates may leave once the batch is durable. */
export function sealBatch(
  state: HubOverlay,
  channels: readonly HubChannel[],
  evidence: readonly Evidence[],
): HubEffect[] {
  return channels.map((channel, i) => {
    const proof = evidence[i]
    invariant(proof !== undefined, 'every drafted channel has its evidence')
    const { party, update } = seal(channel.party, proof)
    state.setChannel(channelWith(channel, { party }))
    return { kind: 'send', channel: idOf(channel), message: updateMessage(update) }
  })
}
