import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  askToResume,
  type ChannelParty,
  entrust,
  grantResume,
  type MessageOf,
  newParty,
  positionOf,
  type Rejection,
  type ResumeAnswer,
  type SeenReveal,
  takeResume,
} from '@tallystick/protocol'
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
  SIGNERS,
} from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const booksOf = (world: WalletWorld) => world.state.channel(world.channel)?.books

/** The wallet finds out that it lost data, and knows no more than `left`. */
function lose(world: WalletWorld, left: ChannelParty = newParty('client', world.hub.ledger)): void {
  world.state.setChannel({ party: left, keyIndex: 0, books: 'whole', end: undefined })
  world.takes({ kind: 'stateLost', channel: world.channel, by: 'store' })
}

function answerOf(world: WalletWorld): ResumeAnswer {
  const { resuming: nonce, lostAt } = world.party
  assert.ok(nonce !== undefined)
  world.now = at(world.now - NOW + 1)
  const granted = accepted(grantResume(CHAIN, world.hub, { nonce, lostAt }, SIGNERS.hub, world.now))
  world.hub = granted.party
  return granted.answer
}

/** The hub answers, with what the ledger knows of the items. */
function takeAnswer(world: WalletWorld, ...reveals: readonly SeenReveal[]): readonly Rejection[] {
  const answer = answerOf(world)
  return world.does({ kind: 'resumeAnswered', channel: world.channel, answer, reveals })
}

/** The wallet goes on from the hub's answer, and the hub from the wallet's; effects of it all. */
function resume(world: WalletWorld, ...reveals: readonly SeenReveal[]): readonly Rejection[] {
  const refused = takeAnswer(world, ...reveals)
  if (refused.length > 0) return refused
  const effects = [...world.effects]
  const nonce = new Uint8Array(16).fill(world.hub.own.version + 90)
  world.hub = accepted(askToResume(world.hub, nonce, undefined)) as ChannelParty
  world.now = at(world.now - NOW + 1)
  world.takes({ kind: 'heard', message: { kind: 'attached', position: positionOf(world.hub) } })
  const [effect] = world.effects
  assert.ok(effect?.kind === 'send' && effect.message.kind === 'resumeAnswer')
  const { answer } = effect.message as MessageOf<'resumeAnswer'>
  world.hub = accepted(takeResume(CHAIN, world.hub, answer, world.now)).party
  assert.deepEqual(world.hubSigns(), [])
  world.effects = [...effects, ...world.effects]
  return []
}

describe('CH-18 a wallet that may lack what it has signed', () => {
  test('INV-16 signs nothing, stays open, and asks anew each time', () => {
    const world = new WalletWorld()
    lose(world)
    const first = world.party.resuming
    assert.deepEqual([booksOf(world), world.party.phase.kind], ['lost', 'open'])
    assert.equal(world.does(world.pay(1))[0]?.code, 'channel_not_usable')
    world.takes({ kind: 'stateLost', channel: world.channel, by: 'store' })
    assert.notDeepEqual(world.party.resuming, first)
    const [refused] = world.does({
      kind: 'resumeAnswered',
      channel: world.channel,
      answer: accepted(
        grantResume(
          ...([CHAIN, world.hub, { nonce: first ?? assert.fail(), lostAt: NOW }] as const),
          ...([SIGNERS.hub, at(1)] as const),
        ),
      ).answer,
      reveals: [],
    })
    assert.equal(refused?.code, 'resume_not_asked')
  })

  test('INV-4 INV-42 books are doubted by the word of the hub, and lost by what the store knows', () => {
    const world = new WalletWorld()
    const told = (by: 'hub' | 'store') => {
      world.takes({ kind: 'stateLost', channel: world.channel, by })
      assert.ok(world.party.resuming !== undefined)
      return booksOf(world)
    }
    assert.deepEqual([told('hub'), told('store'), told('hub')], ['doubted', 'lost', 'lost'])
    resume(world)
    assert.equal(booksOf(world), 'whole')
  })

  test('INV-16 KEY-2 a channel that is found on the ledger asks before it signs', () => {
    const world = new WalletWorld()
    const channel = { ...world.hub.ledger, id: itemId(9).repeat(2) as never, number: 9 }
    world.takes({ kind: 'channelSeen', channel, keyIndex: 1, books: 'lost' })
    const held = world.state.channel(channel.id)
    assert.deepEqual([held?.books, held?.party.resuming?.length], ['lost', 16])
  })

  test('INV-17 goes on where the hub says, and tells it at once', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    const { own } = world.party
    lose(world)
    assert.deepEqual(resume(world), [])
    const said = ['channelChanged', 'stored', 'resumed', 'channelChanged', 'update']
    assert.deepEqual(world.said, said)
    assert.equal(booksOf(world), 'whole')
    assert.deepEqual(world.party.own.items, own.items)
    const { own: after, ownResume } = world.party
    assert.deepEqual([after.epoch, after.version], [ownResume?.point.epoch, own.version + 1])
    assert.equal(world.hub.peer.epoch, after.epoch)
  })

  test('items that no payment of this store knows are settled and expire as any other', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.takes(world.pay(2))
    lose(world)
    const payments = [...world.state.payments()]
    for (const payment of payments) {
      const parts = payment.parts.map((part) => ({ ...part, status: 'paid' }) as const)
      world.state.setPayment({ ...payment, parts, status: 'paid' })
    }
    resume(world)
    world.hears(world.claim(1))
    assert.deepEqual(world.said, ['update'])
    world.wait(616)
    assert.deepEqual(world.said, ['update'])
    assert.deepEqual(world.party.own.items, [])
  })

  test('INV-26 payments that are gone: back if the hub never had them, else not known', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    const old = world.party
    const hub = world.hub
    world.takes(world.pay(2))
    world.hub = hub
    lose(world, world.party)
    resume(world)
    assert.deepEqual(
      [...world.state.payments()].map(({ id, status }) => [id, status]),
      [[itemId(1), 'pending']],
    )
    assert.ok(world.said.includes('payment failed'))
    world.hears(world.claim(1))
    world.state.setPayment(world.payment(1))
    lose(world, old)
    resume(world)
    assert.ok(world.said.includes('payment unknown'))
    assert.deepEqual([...world.state.payments()], [])
  })

  test('REV-3 what was revealed while the items were not known is a receipt', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    lose(world)
    const known = { index: 1, link: preimage(1) }
    resume(world, { anchor: anchorFor(1), known, time: at(10) })
    assert.ok(world.said.includes('payment paid'))
    assert.deepEqual(world.party.own.items, [], 'its first proof pays it')
  })

  test('INVOICE-3 items of the hub are claimed where the preimage is known, else declined', () => {
    const world = new WalletWorld()
    const left = world.party
    world.takes({ kind: 'invoice', invoice: world.invoice(1) })
    world.hubSigns(addItem(1, { unit: 1_000n }), addItem(2, { unit: 1_000n }))
    const [invoice] = world.state.invoices()
    world.state.setInvoice({ ...(invoice ?? assert.fail()), status: 'open', parts: [] })
    lose(world, left)
    resume(world)
    assert.deepEqual(
      [world.said.filter((said) => said === 'claim' || said === 'decline'), world.declined],
      [['claim', 'decline'], 'unknown_payment'],
    )
  })

  test('an invoice that was paid in the time that was lost is paid; one that was not has ended', () => {
    for (const [paid, status] of [
      [true, 'paid'],
      [false, 'expired'],
    ] as const) {
      const world = new WalletWorld()
      world.takes({ kind: 'invoice', invoice: world.invoice(1) })
      world.hubSigns(addItem(1, { unit: 1_000n }))
      const old = world.party
      const claiming = [...world.state.invoices()]
      if (!paid) world.now = at(616)
      world.hubSigns(paid ? redeemItem(1) : { kind: 'expire', id: itemId(1) })
      for (const invoice of claiming) world.state.setInvoice(invoice)
      lose(world, old)
      assert.deepEqual(resume(world), [])
      assert.ok(world.said.includes(`invoice ${status}`), `${world.said}`)
    }
  })
})

describe('CH-18 a wallet whose hub has lost data', () => {
  /** The hub asks from where its lane goes on, and has lost data. */
  const asks = (world: WalletWorld) => {
    const resuming = new Uint8Array(16).fill(7)
    const left = { ...newParty('hub', world.hub.ledger), resuming, lostAt: at(-1) }
    return { kind: 'heard', message: { kind: 'attached', position: positionOf(left) } } as const
  }

  test('a payment that shares its batch with the answer is never signed, and has failed', () => {
    const world = new WalletWorld()
    world.hubSigns(addItem(3))
    assert.deepEqual(world.does(world.pay(1), asks(world)), [])
    assert.deepEqual(world.party.own.items, [])
    assert.ok(world.said.includes('payment failed'))
    assert.deepEqual([...world.state.payments()], [])
  })

  test('INV-26 a payment ends with its channel, also where the hub never let the lane go on', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    world.takes(asks(world))
    assert.ok(world.party.resuming !== undefined)
    world.wait(616)
    assert.equal([...world.state.payments()].length, 1, 'the hub may still say how it ended')
    world.takes({ kind: 'channelGone', channel: world.channel })
    world.wait(1)
    assert.ok(world.said.includes('payment failed'), `${world.said}`)
    assert.deepEqual([...world.state.payments()], [])
  })

  test('says from where to go on, durably, and takes no earlier epoch after', () => {
    const world = new WalletWorld()
    world.hubSigns(addItem(3))
    const resuming = new Uint8Array(16).fill(7)
    const left = { ...newParty('hub', world.hub.ledger), resuming, lostAt: at(-1) }
    world.takes({ kind: 'heard', message: { kind: 'attached', position: positionOf(left) } })
    const [effect] = world.effects
    assert.ok(effect?.kind === 'send' && effect.message.kind === 'resumeAnswer')
    const { answer } = effect.message as MessageOf<'resumeAnswer'>
    assert.deepEqual(accepted(takeResume(CHAIN, left, answer, world.now)).party.own, world.hub.own)
    assert.equal(world.hubSigns(addItem(4))[0]?.code, 'wrong_epoch')
  })

  for (const [what, since, remembers, isAsking] of [
    ['does not ask anew where its lane has gone on since', -1, true, false],
    ['asks where it has gone on by what another device granted', -1, false, true],
    ['asks where it has gone on before', 0, true, true],
  ] as const) {
    test(`a wallet that has lost data as well ${what}`, () => {
      const world = new WalletWorld()
      world.hubSigns(addItem(3))
      lose(world)
      assert.deepEqual(takeAnswer(world), [])
      const epoch = world.party.ownResume?.point.epoch ?? assert.fail('it has gone on')
      world.now = at(world.now - NOW + 1)
      const position = positionOf(world.hub)
      const told = {
        ...{ ...position, resuming: new Uint8Array(16).fill(9), lostAt: at(epoch + since - NOW) },
        heldResume: remembers ? position.heldResume : undefined,
      }
      world.takes({ kind: 'heard', message: { kind: 'attached', position: told } })
      assert.equal(world.party.resuming !== undefined, isAsking)
    })
  }

  test('peer_is_ahead first: a wallet that lost data, too, has nothing to give', () => {
    const world = new WalletWorld()
    const position = { ...positionOf({ ...world.hub, resuming: new Uint8Array(16) }), held: 3 }
    const [refused] = world.hears({ kind: 'attached', position })
    assert.equal(refused?.code, 'peer_is_ahead')
    assert.deepEqual(world.effects, [])
  })
})

describe('DSP-12 a copy that a watchtower gives back', () => {
  const terms = {
    guardKey: SIGNERS.hub.publicKey,
    bounty: { ppm: 0, payoutLock: 'aa'.repeat(32) as never },
    validUntil: at(9_000),
  }

  test('shows that the store is an old one; what is known already changes nothing', () => {
    const world = new WalletWorld()
    const old = world.party
    world.hubSigns(addItem(3))
    const entrusted = entrust(CHAIN, world.party, terms, SIGNERS.client)
    assert.equal(world.does({ kind: 'adopted', entrusted })[0]?.code, 'nothing_newer')
    assert.equal(booksOf(world), 'whole')
    world.state.setChannel({ party: old, keyIndex: 0, books: 'whole', end: undefined })
    world.takes({ kind: 'adopted', entrusted })
    assert.equal(booksOf(world), 'lost')
    assert.deepEqual(world.party.peer, world.hub.own)
    assert.equal(amount(world.party.peer.items[0]?.unit ?? 0n), 100n)
  })
})
