import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  receivable,
  type SignedWithdrawal,
  type Withdrawal,
  withdrawable,
  withdrawalDigest,
} from '@tallystick/protocol'
import { pendingWithdrawals, withdrawOperations } from '#hub/closer/pending-withdrawals.js'
import { at, CHAIN } from '../protocol/test-channel.js'
import { HubWorld, sent, type TestClient } from './hub-world.js'

/** A hub, and a client with 10,000 of its own; 100 of it are its exit reserve. */
function world() {
  const hub = new HubWorld([{}, {}])
  return { hub, client: hub.client(0), payee: hub.client(1) }
}

function signed(client: TestClient, change: Partial<Withdrawal> = {}): SignedWithdrawal {
  const withdrawal: Withdrawal = {
    ...{ channel: client.channel, role: 'client', withdrawn: amount(4_000n), validUntil: at(900) },
    ...change,
  }
  const signature = client.signer.sign(withdrawalDigest(CHAIN, withdrawal))
  return { withdrawal, signature }
}

function ask(hub: HubWorld, agreed: SignedWithdrawal) {
  return hub.peer({ kind: 'withdrawAgreed', agreed })
}

/** What the hub said was wrong. */
function codesOf(effects: ReturnType<typeof ask>): string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'error' ? [effect.message.code] : [],
  )
}

describe('HUB-15 a client takes money out of a channel that stays in use', () => {
  test('CH-17 it counts as gone at once, and is paid out for as long as it is valid', () => {
    const { hub, client } = world()
    const agreed = signed(client)
    assert.deepEqual(sent(ask(hub, agreed)), ['1:readyToWithdraw'])
    assert.equal(receivable(hub.hubParty(client)), 5_900n)
    const ready = pendingWithdrawals(hub.state, at(900))
    assert.deepEqual(withdrawOperations(hub.state, ready), [
      {
        kind: 'withdraw',
        validUntil: at(900),
        withdrawals: [
          { channel: 1, role: 'client', withdrawn: 4_000n, signature: agreed.signature },
        ],
      },
    ])
    assert.deepEqual(pendingWithdrawals(hub.state, at(901)), [])
  })

  test('INV-26 asked for again it is the same; once the ledger has it, nothing', () => {
    const { hub, client } = world()
    ask(hub, signed(client))
    assert.deepEqual(sent(ask(hub, signed(client))), ['1:readyToWithdraw', '1:idle'])
    const { ledger } = hub.hubParty(client)
    const paid = { ...ledger, client: { ...ledger.client, withdrawn: amount(4_000n) } }
    hub.ledger({ kind: 'channelSeen', channel: paid })
    assert.equal(hub.hubParty(client).withdrawing, undefined)
    assert.deepEqual(pendingWithdrawals(hub.state, at(0)), [])
    assert.deepEqual(sent(ask(hub, signed(client))), ['1:idle'])
    assert.equal(withdrawable(hub.hubParty(client), 'client'), 5_900n)
  })

  test('INV-24 binds the hub until ledger time is beyond its end, and no longer', () => {
    const { hub, client } = world()
    ask(hub, signed(client))
    hub.wait(900)
    assert.equal(receivable(hub.hubParty(client)), 5_900n)
    hub.wait(1)
    assert.equal(receivable(hub.hubParty(client)), 9_900n)
  })

  test('while it is under way the channel pays, out of what is left of it', () => {
    const { hub, client, payee } = world()
    ask(hub, signed(client))
    hub.pay(client, payee, 1, { value: 5_000n, fee: 15n })
    assert.equal(payee.party.peer.items.length, 1)
    const refused = hub.pay(client, payee, 2, { value: 900n, fee: 11n })
    assert.deepEqual(sent(refused), ['1:!insolvent'])
  })

  test("is refused: too little, the hub's own, more than there is, a second one, another signature", () => {
    const { hub, client, payee } = world()
    const refusals = [
      signed(client, { withdrawn: amount(99n) }),
      signed(client, { role: 'hub' }),
      signed(client, { withdrawn: amount(9_901n) }),
      signed(client, { validUntil: at(3_601) }),
      { ...signed(client), signature: signed(payee).signature },
    ].map((agreed) => codesOf(ask(hub, agreed))[0])
    assert.deepEqual(refusals, [
      'amount_too_small',
      'amount_too_small',
      'insolvent',
      'agreement_expiry_out_of_bounds',
      'bad_agreement_signature',
    ])
    assert.equal(hub.hubParty(client).withdrawing, undefined)
    ask(hub, signed(client))
    const second = signed(client, { withdrawn: amount(5_000n) })
    assert.deepEqual(codesOf(ask(hub, second)), ['withdrawal_pending'])
  })
})
