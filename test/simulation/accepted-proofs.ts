import {
  balanceProofDigest,
  type ChainId,
  type ChannelParty,
  isClosing,
  type LaneState,
  lockedBy,
  lockedOf,
  otherRole,
  sideStake,
  verifyEvidence,
} from '@tallystick/protocol'
import { Violation } from './violation.js'

/**
 * Every proof of its peer that an honest process takes, judged apart from the code that took it.
 * INV-6: no item is lost that was neither paid, nor given up by this side, nor expired. INV-19: the
 * peer acks what it was sent. INV-20: it has signed just this. INV-4: it can pay what it promises.
 */
export class AcceptedProofs {
  readonly #chainId: ChainId
  readonly #newest = new Map<string, ChannelParty>()

  constructor(chainId: ChainId) {
    this.#chainId = chainId
  }

  /** A process hands a channel in to be written, at a ledger time. */
  onWrite(process: string, party: ChannelParty, time: number): void {
    const { ledger, own, peer, role } = party
    const name = `${process} ${ledger.id}`
    const before = this.#newest.get(name)
    this.#newest.set(name, party)
    // After a crash a process may begin again from an older one.
    if (before === undefined || isClosing(ledger) || !isNewer(peer, before.peer)) return
    const payer = otherRole(role)
    // Who has lost its disk has forgotten what it gave up, and takes what a tower has kept as it is.
    const isAdopted = before.lostAt !== undefined
    if (peer.epoch === before.peer.epoch && !isAdopted) checkSuccession(name, before, party, time)
    if (peer.acked > own.version) throw new Violation('INV-19', `${name} was acked too much`)
    const means = sideStake(ledger[payer]) + own.transferred
    if (peer.transferred + lockedOf(peer) > means) {
      throw new Violation('INV-4', `${name} took a promise that nobody can keep`)
    }
    const digest = balanceProofDigest(this.#chainId, ledger.id, payer, peer)
    const { peerEvidence } = party
    const { key } = ledger[payer]
    if (!peerEvidence || !verifyEvidence(this.#chainId, key, digest, peerEvidence)) {
      throw new Violation('INV-20', `${name} took what its peer has not signed`)
    }
  }
}

function isNewer(a: LaneState, b: LaneState): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.version > b.version)
}

/** What the items that are still there pay for ticks more than before, and whether one pays for fewer. */
function ticksPaid(before: LaneState, after: LaneState): readonly [bigint, boolean] {
  let [more, fewer] = [0n, false]
  for (const item of after.items) {
    const paid = before.items.find(({ id }) => id === item.id)?.paid ?? 0
    more += item.unit * BigInt(Math.max(0, item.paid - paid))
    fewer ||= item.paid < paid
  }
  return [more, fewer]
}

function checkSuccession(
  name: string,
  { peer: before, incoming }: ChannelParty,
  { peer }: ChannelParty,
  time: number,
): void {
  if (peer.transferred < before.transferred) {
    throw new Violation('INV-6', `${name} took less than it was paid before`)
  }
  if (peer.acked < before.acked) throw new Violation('INV-19', `${name} was acked less than before`)
  const kept = new Set(peer.items.map(({ id }) => id))
  const givenUp = new Set(incoming.flatMap(({ id, declined }) => (declined ? [id] : [])))
  const due = before.items
    .filter(({ id, expiry }) => !kept.has(id) && !givenUp.has(id) && time <= expiry)
    .reduce((sum, item) => sum + lockedBy(item), 0n)
  const [more, fewer] = ticksPaid(before, peer)
  if (fewer) throw new Violation('INV-6', `${name} has fewer ticks paid of an item than before`)
  if (peer.transferred - before.transferred < due + more) {
    throw new Violation('INV-6', `${name} lost items of ${due}, or ticks of ${more}`)
  }
}
