import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  askToResume,
  type ChannelParty,
  type ClosingChannel,
  challenge,
  forceClose,
  grantResume,
  isRejection,
  linkBelow,
  type MessageOf,
  newParty,
  positionOf,
  type SignedLane,
  takeResume,
} from '@tallystick/protocol'
import { forceCloseOperation } from '#client-sdk/guard/duties.js'
import { leavingMode } from '#client-sdk/wallet/leaving-mode.js'
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
  signed,
} from '../protocol/test-channel.js'
import { units, WalletWorld } from './wallet-world.js'

/*
 * Two devices of one person, and a hub that shows each of them a history of its own: to each it is a
 * whole hub that says nothing of the other. At the end it plays all that it holds of both.
 */

/** A device that knows of the channel what `before` says, and the hub as it shows itself to it. */
function device(name: number, before: WalletWorld, party: ChannelParty): WalletWorld {
  const world = new WalletWorld()
  // Nonces of one device are not those of another.
  world.events = 100 * name
  world.state.setChannel({ party, keyIndex: 0, books: 'whole', end: undefined })
  world.hub = before.hub
  return world
}

/** The hub lets this device go on, and tells it nothing of the others. */
function resume(world: WalletWorld): void {
  const { resuming: nonce, lostAt } = world.party
  assert.ok(nonce !== undefined, 'a resume is asked for')
  // Epochs are ledger times.
  world.now = at(world.now - NOW + 1)
  const request = { nonce, lostAt }
  const granted = accepted(grantResume(CHAIN, world.hub, request, SIGNERS.hub, world.now))
  const { party, answer } = granted
  world.hub = party
  world.takes({ kind: 'resumeAnswered', channel: world.channel, answer, reveals: [] })
}

/** A device that knew nothing is let go on, and the hub after it, because it takes nothing before. */
function restore(world: WalletWorld): void {
  world.takes({ kind: 'stateLost', channel: world.channel, by: 'store' })
  resume(world)
  world.hub = accepted(askToResume(world.hub, new Uint8Array(16).fill(250), undefined))
  world.now = at(world.now - NOW + 1)
  world.takes({ kind: 'heard', message: { kind: 'attached', position: positionOf(world.hub) } })
  const [effect] = world.effects
  assert.ok(effect?.kind === 'send' && effect.message.kind === 'resumeAnswer')
  const { answer } = effect.message as MessageOf<'resumeAnswer'>
  world.hub = accepted(takeResume(CHAIN, world.hub, answer, world.now)).party
  assert.deepEqual(world.hubSigns(), [])
}

/** A new connection of a device whose words are shared. */
function takeTurn(world: WalletWorld): void {
  world.takes({ kind: 'turnEnded', channel: world.channel })
  resume(world)
}

/** Pays, and has it settled, so that later versions are worth less to the owner. */
function pay(world: WalletWorld, ...names: readonly number[]): SignedLane[] {
  return names.flatMap((name) => {
    world.takes(world.pay(name))
    const added = shownBy(world)
    world.hears(world.claim(name))
    return [added, shownBy(world)]
  })
}

/** The newest proof of the device that the hub holds. */
function shownBy({ hub: { peer: lane, peerEvidence: evidence } }: WalletWorld): SignedLane {
  return { lane, evidence: evidence ?? assert.fail('the hub holds a proof') }
}

/** The device closes alone, and the hub shows `proof`: whether that is a penalty; why it is refused. */
function judged({ party }: WalletWorld, unsure: boolean, proof: SignedLane): boolean | string {
  const { peer, own, resume } = forceCloseOperation(party)
  const close = { by: party.role, own, peer, resume, unsure }
  const closing = accepted(forceClose(CHAIN, party.ledger, close, NOW)) as ClosingChannel
  const shown = { proof, own: undefined, resume: undefined, guard: undefined }
  const outcome = challenge(CHAIN, closing, shown, at(100))
  if (isRejection(outcome)) return outcome.code
  return (outcome as ClosingChannel).status.penalized
}

const modeOf = (world: WalletWorld, isShared: boolean) =>
  leavingMode(world.state.channel(world.channel) ?? assert.fail(), isShared)

/** The first device has paid; the second one was restored from the words, goes on, and pays as well. */
function hiddenTurn() {
  const first = new WalletWorld()
  pay(first, 1)
  const second = device(1, first, newParty('client', first.hub.ledger))
  restore(second)
  const hidden = pay(second, 2, 3)
  return { first, second, hidden }
}

describe('CH-19 a hub that hides the turns of another device', () => {
  test('without the option: what it hid makes a plain close of an honest owner a lie', () => {
    const { first, hidden } = hiddenTurn()
    pay(first, 4)
    assert.equal(modeOf(first, false), 'plain')
    assert.deepEqual(
      hidden.map((proof) => judged(first, false, proof)),
      hidden.map(() => true),
    )
  })

  test('INV-4 with it: the close is unsure, and nothing of any device is a penalty', () => {
    const { first, second, hidden } = hiddenTurn()
    takeTurn(first)
    const shown = pay(first, 4)
    for (const world of [first, second]) {
      assert.equal(modeOf(world, true), 'unsure')
      for (const proof of [...hidden, ...shown]) assert.notEqual(judged(world, true, proof), true)
    }
  })

  test('DSP-10 what it hid before a turn, it has given up with it', () => {
    const { first, hidden } = hiddenTurn()
    takeTurn(first)
    takeTurn(first)
    pay(first, 4)
    assert.equal(first.party.own.epoch, NOW + 2)
    for (const proof of hidden) assert.equal(judged(first, true, proof), 'challenge_not_relevant')
  })
})

describe('CH-19 two devices with copies of one store', () => {
  /** An update of the first leaves it, and the hub keeps it to itself. */
  function copied() {
    const first = new WalletWorld()
    pay(first, 1)
    const second = device(1, first, first.party)
    return { first, second }
  }

  test('without the option: they sign two histories, and either is a penalty', () => {
    const { first, second } = copied()
    const [swallowed] = pay(first, 2)
    second.takes(second.pay(3))
    const { epoch, version } = swallowed?.lane ?? assert.fail()
    assert.deepEqual([second.party.own.epoch, second.party.own.version], [epoch, version])
    assert.equal(judged(second, false, swallowed ?? assert.fail()), true)
  })

  test('INV-16 INV-4 with it: each signs after a nonce of its own, and no two contents are one proof', () => {
    const { first, second } = copied()
    takeTurn(first)
    takeTurn(second)
    const proofs = [...pay(first, 2), ...pay(second, 3)]
    // The hub has granted the same epoch twice, and it helps it nothing.
    assert.deepEqual([first.party.own.epoch, second.party.own.epoch], [NOW + 1, NOW + 1])
    assert.notDeepEqual(first.party.own.resumeNonce, second.party.own.resumeNonce)
    for (const world of [first, second]) {
      for (const proof of proofs) assert.notEqual(judged(world, true, proof), true)
    }
    const [swallowed] = proofs
    assert.ok(swallowed !== undefined)
    assert.equal(judged(second, false, swallowed), 'challenge_not_relevant')
  })
})

describe('CH-19 a device without a turn', () => {
  test('INV-16 signs nothing and ends nothing, holds what it has signed, and may be left unsure', () => {
    const world = new WalletWorld()
    world.takes(world.pay(1))
    const { own } = world.party
    world.takes({ kind: 'turnEnded', channel: world.channel })
    assert.equal(world.does(world.pay(2))[0]?.code, 'channel_not_usable')
    // Another device may have paid it in the meantime.
    world.wait(616)
    assert.deepEqual(world.said, [])
    assert.deepEqual(
      [world.party.own, [...world.state.payments()].map(({ status }) => status)],
      [own, ['pending']],
    )
    assert.equal(modeOf(world, true), 'unsure')
  })

  test('each turn has a request of its own', () => {
    const world = new WalletWorld()
    const nonces = [1, 2].map(() => {
      world.takes({ kind: 'turnEnded', channel: world.channel })
      return world.party.resuming
    })
    assert.notDeepEqual(nonces[0], nonces[1])
  })

  test("one that another device has taken over is left on its owner's word alone", () => {
    const world = new WalletWorld()
    world.takes({ kind: 'stateLost', channel: world.channel, by: 'store' })
    assert.equal(modeOf(world, true), 'lost')
  })
})

describe('CH-19 CH-18 what came while a device had no turn', () => {
  /** The hub signs, and its proof does not arrive before the turn ends. */
  function missed(world: WalletWorld, ...changes: Parameters<typeof signed>[1]): void {
    world.hub = signed(world.hub, changes, { now: world.now }).party
  }

  /** A new connection, to its end: the hub tells where it is as well. */
  function reconnect(world: WalletWorld): readonly string[] {
    takeTurn(world)
    const { said } = world
    world.hears({ kind: 'attached', position: positionOf(world.hub) })
    return [...said, ...world.said]
  }

  const statusOf = (world: WalletWorld) => [...world.state.invoices()].map(({ status }) => status)

  test('INVOICE-3 an item for an open invoice is claimed once, as if it had just come', () => {
    const world = new WalletWorld()
    world.takes({ kind: 'invoice', invoice: world.invoice(1) })
    missed(world, addItem(1, { unit: 1_000n }))
    assert.deepEqual(
      reconnect(world).filter((said) => said === 'claim'),
      ['claim'],
    )
    assert.deepEqual(statusOf(world), ['claiming'])
    // It is said again after each connection until it is paid, and the item is met no more.
    assert.deepEqual(
      reconnect(world).filter((said) => said === 'claim'),
      ['claim'],
    )
    world.hubSigns(redeemItem(1))
    assert.ok(world.said.includes('invoice paid'))
  })

  test('INVOICE-4 what was claimed and paid since is paid, and what was not has ended', () => {
    for (const isPaid of [true, false]) {
      const world = new WalletWorld()
      world.takes({ kind: 'invoice', invoice: world.invoice(1) })
      world.hubSigns(addItem(1, { unit: 1_000n }))
      world.now = at(isPaid ? 0 : 700)
      missed(world, isPaid ? redeemItem(1) : { kind: 'expire', id: itemId(1) })
      const status = isPaid ? 'paid' : 'expired'
      assert.ok(reconnect(world).includes(`invoice ${status}`), status)
      assert.deepEqual(statusOf(world), [])
    }
  })

  test('CH-14 nothing is declined: another device may have shown what pays it', () => {
    const world = new WalletWorld()
    world.takes({ kind: 'invoice', invoice: world.invoice(2) })
    missed(world, addItem(1, { unit: 1_000n }), addItem(2, { unit: 10n, ticks: 2 }))
    assert.deepEqual(
      reconnect(world).filter((said) => said === 'claim' || said === 'decline'),
      [],
    )
    assert.deepEqual(world.party.peer.items.length, 2)
  })

  test('STREAM-3 a stream that pays already is left to the device that took it', () => {
    const world = new WalletWorld()
    world.streams = { unitMin: units(1n) }
    const known = { index: 1, link: linkBelow({ index: 3, link: preimage(1) }, 1) }
    missed(world, addItem(1, { unit: 10n, ticks: 3 }))
    missed(world, { kind: 'redeem', id: itemId(1), ...known })
    reconnect(world)
    assert.deepEqual([[...world.state.streams()], world.declined], [[], undefined])
  })

  test('one that has lost data shows no link before the lane of the hub has gone on', () => {
    const world = new WalletWorld()
    world.takes({ kind: 'invoice', invoice: world.invoice(1) })
    missed(world, addItem(1, { unit: 1_000n }))
    world.takes({ kind: 'stateLost', channel: world.channel, by: 'hub' })
    resume(world)
    const { said } = world
    world.hears({ kind: 'attached', position: positionOf(world.hub) })
    assert.equal([...said, ...world.said].includes('claim'), false)
    assert.deepEqual(statusOf(world), ['open'])
  })

  test('MAIL-5 a letter that was heard by then tells how to take one that nobody asked for', () => {
    const world = new WalletWorld()
    missed(world, addItem(1, { unit: 1_000n }))
    world.announced = (anchor) =>
      anchor === anchorFor(1)
        ? {
            kind: 'payment',
            ...{ anchor, preimage: preimage(1), amount: units(1_000n), expiry: at(500) },
            message: '',
          }
        : undefined
    assert.ok(reconnect(world).includes('claim'))
  })

  test('STREAM-3 a stream is taken, and what was paid of one that it knows is', () => {
    const world = new WalletWorld()
    world.streams = { unitMin: units(1n) }
    missed(world, addItem(1, { unit: 10n, ticks: 3 }))
    reconnect(world)
    const [stream] = world.state.streams()
    assert.ok(stream?.kind === 'received')
    assert.deepEqual([stream.status, stream.paid], ['open', 0])
    const { anchor } = stream
    const known = { index: 2, link: linkBelow({ index: 3, link: preimage(1) }, 2) }
    world.takes({ kind: 'redeemTicks', redemptions: [{ anchor, known, closes: false }] })
    missed(world, { kind: 'redeem', id: itemId(1), ...known })
    reconnect(world)
    const [after] = world.state.streams()
    assert.ok(after?.kind === 'received')
    assert.deepEqual([after.status, after.paid], ['open', 2])
  })
})
