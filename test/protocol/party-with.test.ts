import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChannelParty,
  type Codec,
  channelPartyCodec,
  type LaneState,
  type LaneUpdate,
  laneUpdateCodec,
  undrafted,
  updateMessage,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, hubChannelCodec } from '#hub/core/hub-channel.js'
import { type PaymentPart, partWith } from '#hub/core/payment.js'
import { laneStateCodec, laneWith } from '#protocol/channel/lane-state.js'
import { partyWith } from '#protocol/channel/party.js'

/** An object with something of its own under every name that the codec has, and `others`. */
function marked(codec: Codec<never>, others: readonly string[] = []): Record<string, object> {
  const { parts } = codec
  assert.ok(parts?.kind === 'struct')
  const names = [...parts.fields.map(([name]) => name), ...others]
  return Object.fromEntries(names.map((name) => [name, { name }]))
}

/** That `replace` loses no field and takes each one of those that it is given. */
function replacesEach(
  value: Record<string, object>,
  replace: (value: never, changes: object) => object,
): void {
  assert.deepEqual(replace(value as never, {}), value)
  for (const name of Object.keys(value)) {
    const after = replace(value as never, { [name]: undefined })
    assert.deepEqual(after, { ...value, [name]: undefined })
  }
  // Nor is what was there changed.
  assert.ok(Object.values(value).every((mark) => mark !== undefined))
}

test('CH-2 a lane, a party and a channel keep every field but those that are replaced', () => {
  replacesEach(marked(laneStateCodec as Codec<never>), (lane: LaneState, changes) =>
    laneWith(lane, changes),
  )
  replacesEach(
    marked(channelPartyCodec as Codec<never>, ['draft']),
    (party: ChannelParty, changes) => partyWith(party, changes),
  )
  replacesEach(marked(hubChannelCodec as Codec<never>), (channel: HubChannel, changes) =>
    channelWith(channel, changes),
  )
})

test('HUB-13 a part of a payment keeps every field but those that are replaced', () => {
  const names: Record<keyof PaymentPart, object> = {
    ...{ fromChannel: {}, fromItem: {}, toChannel: {}, toItem: {}, amount: {}, fee: {} },
    ...{ ticks: {}, shown: {}, paid: {}, isOver: {} },
  }
  const part = Object.fromEntries(Object.keys(names).map((name) => [name, { name }]))
  replacesEach(part, (value: PaymentPart, changes) => partWith(value, changes))
})

test('CH-8 an update is said with every field that it has, and no other', () => {
  const update = marked(laneUpdateCodec as Codec<never>)
  const said = updateMessage(update as unknown as LaneUpdate)
  assert.deepEqual(said, { kind: 'update', ...update })
})

test('CH-2 what is stored of a party is all of it but its draft', () => {
  const stored = marked(channelPartyCodec as Codec<never>)
  assert.deepEqual(undrafted(stored as never), { ...stored, draft: undefined })
})
