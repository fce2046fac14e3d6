import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  agreeToClose,
  amount,
  type ChannelParty,
  clientPayoutOf,
  closeAgreementDigest,
  type SignedAgreement,
  startDraining,
  timestamp,
} from '@tallystick/protocol'
import { accepted, CHAIN, NOW } from '../protocol/test-channel.js'
import { HubWorld, sent, type TestClient } from './hub-world.js'

/** A payer and a payee that wants to close, whose channels are numbers 1 and 2. */
function closingPayee() {
  const world = new HubWorld([{}, {}])
  const [payer, payee] = [world.client(0), world.client(1)]
  payee.party = accepted(startDraining(payee.party)) as ChannelParty
  return { world, payer, payee }
}

/** The client signs away what it has on its channel, and nothing else from then on. */
function agrees(client: TestClient): SignedAgreement {
  const clientPayout = amount(clientPayoutOf(client.party))
  const agreement = { channel: client.channel, clientPayout, validUntil: timestamp(NOW + 600) }
  const signature = client.signer.sign(closeAgreementDigest(CHAIN, agreement))
  const agreed = { agreement, signature }
  client.party = accepted(agreeToClose(CHAIN, client.party, agreed, NOW)) as ChannelParty
  return agreed
}

describe('CH-12 a client that closes, and comes back', () => {
  test('whose agreement was lost on the way is promised nothing on the channel, and it closes', () => {
    const { world, payer, payee } = closingPayee()
    world.peer({ kind: 'closeIntent', channel: payee.channel })
    const agreed = agrees(payee)
    world.attach(payee)
    assert.deepEqual(sent(world.pay(payer, payee, 1)), ['1:stored', '1:decline'])
    assert.deepEqual(sent(world.peer({ kind: 'closeAgreed', agreed })), ['2:readyToClose'])
  })

  test('whose intent was lost on the way is promised nothing on the channel, and has an offer', () => {
    const { world, payer, payee } = closingPayee()
    assert.deepEqual(sent(world.attach(payee)), ['2:attached', '2:closeOffer'])
    assert.deepEqual(sent(world.pay(payer, payee, 1)), ['1:stored', '1:decline'])
  })

  test('WIRE-6 and has not seen yet that the ledger has closed it is told of no error', () => {
    const { world, payee } = closingPayee()
    world.peer({ kind: 'closeIntent', channel: payee.channel })
    const agreed = agrees(payee)
    world.peer({ kind: 'closeAgreed', agreed })
    world.ledger({ kind: 'channelGone', channel: payee.channel })
    assert.deepEqual(sent(world.attach(payee)), ['2:attached'])
    assert.deepEqual(sent(world.peer({ kind: 'closeAgreed', agreed })), ['2:idle'])
    assert.deepEqual(sent(world.peer({ kind: 'closeIntent', channel: payee.channel })), ['2:idle'])
  })

  test('and knows nothing of it any more is promised payments as before', () => {
    const { world, payer, payee } = closingPayee()
    world.peer({ kind: 'closeIntent', channel: payee.channel })
    payee.party = { ...payee.party, phase: { kind: 'open' } }
    world.attach(payee)
    assert.deepEqual(sent(world.pay(payer, payee, 1)), ['1:stored', '2:update'])
  })
})
