import { type ChannelParty, isClosing, type LaneVersion } from '@tallystick/protocol'

/** How far a party's record goes, in what a guard keeps of it (TOWER-3). */
export type GuardedPosition = {
  /** The newest proof of the other side; absent: it never signed one. */
  readonly proof: LaneVersion | undefined
  readonly own: LaneVersion
  /** Epoch of the resume that the own lane went on from; 0: there was none. */
  readonly resumeEpoch: number
}

export function positionOf({ own, peer, peerEvidence, ownResume }: ChannelParty): GuardedPosition {
  const versionOf = ({ epoch, version }: LaneVersion) => ({ epoch, version })
  return {
    proof: peerEvidence && versionOf(peer),
    own: versionOf(own),
    resumeEpoch: ownResume?.point.epoch ?? 0,
  }
}

export function isSamePosition(a: GuardedPosition, b: GuardedPosition): boolean {
  const isSame = (left?: LaneVersion, right?: LaneVersion) =>
    left?.epoch === right?.epoch && left?.version === right?.version
  return isSame(a.proof, b.proof) && isSame(a.own, b.own) && a.resumeEpoch === b.resumeEpoch
}

/**
 * Whether there is anything to guard: the other side has signed something, and the channel can still be
 * closed with something old by it.
 */
export function isAtStake(party: ChannelParty): boolean {
  const { phase, ledger, role, peerEvidence, ownResume } = party
  const isOwnClose = isClosing(ledger) && ledger.status.by === role
  return (
    phase.kind !== 'closed' &&
    !isOwnClose &&
    (peerEvidence !== undefined || ownResume !== undefined)
  )
}

/** Whether that can be entrusted: the owner does not wait to learn what it has lost. */
export function isEntrustable(party: ChannelParty): boolean {
  return isAtStake(party) && party.resuming === undefined && party.lostAt === undefined
}
