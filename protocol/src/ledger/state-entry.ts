import { type Codec, encode, fixedBytes, integer, struct, timestampCodec } from '../codec/codec.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { type Asset, type AssetId, assetCodec, assetIdCodec } from './asset.js'
import { type Channel, type ChannelNumber, channelCodec, channelNumberCodec } from './channel.js'
import { type Coin, coinCodec } from './coin.js'
import { type Anchor, anchorCodec } from './identifiers.js'
import { ASSETS_MAX, COUNTER_MAX, ITEM_TICKS_MAX } from './limits.js'
import { type Outpoint, outpointCodec } from './outpoint.js'
import {
  type Parameters,
  type ParametersChange,
  parametersChangeCodec,
  parametersCodec,
} from './parameters.js'

/** A newer link of a chain became public at `time`; steps of one anchor rise in both (REV-2). */
export type RevealStep = {
  readonly index: number
  readonly time: import('../primitives/time.js').Timestamp
  readonly link: Uint8Array
}

/** What the state holds, by kind: how an entry is named and what it holds (STATE-2). */
export type StateEntries = {
  /** Those that the newest block was judged by. */
  parameters: { key: Record<never, never>; value: Parameters }
  asset: { key: { readonly asset: AssetId }; value: Asset }
  coin: { key: Outpoint; value: Coin }
  channel: { key: { readonly channel: ChannelNumber }; value: Channel }
  /** How many channels were ever opened: the next number. */
  channelCount: { key: Record<never, never>; value: { readonly count: number } }
  /** How many steps an anchor has. */
  reveal: { key: { readonly anchor: Anchor }; value: { readonly steps: number } }
  revealStep: { key: { readonly anchor: Anchor; readonly step: number }; value: RevealStep }
  /** How many assets were ever made: the next number. */
  assetCount: { key: Record<never, never>; value: { readonly count: number } }
  /** Parameters that wait for their height; at most one change at a time. */
  parametersChange: { key: Record<never, never>; value: ParametersChange }
}
export type EntryKind = keyof StateEntries

type EntryDescription<Kind extends EntryKind> = {
  readonly byte: number
  readonly key: Codec<StateEntries[Kind]['key']>
  readonly value: Codec<StateEntries[Kind]['value']>
}

const nothing: Codec<Record<never, never>> = struct({})

export const STATE_ENTRIES: { readonly [Kind in EntryKind]: EntryDescription<Kind> } = {
  parameters: { byte: 0, key: nothing, value: parametersCodec },
  asset: { byte: 1, key: struct({ asset: assetIdCodec }), value: assetCodec },
  coin: { byte: 2, key: outpointCodec, value: coinCodec },
  channel: { byte: 3, key: struct({ channel: channelNumberCodec }), value: channelCodec },
  channelCount: { byte: 4, key: nothing, value: struct({ count: integer(COUNTER_MAX) }) },
  reveal: {
    byte: 5,
    key: struct({ anchor: anchorCodec }),
    value: struct({ steps: integer(COUNTER_MAX) }),
  },
  revealStep: {
    byte: 6,
    key: struct({ anchor: anchorCodec, step: integer(COUNTER_MAX) }),
    value: struct({
      index: integer(ITEM_TICKS_MAX, 1),
      time: timestampCodec,
      link: fixedBytes(32),
    }),
  },
  assetCount: { byte: 16, key: nothing, value: struct({ count: integer(ASSETS_MAX) }) },
  parametersChange: { byte: 17, key: nothing, value: parametersChangeCodec },
}

/** The byte of each kind as a part of what is hashed. */
const KIND_BYTE = Object.fromEntries(
  Object.entries(STATE_ENTRIES).map(([kind, { byte }]) => [kind, Uint8Array.of(byte)]),
) as { readonly [Kind in EntryKind]: Uint8Array }

/** Where an entry stands in the state tree, 32 bytes. */
export function stateKey<Kind extends EntryKind>(
  kind: Kind,
  key: StateEntries[Kind]['key'],
): Uint8Array {
  return taggedHash(TAG.stateKey, KIND_BYTE[kind], encode(STATE_ENTRIES[kind].key, key))
}

/** What the tree holds of an entry's encoded value, 32 bytes. */
export function stateValueHash(kind: EntryKind, encodedValue: Uint8Array): Uint8Array {
  return taggedHash(TAG.stateValue, KIND_BYTE[kind], encodedValue)
}
