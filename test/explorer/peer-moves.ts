import {
  applyChange,
  balanceProofDigest,
  type Change,
  type ChannelParty,
  confirmStored,
  draftChange,
  type Evidence,
  type ItemId,
  isRejection,
  type LaneState,
  type LaneUpdate,
  leave,
  otherRole,
  receiveClaim,
  receiveUpdate,
  resync,
  type Signer,
  signEvidence,
} from '@tallystick/protocol'
import { anchorFor, CHAIN, evidenceOf, SIGNERS, testSigner } from '../protocol/test-channel.js'
import { batch } from './channel-batch.js'
import {
  adds,
  type ChannelScope,
  type ChannelState,
  type ItemShape,
  observeTaken,
  secretsOf,
} from './channel-state.js'
import { isWaiting, linkAt } from './dispute-position.js'
import type { Move } from './search.js'

/** Every message by which the peer may change something: right ones, wrong ones, and old ones. */
export function* peerMoves(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  if (!state.connected) {
    yield* reconnections(scope, state)
    return
  }
  yield* updates(scope, state)
  if (isWaiting(state.party)) return
  yield* claims(scope, state)
  yield* declines(scope, state)
  if (scope.crashes) yield* confirmations(scope, state)
}

function* updates(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  if (party.peer.version >= scope.versions.peer) return
  const forgers = [OTHER, 'batch'] as const
  const older = party.grantedResume === undefined ? [] : [{ epoch: 0 }]
  const lies = [{ version: party.peer.version + 2 }, ...forgers.map((forger) => ({ forger }))]
  for (const lie of [{}, ...lies, ...older]) {
    for (let acked = 0; acked <= party.own.version + 1; acked++) {
      for (const changes of changesOf(scope, party)) {
        const update = updateOf(party, changes, { acked, ...lie })
        const received = receiveUpdate(CHAIN, party, update, ledger.time)
        if (received.kind !== 'received') continue
        observeTaken(state, received.party)
        const { peer: lane, peerEvidence: evidence } = received.party
        const kept = scope.game.guards ? state.taken : []
        const taken = evidence === undefined ? kept : [...kept, { lane, evidence }]
        const label = `peer: ${update.version} acks ${acked} ${changes.map(changeName).join(', ')}`
        yield* batch(scope, { ...state, taken }, label, received.party)
      }
    }
  }
}

/** By what an update differs from the one that the rules ask for. */
type Lie = {
  readonly version?: number
  readonly acked?: number
  readonly epoch?: number
  /** Somebody else signs, or the payer signs a batch that the proof is no leaf of. */
  readonly forger?: Signer | 'batch'
}

const OTHER = testSigner(99)

function evidenceBy(forger: Signer | 'batch', digest: Uint8Array, payer: Signer): Evidence {
  if (forger !== 'batch') return evidenceOf(digest, forger)
  const leaves = [new Uint8Array(32), new Uint8Array(32).fill(1)]
  const [batched] = signEvidence(CHAIN, payer, leaves)
  return batched ?? evidenceOf(digest, payer)
}

/** The update that states `changes`, signed as its receiver would compute it, right or wrong. */
export function updateOf(
  { peer, ledger, role, grantedResume }: ChannelParty,
  changes: readonly Change[],
  lie: Lie,
): LaneUpdate {
  const point = grantedResume?.point
  const { version = peer.version + 1, acked = peer.acked, epoch = point?.epoch ?? 0 } = lie
  const resumeNonce = epoch === 0 ? undefined : point?.nonce
  let lane: LaneState = { ...peer, epoch, resumeNonce, version, acked }
  for (const change of changes) {
    const next = applyChange(lane, change)
    if (!isRejection(next)) lane = next as LaneState
  }
  const payer = otherRole(role)
  const digest = balanceProofDigest(CHAIN, ledger.id, payer, lane)
  const evidence = evidenceBy(lie.forger ?? SIGNERS[payer], digest, SIGNERS[payer])
  return { channel: ledger.id, epoch, version, acked, changes: [...changes], evidence }
}

function* changesOf({ items }: ChannelScope, party: ChannelParty): Iterable<readonly Change[]> {
  yield []
  for (const shape of items.peer) {
    yield [adds(shape)]
    const { id } = adds(shape)
    if (!party.peer.items.some((item) => item.id === id)) continue
    for (const drop of drops(shape, id)) {
      yield [drop]
      // Dropped and promised anew in one breath: what is known of the old must not pass to the new.
      yield [drop, adds(shape)]
    }
  }
}

function* drops(shape: ItemShape, id: ItemId): Iterable<Change> {
  yield { kind: 'cancel', id }
  yield { kind: 'expire', id }
  const [secret] = secretsOf([shape]).values()
  if (secret === undefined) return
  for (let index = 1; index <= shape.ticks; index++) {
    yield { kind: 'redeem', id, ...linkAt(secret, index) }
  }
}

function changeName(change: Change): string {
  const id = change.id.slice(-2)
  return change.kind === 'redeem' ? `redeem ${id} to ${change.index}` : `${change.kind} ${id}`
}

/** The peer shows links of what it is promised, or of nothing. */
function* claims(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  for (const shape of scope.items.own) {
    const [secret] = secretsOf([shape]).values()
    if (secret === undefined) continue
    for (let index = 1; index <= shape.ticks; index++) {
      const { id } = adds(shape)
      const claimed = receiveClaim(party, { id, known: linkAt(secret, index) }, ledger.time)
      if (claimed.kind !== 'claimed') continue
      yield* batch(scope, state, `peer: claims link ${index} of ${shape.name}`, claimed.party)
    }
  }
}

/** The peer asks to drop an item; answered as the shells answer it. */
function* declines(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  for (const { id, anchor } of party.own.items) {
    if (party.owed.some((owed) => owed.id === id)) continue
    const drafted = draftChange(party, { kind: 'cancel', id }, ledger.time)
    if (isRejection(drafted)) continue
    const shape = scope.items.own.find(({ name, ticks }) => anchorFor(name, ticks) === anchor)
    yield* batch(scope, state, `peer: asks to drop ${shape?.name}`, drafted)
  }
}

function* confirmations(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party } = state
  const confirmed = confirmStored(party, party.own.version)
  if (confirmed !== party) yield* batch(scope, state, 'peer: has stored all', confirmed)
}

/** The peer says where it stands, right or wrong; who is shown to have lost data signs no more. */
function* reconnections(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party } = state
  for (let held = 0; held <= party.own.version + 1; held++) {
    const position = {
      ...{ channel: party.ledger.id, own: party.peer.version, held, confirmed: 0 },
      ...{ ownResume: undefined, heldResume: undefined, resuming: undefined, lostAt: undefined },
      closing: false,
    }
    const synced = resync(party, position)
    const label = `peer: comes back, holds ${held}`
    if (synced.kind === 'resync') {
      const connected = { ...state, connected: true, given: state.signed.length }
      yield* batch({ ...scope, crashes: false }, connected, label, synced.party)
    } else if (synced.code === 'peer_is_ahead') {
      yield* batch(scope, { ...state, connected: true }, label, leave(party))
    }
  }
}
