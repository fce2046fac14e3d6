import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timestamp } from '@tallystick/protocol'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { HubState } from '#hub/core/hub-state.js'
import { endedDisputes } from '#hub/ledger/channel-ends.js'
import { ChannelPair, itemId, preimage, WINDOW_SECONDS } from '../client-sdk/channel-pair.js'
import { START } from '../client-sdk/ledger-world.js'

const at = (seconds: number) => timestamp(START + seconds)

test('DSP-6 a hub tells what a dispute paid and what its liar lost, once it is over', () => {
  const pair = new ChannelPair()
  const then = pair.client
  pair.add('client', 1, 1_000n, START + 500)
  pair.update('client', [{ kind: 'redeem', id: itemId(1), index: 1, link: preimage(1) }], START)
  const { fee: paid } = pair.act('client', [forceCloseOperation(then)], at(10))
  const [challenge] = dutiesOf(pair.hub, pair.world.chainId, at(20), pair.world.revealedBy)
  assert.ok(challenge?.kind === 'challenge')
  const { fee } = pair.act('hub', [challenge.operation], at(20))
  const held = { party: pair.hub, owner: undefined, onward: [], origin: [], waiting: [] }
  const state = new HubState([held])
  const { id } = pair.hub.ledger
  const ended = endedDisputes(
    [{ kind: 'channelGone', channel: id }, { kind: 'timePassed' }],
    state,
    () => 0,
    at(11 + WINDOW_SECONDS),
  )
  const whole = 99_000n - paid
  const penalty = whole / 10n
  assert.deepEqual(ended, [
    {
      number: 0,
      end: {
        ...{ kind: 'disputed', time: at(11 + WINDOW_SECONDS), by: 'client', unsure: false },
        ...{ penalized: true, client: whole - penalty, hub: 101_000n - fee + penalty },
        ...{ penalty, bounty: 0n },
      },
    },
  ])
})

test('a channel that closed by agreement, or is none of the hub, ended no dispute', () => {
  const pair = new ChannelPair()
  const held = { party: pair.hub, owner: undefined, onward: [], origin: [], waiting: [] }
  const events = [{ kind: 'channelGone', channel: pair.hub.ledger.id }] as const
  assert.deepEqual(
    endedDisputes(events, new HubState([held]), () => 0, at(10)),
    [],
  )
  assert.deepEqual(
    endedDisputes(events, new HubState([]), () => 0, at(10)),
    [],
  )
})
