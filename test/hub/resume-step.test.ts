import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  askToResume,
  type ChannelParty,
  draftDigest,
  grantResume,
  maySign,
  newParty,
  type Position,
  type ResumeAnswer,
  type SeenReveal,
  seal,
  signEvidence,
  takeResume,
  timestamp,
} from '@tallystick/protocol'
import { idOf } from '#hub/core/hub-channel.js'
import { askAtStart } from '#hub/core/resume-step.js'
import { onwardItemId } from '#hub/core/routing.js'
import {
  accepted,
  addItem,
  anchorFor,
  at,
  CHAIN,
  itemId,
  NOW,
  preimage,
  redeemItem,
  startPosition,
  tick,
} from '../protocol/test-channel.js'
import { HubWorld, payment, sent, type TestClient } from './hub-world.js'

const NONCE = new Uint8Array(16).fill(200)
const NO_BOOKS = { payments: new Map(), reveals: new Set<Anchor>() }

/** Payer, payee and somebody else; the hub has put 10,000 into each channel. */
function world() {
  const hub = new HubWorld([{}, {}, {}])
  return { hub, payer: hub.client(0), payee: hub.client(1), other: hub.client(2) }
}
const onward = (payer: TestClient, name: number) => onwardItemId(payer.channel, itemId(name))
const link = (name: number) => ({ index: 1, link: preimage(name) })

/** The hub has lost its journal: of each channel it knows what the ledger shows. */
function loseAll(hub: HubWorld): void {
  const channels = [...hub.state.channels()].map(({ party }) => {
    const lost = accepted(askToResume(newParty('hub', party.ledger), NONCE, tick())) as ChannelParty
    return { party: lost, owner: undefined, onward: [], origin: [], waiting: [] }
  })
  hub.state.apply({ channels: new Map(channels.map((row) => [idOf(row), row])), ...NO_BOOKS })
  hub.payments.clear()
}

/** The client's word from where the hub's lane goes on. */
function answerOf(hub: HubWorld, client: TestClient, nonce: Uint8Array = NONCE): ResumeAnswer {
  hub.now = timestamp(hub.now + 1)
  const request = { nonce, lostAt: hub.hubParty(client).lostAt }
  const granted = accepted(grantResume(CHAIN, client.party, request, client.signer, hub.now))
  client.party = granted.party
  return granted.answer
}

function answer(hub: HubWorld, client: TestClient, ...reveals: readonly SeenReveal[]) {
  hub.attach(client)
  const { channel } = client
  return hub.peer({ kind: 'resumeAnswered', channel, answer: answerOf(hub, client), reveals })
}

/** The hub goes on from where the client says, and has its lane go on as well. */
function restore(hub: HubWorld, client: TestClient, ...reveals: readonly SeenReveal[]) {
  return [...answer(hub, client, ...reveals), ...hub.restart(client)]
}

describe('CH-18 a hub that may have lost data', () => {
  test('INV-16 asks at every attach, and signs nothing on the channel before', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    loseAll(hub)
    payee.heard.length = 0
    assert.deepEqual(sent(hub.attach(payee)), ['2:attached'])
    const [said] = payee.heard
    assert.deepEqual(said?.kind === 'attached' && said.position.resuming, NONCE)
    assert.equal(maySign(hub.hubParty(payee)), false)
    assert.deepEqual(sent(hub.update(payee, addItem(5))), ['2:!wrong_epoch'])
  })

  test('INV-16 goes on in a new epoch from what the client holds', () => {
    const { hub, payee, payer } = world()
    hub.pay(payer, payee, 1)
    const { own, peer } = hub.hubParty(payee)
    loseAll(hub)
    assert.deepEqual(sent(answer(hub, payee)), ['2:attached'])
    const taken = hub.hubParty(payee)
    assert.deepEqual([taken.own.items, taken.peer, maySign(taken)], [own.items, peer, false])
    loseAll(hub)
    const all = ['2:attached', '2:resumeAnswer', '2:update', '2:attached', '2:update', '2:stored']
    assert.deepEqual(sent(restore(hub, payee)), all)
    const after = hub.hubParty(payee)
    assert.deepEqual([after.own.version, after.lostAt], [own.version + 1, undefined])
    assert.equal(after.own.epoch, after.ownResume?.point.epoch)
    assert.equal(payee.party.peer.epoch, after.own.epoch)
  })

  test('INV-16 a client that holds more than the hub has signed is asked, not left', () => {
    const { hub, payer } = world()
    const position = { ...startPosition(payer.channel), held: 1 }
    const effects = hub.peer({ kind: 'attached', owner: payer.identity, position })
    const [effect] = effects
    assert.ok(effect?.kind === 'send' && effect.message.kind === 'attached')
    assert.deepEqual(effects.at(-1), { kind: 'dataLost', channel: payer.channel })
    assert.deepEqual(hub.hubParty(payer).phase, { kind: 'open' })
    const { resuming } = effect.message.position
    assert.ok(resuming !== undefined)
    const shown = answerOf(hub, payer, resuming)
    hub.peer({ kind: 'resumeAnswered', channel: payer.channel, answer: shown, reveals: [] })
    assert.equal(hub.hubParty(payer).resuming, undefined)
  })

  test('INV-7 items_dropped: who says so wrongly gets nothing by it that the hub holds', () => {
    const { hub, payer, payee } = world()
    const before = payer.party
    hub.pay(payer, payee, 1)
    const position = { ...startPosition(payer.channel), held: 9 }
    hub.peer({ kind: 'attached', owner: payer.identity, position })
    const { resuming } = hub.hubParty(payer)
    payer.signs([])
    payer.party = { ...payer.party, own: { ...before.own, version: 2 } }
    const shown = answerOf(hub, payer, resuming)
    payer.heard.length = 0
    hub.peer({ kind: 'resumeAnswered', channel: payer.channel, answer: shown, reveals: [] })
    const [said] = payer.heard
    assert.equal(said?.kind === 'error' && said.code, 'items_dropped')
    assert.equal(hub.hubParty(payer).peer.items.length, 1)
  })

  test('a block that made an anchor public since it was looked up: the hub asks again', () => {
    const { hub, payee, payer } = world()
    hub.pay(payer, payee, 1)
    loseAll(hub)
    const reveal = { anchor: anchorFor(1), known: link(1), time: at(10) }
    hub.ledger({ kind: 'revealSeen', ...reveal })
    assert.deepEqual(sent(answer(hub, payee)), ['2:attached'])
    assert.equal(maySign(hub.hubParty(payee)), false)
    restore(hub, payee, reveal)
    hub.wait(1)
    assert.deepEqual(hub.hubParty(payee).own.items, [], 'REV-3 what is public is paid')
  })

  test('its journal is a restored copy: every channel asks, by a request of its own', () => {
    const { hub, payer } = world()
    const row = hub.state.channel(payer.channel) ?? assert.fail()
    const nonce = new Uint8Array(16).fill(9)
    assert.equal(askAtStart(row, { nonce }), undefined)
    const asking = askAtStart(row, { restoredTime: NOW, nonce })
    assert.deepEqual(asking?.party.resuming, nonce)
    const again = new Uint8Array(16).fill(10)
    const later = askAtStart(asking ?? row, { nonce: again })
    assert.deepEqual(later?.party.resuming, again, 'INV-42 a copy may bring the old request back')
  })

  test('INV-42 a channel that was opened in the time that is lost is no new one', () => {
    const { hub, payer } = world()
    const seen = (number: number, openedTime = NOW) => {
      const { ledger } = hub.hubParty(payer)
      const channel = { ...ledger, id: itemId(number).repeat(2) as never, number, openedTime }
      hub.ledger({ kind: 'channelSeen', channel })
      return hub.state.channel(channel.id)?.party.resuming !== undefined
    }
    assert.equal(seen(70), false)
    hub.restoredTime = NOW
    assert.deepEqual([seen(71), seen(72, at(1))], [true, false])
  })

  for (const whose of ['payer', 'payee'] as const) {
    test(`INV-8 HUB-16 what waited for a place rests once the ${whose} is back`, () => {
      const { hub, payer, payee, other } = world()
      for (const name of [1, 2, 3, 4]) hub.pay(payer, payee, name)
      hub.pay(other, payee, 5)
      const client = whose === 'payer' ? other : payee
      const row = hub.state.channel(client.channel) ?? assert.fail()
      const party = accepted(askToResume(row.party, NONCE, hub.now)) as ChannelParty
      hub.state.apply({ channels: new Map([[client.channel, { ...row, party }]]), ...NO_BOOKS })
      restore(hub, client)
      assert.deepEqual(hub.state.channel(payee.channel)?.waiting, [])
      hub.claim(payee, onward(payer, 1), preimage(1))
      hub.wait(60)
      assert.deepEqual(other.declines, [])
      assert.ok(!hub.hubParty(payee).own.items.some(({ anchor }) => anchor === anchorFor(5)))
    })
  }

  test('HUB-2 pays nothing on to a channel that is not resumed', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    const row = hub.state.channel(payee.channel) ?? assert.fail()
    const party = accepted(askToResume(row.party, NONCE, hub.now)) as ChannelParty
    hub.state.apply({ channels: new Map([[payee.channel, { ...row, party }]]), ...NO_BOOKS })
    hub.pay(payer, payee, 2)
    assert.deepEqual(payer.declines, ['no_liquidity'])
  })
})

describe('CH-18 a client that may have lost data', () => {
  const ask = (
    hub: HubWorld,
    client: TestClient,
    nonce: Uint8Array,
    { lostAt = tick(), heldResume }: Partial<Pick<Position, 'lostAt' | 'heldResume'>> = {},
  ) => {
    const position = { ...startPosition(client.channel), resuming: nonce, lostAt, heldResume }
    return hub.peer({ kind: 'attached', owner: client.identity, position })
  }

  test('INV-16 INV-26 is answered once per request, and each request has an epoch of its own', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    const [first] = ask(hub, payer, NONCE)
    const [again] = ask(hub, payer, NONCE)
    assert.deepEqual(again, first)
    const [soon] = ask(hub, payer, new Uint8Array(16).fill(201))
    assert.equal(
      soon?.kind === 'send' && soon.message.kind === 'error' && soon.message.code,
      'resume_too_soon',
    )
    hub.now = at(1)
    const [other] = ask(hub, payer, new Uint8Array(16).fill(201))
    const epochs = [first, other].map(
      (effect) =>
        effect?.kind === 'send' &&
        effect.message.kind === 'resumeAnswer' &&
        effect.message.answer.resume.point.epoch,
    )
    assert.deepEqual(epochs, [NOW, at(1)])
  })

  test('the first proof of the epoch ends the request; payments go on', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    const [effect] = ask(hub, payer, NONCE)
    assert.ok(effect?.kind === 'send' && effect.message.kind === 'resumeAnswer')
    const lost = accepted(askToResume(newParty('client', payer.party.ledger), NONCE, tick()))
    const taken = accepted(takeResume(CHAIN, lost, effect.message.answer, hub.now))
    const digest = draftDigest(CHAIN, taken.party)
    const [evidence] = signEvidence(CHAIN, payer.signer, [digest])
    const sealed = seal({ ...taken.party, lostAt: undefined }, evidence ?? assert.fail())
    payer.party = sealed.party
    assert.deepEqual(sent(hub.peer({ kind: 'update', update: sealed.update })), ['1:stored'])
    assert.deepEqual(
      ask(hub, payer, NONCE).map(
        (said) => said.kind === 'send' && 'code' in said.message && said.message.code,
      ),
      ['resume_used'],
    )
    hub.claim(payee, onward(payer, 1), preimage(1))
    hub.update(payer, redeemItem(1))
    assert.equal(hub.settledValue, 30_011n)
  })

  test('a hub that has lost data as well asks anew only until its lane has gone on since', () => {
    const { hub, payer } = world()
    hub.pay(payer, hub.client(1), 1)
    loseAll(hub)
    answer(hub, payer)
    const heldResume = hub.hubParty(payer).ownResume?.point ?? assert.fail('it has gone on')
    const { epoch } = heldResume
    hub.now = timestamp(hub.now + 1)
    ask(hub, payer, NONCE, { lostAt: timestamp(epoch - 1), heldResume })
    assert.equal(hub.hubParty(payer).resuming, undefined, 'each asking would wake the other')
    hub.now = timestamp(hub.now + 1)
    ask(hub, payer, new Uint8Array(16).fill(202), { lostAt: timestamp(epoch), heldResume })
    assert.notEqual(hub.hubParty(payer).resuming, undefined)
  })

  test('WIRE-3 a hub asks a device that does not know what another has granted', () => {
    const { hub, payer } = world()
    hub.pay(payer, hub.client(1), 1)
    loseAll(hub)
    answer(hub, payer)
    const { epoch } = hub.hubParty(payer).ownResume?.point ?? assert.fail('it has gone on')
    hub.now = timestamp(hub.now + 1)
    ask(hub, payer, NONCE, { lostAt: timestamp(epoch - 1) })
    assert.notEqual(hub.hubParty(payer).resuming, undefined)
  })

  test('both_lost_data: where the hub has lost data, too, neither can answer', () => {
    const { hub, payer } = world()
    loseAll(hub)
    const [effect] = ask(hub, payer, new Uint8Array(16).fill(3))
    assert.ok(effect?.kind === 'send' && effect.message.kind === 'error')
    assert.equal(effect.message.code, 'both_lost_data')
  })
})

describe('HUB-8 payments of a restored hub', () => {
  for (const first of ['payer', 'payee'] as const) {
    test(`INV-7 INV-25 one that is pending is put together again, the ${first} being back first`, () => {
      const { hub, payer, payee } = world()
      hub.pay(payer, payee, 1)
      loseAll(hub)
      const order = first === 'payer' ? [payer, payee] : [payee, payer]
      for (const client of order) restore(hub, client)
      assert.equal(hub.payments.get(anchorFor(1))?.status, 'pending')
      const claimed = sent(hub.claim(payee, onward(payer, 1), preimage(1)))
      assert.deepEqual(claimed, ['1:claim', '2:update'])
      hub.update(payer, redeemItem(1))
      assert.equal(hub.settledValue, 30_011n)
      for (const row of hub.state.channels()) assert.deepEqual([row.onward, row.origin], [[], []])
    })
  }

  test('INV-7 origin_unknown: a claim waits until it is known who pays; then it is asked for again', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    loseAll(hub)
    restore(hub, payee)
    payee.heard.length = 0
    hub.claim(payee, onward(payer, 1), preimage(1))
    const [said] = payee.heard
    assert.equal(said?.kind === 'error' && said.code, 'origin_unknown')
    assert.equal(hub.hubParty(payee).own.transferred, 0n)
    assert.ok(sent(restore(hub, payer)).includes('2:attached'))
  })

  test('INV-7 what the ledger makes public meanwhile is paid on every hop', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    loseAll(hub)
    restore(hub, payee)
    const reveal = { anchor: anchorFor(1), known: link(1), time: at(10) }
    hub.ledger({ kind: 'revealSeen', ...reveal })
    assert.equal(payee.party.peer.transferred, 1_000n)
    assert.ok(sent(restore(hub, payer, reveal)).includes('1:claim'))
    hub.update(payer, redeemItem(1))
    assert.equal(hub.settledValue, 30_011n)
  })

  test('INV-7 one without a partner rests: it is neither carried on nor declined, and expires', () => {
    const { hub, payer, payee, other } = world()
    hub.pay(payer, payee, 1)
    hub.claim(payee, onward(payer, 1), preimage(1))
    loseAll(hub)
    for (const client of [payer, payee, other]) restore(hub, client)
    assert.deepEqual([payer.declines, hub.payments.size], [[], 0])
    hub.wait(601)
    assert.deepEqual(sent(hub.update(payer, { kind: 'expire', id: itemId(1) })), ['1:stored'])
  })

  test('INV-7 a client cannot make a smaller item of the one that was carried on pass for it', () => {
    const { hub, payer, payee } = world()
    hub.pay(payer, payee, 1)
    loseAll(hub)
    payer.party = { ...payer.party, own: { ...payer.party.own, version: 1, items: [] } }
    payer.signs([{ ...payment(payee, 1, { value: 10n, fee: 1n }) }])
    restore(hub, payer)
    restore(hub, payee)
    assert.equal(hub.payments.size, 0, 'no books of a payment that cannot be one')
    assert.equal(hub.state.channel(payee.channel)?.origin.length, 1)
  })
})
