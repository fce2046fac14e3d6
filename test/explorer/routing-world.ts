import assert from 'node:assert/strict'
import {
  type Anchor,
  amount,
  type Change,
  type ChannelParty,
  encode,
  type HubPolicy,
  keyLock,
  lockRoot,
  type PublicKey,
  type SignedLane,
  signEvidence,
  timestamp,
  verifyEvidence,
} from '@tallystick/protocol'
import { dutiesOf } from '#client-sdk/guard/duties.js'
import { type HubChannel, hubChannelCodec, idOf } from '#hub/core/hub-channel.js'
import type { HubEffect } from '#hub/core/hub-effect.js'
import type { HubEvent, LedgerEvent, PeerEvent } from '#hub/core/hub-event.js'
import { HubState } from '#hub/core/hub-state.js'
import { type HubContext, stepPeer } from '#hub/core/hub-step.js'
import { HubOverlay } from '#hub/core/hub-view.js'
import { stepLedger } from '#hub/core/ledger-step.js'
import type { Payment } from '#hub/core/payment.js'
import { onwardItemId } from '#hub/core/routing.js'
import { draftedChannels, sealBatch } from '#hub/core/seal-batch.js'
import { signedLane } from '../protocol/closing-channel.js'
import { CHAIN, NOW, SIGNERS, testSigner } from '../protocol/test-channel.js'
import { adds, type ItemShape, NO_PENALTY, secretsOf, smallChannel } from './channel-state.js'
import { laneName, linkAt } from './dispute-position.js'
import { atTime, type ExploredLedger, newLedger, revealed, revealsOf } from './explored-ledger.js'
import { checkLaw } from './lane-law.js'
import { checkNeutrality } from './neutrality.js'
import { updateOf } from './peer-moves.js'
import type { Move, World } from './search.js'

/*
 * The hub's own core between two clients that work together: they know every link, sign whatever
 * they can make up, hold back acks and claims, and close whenever they like. Whatever becomes of
 * both channels, the hub has as much as before (INV-7).
 */

export type RoutingScope = {
  readonly name: string
  readonly about: string
  /** What the first client promises, to be carried on to the second. */
  readonly items: readonly ItemShape[]
  /** How many proofs the hub signs on each channel, and each client on its own. */
  readonly versions: { readonly hub: number; readonly clients: readonly [number, number] }
  readonly times: readonly number[]
}

export type RoutingState = {
  readonly channels: readonly HubChannel[]
  readonly payments: readonly Payment[]
  readonly ledger: ExploredLedger
  /** All that the hub ever signed, by channel. */
  readonly signed: readonly (readonly SignedLane[])[]
}

const DEPOSITS = { client: 2n, hub: 2n }
const OWNERS = [testSigner(61).publicKey, testSigner(62).publicKey] as const
/** The longest that a transaction of the hub waits for a block, seconds. */
const INCLUSION_SECONDS = 30

const CHANNELS = OWNERS.map((_, i) => {
  return smallChannel(DEPOSITS, NO_PENALTY, i + 1)
})
const [{ terms: TERMS } = assert.fail()] = CHANNELS
const POLICY: HubPolicy = {
  asset: 0,
  payoutLock: lockRoot(keyLock(SIGNERS.hub.publicKey)),
  terms: TERMS,
  feeBase: amount(0n),
  feePpm: 0,
  inboundMax: amount(1_000n),
}

/** Where a client stands that has just begun. */
const POSITION = {
  ...{ own: 0, held: 0, confirmed: 0 },
  ...{ ownResume: undefined, heldResume: undefined, resuming: undefined, lostAt: undefined },
  closing: false,
}

export function routingWorld(scope: RoutingScope): World<RoutingState> {
  const checked = new Set<string>()
  return {
    name: scope.name,
    about: scope.about,
    start: startOf(),
    nameOf: stateName,
    describe: ({ channels, ledger }) =>
      `time ${ledger.time - NOW}, ${channels
        .map(
          ({ party: { own, peer } }, i) =>
            `${'AB'[i]}: own ${laneName(own)}, its ${laneName(peer)}`,
        )
        .join('; ')}`,
    check: (state) => {
      const name = stateName({ ...state, payments: [] })
      if (checked.has(name)) return
      checked.add(name)
      const parties = state.channels.map(({ party }) => party)
      const { ledger, signed } = state
      checkNeutrality({ parties, signed, ledger, secrets: secretsOf(scope.items) })
    },
    *moves(state) {
      for (const client of [0, 1] as const) yield* clientMoves(scope, state, client)
      yield* ledgerMoves(scope, state)
    },
  }
}

function startOf(): RoutingState {
  const start: RoutingState = {
    channels: [],
    payments: [],
    ledger: newLedger(NOW, CHANNELS),
    signed: [[], []],
  }
  const seen = CHANNELS.map((channel) => ({ kind: 'channelSeen', channel }) as const)
  const open = batch(start, seen, stepLedger)
  const attached = OWNERS.map((owner, i) => {
    const channel = CHANNELS[i]?.id ?? assert.fail()
    return { kind: 'attached', owner, position: { ...POSITION, channel } } as const
  })
  return batch(open, attached, stepPeer)
}

function stateName({ channels, payments, ledger, signed }: RoutingState): string {
  return [
    ...channels.map((channel) => Buffer.from(encode(hubChannelCodec, channel)).toString('latin1')),
    ...payments.map(({ anchor, status }) => `${anchor.slice(0, 6)} ${status}`),
    ledger.time,
    ...[...ledger.reveals].map(([anchor, [step]]) => `${anchor}@${step?.time}`),
    ...signed.map((lanes) => lanes.map(({ lane }) => laneName(lane)).join(',')),
  ].join('|')
}

/** The hub takes events as its pipeline does: one batch, one signature each, one commit. */
function batch<E extends HubEvent>(
  state: RoutingState,
  events: readonly E[],
  step: (overlay: HubOverlay, event: E, context: HubContext) => HubEffect[],
): RoutingState {
  const { channels, payments, ledger } = state
  const context: HubContext = {
    ...{ chainId: CHAIN, policy: POLICY, now: ledger.time, signer: SIGNERS.hub },
    ...{ nonce: new Uint8Array(16), restoredTime: undefined, verify: verifyEvidence },
  }
  const committed = new HubState(channels)
  committed.preload(payments, new Set(ledger.reveals.keys()))
  const overlay = new HubOverlay(committed)
  for (const event of events) step(overlay, event, context)
  const drafted = draftedChannels(overlay, CHAIN)
  // One by one: a proof of a batch is the same evidence, and two of them would make more states.
  const evidence = drafted.digests.flatMap((digest) => signEvidence(CHAIN, SIGNERS.hub, [digest]))
  sealBatch(overlay, drafted.channels, evidence)
  const writes = overlay.writes()
  const after = CHANNELS.flatMap(({ id }) => {
    const channel = writes.channels.get(id) ?? channels.find((other) => idOf(other) === id)
    // Nothing is lost on the way here, so nothing is kept to be sent again.
    return channel === undefined
      ? []
      : [{ ...channel, party: { ...channel.party, unconfirmed: [] } }]
  })
  const paid = new Map(payments.map((payment) => [payment.anchor, payment]))
  for (const [anchor, payment] of writes.payments) paid.set(anchor, payment)
  const signed = after.map(({ party }, i) => observed(state, party, i))
  return { ...state, channels: after, payments: [...paid.values()], signed }
}

/** INV-6 on what the hub signs and takes. */
function observed(state: RoutingState, party: ChannelParty, i: number): readonly SignedLane[] {
  const before = state.channels[i]?.party
  const signed = state.signed[i] ?? []
  if (before === undefined) return signed
  if (party.peer.version > before.peer.version) {
    checkLaw(before.peer, party.peer, state.ledger, ({ id }) =>
      before.incoming.some((note) => note.id === id && note.declined),
    )
  }
  if (party.own.version === before.own.version) return signed
  checkLaw(before.own, party.own, state.ledger, () => true)
  return [...signed, signedLane(party.ledger, 'hub', party.own)]
}

function* clientMoves(
  scope: RoutingScope,
  state: RoutingState,
  client: 0 | 1,
): Iterable<Move<RoutingState>> {
  const channel = state.channels[client]
  if (channel === undefined) return
  const { party } = channel
  const who = 'AB'[client]
  const id = idOf(channel)
  if (party.peer.version < scope.versions.clients[client]) {
    for (let acked = party.peer.acked; acked <= party.own.version + 1; acked++) {
      for (const { label, changes } of changesOf(scope, party, client)) {
        const update = updateOf(party, changes, { acked })
        const name = `${who} acks ${acked}${label}`
        yield* peerMove(scope, state, name, { kind: 'update', update })
      }
    }
  }
  for (const shape of scope.items) {
    const item = client === 0 ? adds(shape).id : onwardItemId(CHANNELS[0]?.id ?? id, adds(shape).id)
    const [secret] = secretsOf([shape]).values()
    if (secret === undefined) continue
    const claim = { channel: id, id: item, known: linkAt(secret, 1) }
    yield* peerMove(scope, state, `${who} claims ${shape.name}`, { kind: 'claim', claim })
    const decline = { channel: id, id: item, code: 'no' }
    yield* peerMove(scope, state, `${who} asks to drop ${shape.name}`, { kind: 'decline', decline })
  }
}

type NamedChanges = { readonly label: string; readonly changes: readonly Change[] }

function* changesOf(
  scope: RoutingScope,
  { peer }: ChannelParty,
  client: 0 | 1,
): Iterable<NamedChanges> {
  yield { label: '', changes: [] }
  if (client === 1) return
  for (const shape of scope.items) {
    const forward = { payee: OWNERS[1] as PublicKey, amount: amount(shape.unit) }
    const add = { ...adds(shape), forward }
    const { id } = add
    if (!peer.items.some((item) => item.id === id)) {
      yield { label: ` add ${shape.name}`, changes: [add] }
      continue
    }
    const [secret] = secretsOf([shape]).values()
    if (secret === undefined) continue
    const drops: readonly Change[] = [
      { kind: 'redeem', id, ...linkAt(secret, 1) },
      { kind: 'cancel', id },
      { kind: 'expire', id },
    ]
    for (const drop of drops) {
      yield { label: ` ${drop.kind} ${shape.name}`, changes: [drop] }
      yield { label: ` ${drop.kind} and add ${shape.name}`, changes: [drop, add] }
    }
  }
}

function* peerMove(
  scope: RoutingScope,
  state: RoutingState,
  label: string,
  event: PeerEvent,
): Iterable<Move<RoutingState>> {
  yield* withinScope(scope, label, batch(state, [event], stepPeer))
}

function* withinScope(
  scope: RoutingScope,
  label: string,
  next: RoutingState,
): Iterable<Move<RoutingState>> {
  if (next.signed.every(({ length }) => length <= scope.versions.hub)) yield { label, next }
}

/** Links become public, and time passes: what the hub has to reveal waits for a block by a while. */
function* ledgerMoves(scope: RoutingScope, state: RoutingState): Iterable<Move<RoutingState>> {
  for (const secret of secretsOf(scope.items).values()) {
    const next = withReveal(state, linkAt(secret, 1))
    if (next !== state) yield* withinScope(scope, 'the link is revealed', next)
  }
  const { time } = state.ledger
  const later = scope.times.map((at) => NOW + at).filter((at) => at > time)
  for (const [i, at] of later.entries()) {
    const waits = at - time <= INCLUSION_SECONDS
    if (i > 0 && !waits) break
    const links = hubReveals(state)
    const prompt = passed(links.reduce(withReveal, state), at)
    yield* withinScope(scope, `it is ${at - NOW}`, prompt)
    if (!waits || links.length === 0) continue
    const late = links.reduce(withReveal, passed(state, at))
    yield* withinScope(scope, `it is ${at - NOW}, the hub's reveal comes late`, late)
  }
}

/** What the hub's guard has to make public now. */
function hubReveals({ channels, ledger }: RoutingState) {
  return channels.flatMap(({ party }) =>
    dutiesOf(party, CHAIN, ledger.time, revealsOf(ledger)).flatMap((duty) =>
      duty.kind === 'reveal' ? [duty.reveal] : [],
    ),
  )
}

function withReveal(
  state: RoutingState,
  known: { readonly index: number; readonly link: Uint8Array },
): RoutingState {
  const ledger = revealed(state.ledger, known)
  if (ledger === state.ledger) return state
  const { time } = ledger
  const anchor = [...ledger.reveals.keys()].find((key) => !state.ledger.reveals.has(key))
  if (anchor === undefined) return state
  const seen: LedgerEvent = { kind: 'revealSeen', anchor: anchor as Anchor, known, time }
  return batch({ ...state, ledger }, [seen, { kind: 'timePassed' }], stepLedger)
}

function passed(state: RoutingState, time: number): RoutingState {
  const ledger = atTime(state.ledger, timestamp(time))
  return batch<LedgerEvent>({ ...state, ledger }, [{ kind: 'timePassed' }], stepLedger)
}
