import {
  amount,
  balanceProofDigest,
  type ChannelParty,
  channelTotal,
  LANE_START,
  type LaneState,
  otherRole,
  type PendingItem,
  resumeDigest,
  type SignedLane,
  type SignedResume,
  signEvidence,
} from '@tallystick/protocol'
import { CHAIN, evidenceOf, NOW, SIGNERS } from '../protocol/test-channel.js'
import { itemsName, type Position } from './dispute-position.js'

/* What a liar may assert and show in a dispute, beside what was really signed. */

/** A promise that the honest side never signed: under the peer's own signature, and under a batch of it. */
export function forgedProofs({ honest, party, signed }: Position): readonly SignedLane[] {
  const { version, acked } = signed.at(-1)?.lane ?? LANE_START
  const lane = { ...LANE_START, version: version + 1, acked, transferred: amount(1n) }
  const digest = balanceProofDigest(CHAIN, party.ledger.id, honest, lane)
  const peer = SIGNERS[otherRole(honest)]
  const batched = signEvidence(CHAIN, peer, [digest, new Uint8Array(32)]).slice(0, 1)
  return [evidenceOf(digest, peer), ...batched].map((evidence) => ({ lane, evidence }))
}

/** A resume of its own lane that the peer has signed itself: its newest proofs given up. */
export function forgedResumes({ honest, party, resumes }: Position): readonly SignedResume[] {
  if (resumes.length === 0) return []
  const peer = otherRole(honest)
  const base = balanceProofDigest(CHAIN, party.ledger.id, peer, LANE_START)
  const nonce = new Uint8Array(16).fill(200)
  const point = { epoch: LATER, nonce, base, version: 0, acked: 0, transferred: amount(0n) }
  const signature = SIGNERS[peer].sign(resumeDigest(CHAIN, party.ledger, peer, point))
  return [{ point, signature }]
}

/** Lanes that a liar would like to have in the place of the one that the honest side chose. */
export function replacements({ peer, own }: ChannelParty): LaneState[] {
  const newest = { ...peer, version: Math.max(peer.version, own.version) + 1 }
  return [
    { ...newest, acked: own.version, items: [] },
    { ...newest, acked: own.version, transferred: amount(0n), items: [] },
    { ...peer, items: [] },
  ]
}

/** A ledger time after all others here. */
const LATER = NOW + 1_000_000
/** An epoch that no resume began. */
const UNGRANTED = { epoch: LATER, resumeNonce: new Uint8Array(16).fill(201) }

/**
 * Lanes that the peer may assert: before, at and behind what it signed last, by each number that
 * the rules compare, and just beyond what they take. Lanes in between are judged as one of these:
 * the rules compare such numbers, and calculate with none but `transferred` and the items.
 */
export function* assertions(
  { party, ledger }: Position,
  chosen: LaneState,
  resume: SignedResume | undefined,
): Iterable<LaneState> {
  const { peer } = party
  // Resumes take whole proofs out of the game: what differs less is tried where there are none.
  const isPlain =
    resume === undefined && party.ownResume === undefined && party.resuming === undefined
  const partly = isPlain ? partlyPaid(peer.items) : []
  const items = new Map([[], peer.items, ...partly].map((some) => [itemsName(some), some]))
  const most = channelTotal(ledger.channels.get(party.ledger.number) ?? party.ledger)
  yield LANE_START
  yield { ...LANE_START, ...UNGRANTED, version: peer.version + 1, acked: chosen.version }
  for (const epoch of epochsOf(peer, resume)) {
    const base = { ...epoch, version: peer.version + 1, acked: chosen.version, items: [] }
    yield { ...base, transferred: amount(most + 1n) }
    yield { ...base, transferred: amount(0n), acked: chosen.version + 1 }
    if (chosen.acked > 1)
      yield { ...base, transferred: peer.transferred, version: chosen.acked - 1 }
    for (const version of numbers(1, peer.version - 1, peer.version, peer.version + 1)) {
      for (const acked of numbers(0, isPlain ? peer.acked - 1 : -1, peer.acked, chosen.version)) {
        for (const paid of new Set([
          0n,
          peer.transferred,
          ...(isPlain ? [peer.transferred + 1n] : []),
        ])) {
          for (const pending of items.values()) {
            yield { ...epoch, version, acked, transferred: amount(paid), items: pending }
          }
        }
      }
    }
  }
}

/** These numbers, each once, from the least that there may be. */
function numbers(least: number, ...values: readonly number[]): Iterable<number> {
  return new Set(values.filter((value) => value >= least))
}

function epochsOf(peer: LaneState, resume: SignedResume | undefined) {
  const { epoch, resumeNonce } = peer
  const epochs = [{ epoch, resumeNonce }]
  if (epoch > 0) epochs.push({ epoch: 0, resumeNonce: undefined })
  if (resume === undefined) return epochs
  return [...epochs, { epoch: resume.point.epoch, resumeNonce: resume.point.nonce }]
}

function* partlyPaid(items: readonly PendingItem[]): Iterable<readonly PendingItem[]> {
  for (const item of items) {
    for (let paid = 0; paid < item.ticks; paid++) {
      yield items.map((other) => (other === item ? { ...item, paid } : other))
    }
  }
}
