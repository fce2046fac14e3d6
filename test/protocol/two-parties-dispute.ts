import assert from 'node:assert/strict'
import {
  type Anchor,
  type AppointmentTerms,
  addSeconds,
  amount,
  balanceProofDigest,
  type Challenge,
  type Channel,
  type ChannelParty,
  type ChannelSide,
  type ClosingChannel,
  challenge,
  claimableOf,
  decodeTrusted,
  encode,
  entrust,
  entrustedCodec,
  finalize,
  forceClose,
  isRejection,
  LANE_START,
  type LaneState,
  lockedBy,
  noteOf,
  otherRole,
  type RevealLookup,
  type Role,
  type SignedLane,
  seeLedger,
  sideStake,
  signAppointment,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { entrustedChallenge } from '#client-sdk/guard/entrusted-challenge.js'
import { CHAIN, codeOf, evidenceOf, SIGNERS, testSigner } from './test-channel.js'
import type { TwoPartiesWorld } from './two-parties-world.js'

/*
 * The dispute as a dry run: at any moment either side may close alone, the other is as bad as it
 * can be, and the honest one does what its guard says. Nothing of it touches the world.
 */

/**
 * What an honest side is due at this moment by its own books, fees apart: everything that the other
 * side could still claim is counted as lost, only what it could enforce itself as won.
 */
export function bookBalance(world: TwoPartiesWorld, role: Role): bigint {
  const party = world.sides[role].stored
  const { own, peer } = party
  const stake = sideStake(world.channel[role])
  const mayPay = (item: LaneState['items'][number]) => world.now <= item.expiry
  const owed = own.items.reduce((sum, item) => {
    const certain = claimableOf(item, world.revealedBy(item.anchor, item.expiry))
    return sum + (mayPay(item) ? lockedBy(item) : certain)
  }, 0n)
  // A cancelled item is owed until the payee has acked that it is gone (CH-6.3).
  const cancelled = party.cancelling.reduce((sum, { id }) => {
    const item = lastSeen(world, role, id)
    const certain = claimableOf(item, world.revealedBy(item.anchor, item.expiry))
    return sum + (mayPay(item) ? lockedBy(item) : certain)
  }, 0n)
  const won = peer.items.reduce((sum, item) => {
    const { known } = noteOf(party, item.id)
    const certain = world.revealedBy(item.anchor, item.expiry)
    const enforceable = mayPay(item) ? Math.max(certain, known?.index ?? 0) : certain
    return sum + claimableOf(item, enforceable)
  }, 0n)
  return stake + peer.transferred + won - own.transferred - owed - cancelled
}

function lastSeen(world: TwoPartiesWorld, role: Role, id: string) {
  for (const { lane } of world.history[role].toReversed()) {
    const item = lane.items.find((other) => other.id === id)
    if (item !== undefined) return item
  }
  return assert.fail('a cancelled item was signed once')
}

/** Reveals that the ledger will know: what it knows, what `honest` has, and all that harms it. */
function futureReveals(world: TwoPartiesWorld, honest: Role): RevealLookup {
  const party = world.sides[honest].stored
  const known = new Map<Anchor, number>()
  for (const { id, anchor } of party.peer.items) {
    known.set(anchor, noteOf(party, id).known?.index ?? 0)
  }
  return (anchor, notAfter) => {
    const certain = world.revealedBy(anchor, notAfter)
    if (world.now > notAfter) return certain
    const secret = world.secrets.get(anchor)
    const future = secret?.payee === honest ? (known.get(anchor) ?? 0) : (secret?.ticks ?? 0)
    return Math.max(certain, future)
  }
}

/** What `role` is paid in the end, through the real finalize. */
function payoutOf(world: TwoPartiesWorld, closing: ClosingChannel, role: Role): bigint {
  const { status } = closing
  const last = [...status.closerLane.items, ...status.otherLane.items].reduce(
    (latest, { expiry }) => Math.max(latest, expiry),
    status.deadline as number,
  )
  const honest = role
  const settled = finalize(closing, 0, futureReveals(world, honest), timestamp(last + 1))
  assert.ok(
    settled.kind === 'finalized' && settled.rest === undefined,
    'INV-14 one finalize ends it',
  )
  const paid = settled.client + settled.hub + (settled.bounty?.amount ?? 0n)
  assert.equal(paid, sideStake(closing.client) + sideStake(closing.hub))
  return settled[role]
}

/** `honest` closes with what its disk has; the other answers with everything it was ever given. */
export function closeHonestly(world: TwoPartiesWorld, honest: Role): bigint {
  const party: ChannelParty = { ...world.sides[honest].stored, ledger: world.channel }
  const { own, unsure, resume, peer } = forceCloseOperation(party)
  const closing = forceClose(
    CHAIN,
    world.channel,
    { by: honest, own, unsure, resume, peer },
    world.now,
  )
  if (isRejection(closing)) assert.fail(`an honest close is refused: ${codeOf(closing)}`)
  let worst = payoutOf(world, closing as ClosingChannel, honest)
  // One after the other as well: owner and guard, everything that both can show.
  let all = closing as ClosingChannel
  const ownLanes = [undefined, ...forged(world, otherRole(honest)).slice(0, 2)]
  for (const proof of world.history[honest]) {
    for (const lane of ownLanes) {
      for (const guard of [undefined, guardOf(world, otherRole(honest), lane)]) {
        const shown = { proof, own: lane, resume: undefined, guard }
        const answered = challenge(CHAIN, closing as Channel, shown, world.now)
        if (isRejection(answered)) continue
        const after = answered as ClosingChannel
        assert.ok(!after.status.penalized, 'DSP-4 an honest side is never shown to have lied')
        const next = challenge(CHAIN, all, shown, world.now)
        if (!isRejection(next)) all = next
        for (const answer of [after, all]) {
          const payout = payoutOf(world, answer, honest)
          if (payout < worst) worst = payout
        }
      }
    }
  }
  return worst
}

/** The guard of a liar, which has the liar's word for everything. */
function guardOf(
  world: TwoPartiesWorld,
  owner: Role,
  own: LaneState | undefined,
): Challenge['guard'] {
  const { channel } = world
  const appointment = signAppointment(
    CHAIN,
    channel,
    owner,
    towerTerms(channel[owner]),
    SIGNERS[owner],
  )
  const digest = own && balanceProofDigest(CHAIN, channel.id, owner, own)
  return { appointment, ownEvidence: digest && evidenceOf(digest, SIGNERS[owner]) }
}

/** The dearest guard that there is. */
function towerTerms({ payoutLock }: ChannelSide): AppointmentTerms {
  const guardKey = testSigner(77).publicKey
  return { guardKey, bounty: { ppm: 1_000_000, payoutLock }, validUntil: TIMESTAMP_MAX }
}

/** Lanes that a liar might assert: all that it ever signed, and some that it makes up now. */
function forged(world: TwoPartiesWorld, liar: Role): LaneState[] {
  const { own } = world.sides[liar].stored
  const held = world.sides[otherRole(liar)].stored.own.version
  const next = { ...own, version: own.version + 1 }
  const lies = [
    { ...next, items: [] },
    { ...next, items: [], acked: held },
    { ...next, acked: 0 },
    { ...next, transferred: amount(0n) },
    { ...own, items: [] },
    { ...own, version: own.version + 1_000, items: [] },
    LANE_START,
  ]
  return [own, ...lies, ...world.history[liar].map(({ lane }) => lane)].filter(
    ({ version, ...lane }) =>
      version > 0 || (lane.transferred === 0n && lane.acked === 0 && lane.items.length === 0),
  )
}

/** Every proof of `honest` that may have arrived. */
function proofsOf(world: TwoPartiesWorld, honest: Role): (SignedLane | undefined)[] {
  return [undefined, ...world.history[honest]]
}

export type Attack = {
  /** What the honest side is paid when it answers itself, and when only its watchtower does. */
  readonly payout: bigint
  readonly watched: bigint
  readonly asserted: LaneState
  readonly chosen: number
}

/**
 * `liar` closes with a state and a proof of its choice; the honest side answers as its guard says.
 * At most `tries` of the pairs, the newest always among them.
 */
export function closeDishonestly(world: TwoPartiesWorld, liar: Role, tries: number): Attack[] {
  const honest = otherRole(liar)
  const pairs = forged(world, liar).flatMap((own) =>
    proofsOf(world, honest).map((peer) => ({ own, peer })),
  )
  const attacks: Attack[] = []
  for (const { own, peer } of sample(world, pairs, tries)) {
    // A client may also pretend to have lost its data.
    const unsure = liar === 'client' && world.dice.chance(30)
    const resume =
      own.epoch > 0 || world.dice.chance(50) ? world.sides[liar].stored.ownResume : undefined
    const closing = forceClose(
      CHAIN,
      world.channel,
      { by: liar, own, unsure, resume, peer },
      world.now,
    )
    if (isRejection(closing)) continue
    const answered = answerAsGuard(world, closing as ClosingChannel, honest)
    const watched = answerAsTower(world, closing as ClosingChannel, honest)
    attacks.push({
      payout: payoutOf(world, answered, honest),
      watched: payoutOf(world, watched, honest),
      asserted: own,
      chosen: peer?.lane.version ?? 0,
    })
  }
  return attacks
}

function sample<T>(world: TwoPartiesWorld, items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items
  return Array.from({ length: count }, () => world.dice.pick(items))
}

/** The honest side meets the force close and does what is due, until nothing is. */
function answerAsGuard(
  world: TwoPartiesWorld,
  closing: ClosingChannel,
  honest: Role,
): ClosingChannel {
  let current = closing
  for (let rounds = 0; rounds < 4; rounds++) {
    const party = seeLedger(world.sides[honest].stored, current, world.now)
    const duties = dutiesOf(party, CHAIN, world.now, world.revealedBy)
    const due = duties.find(({ kind }) => kind === 'challenge')
    if (due?.kind !== 'challenge') return current
    assert.ok(due.deadline <= addSeconds(world.now, closing.terms.unsureWindowSeconds))
    const answered = challenge(CHAIN, current, due.operation, world.now)
    if (isRejection(answered)) assert.fail(`the guard's challenge is refused: ${codeOf(answered)}`)
    current = answered as ClosingChannel
  }
  return assert.fail('a challenge that was made is not due again')
}

/** The honest side sleeps; whoever it has entrusted with the channel does what is due. */
function answerAsTower(
  world: TwoPartiesWorld,
  closing: ClosingChannel,
  honest: Role,
): ClosingChannel {
  const terms = towerTerms(closing[honest])
  const handedOver = entrust(CHAIN, world.sides[honest].stored, terms, SIGNERS[honest])
  const kept = decodeTrusted(entrustedCodec, encode(entrustedCodec, handedOver))
  const context = { chainId: CHAIN, now: world.now, revealedBy: world.revealedBy }
  const due = entrustedChallenge(kept, closing, context)
  if (due === undefined) return closing
  const answered = challenge(CHAIN, closing, due, world.now)
  if (isRejection(answered)) assert.fail(`the tower's challenge is refused: ${codeOf(answered)}`)
  const after = answered as ClosingChannel
  assert.equal(
    entrustedChallenge(kept, after, context),
    undefined,
    'what was done is not due again',
  )
  return after
}
