import {
  type ChainId,
  type ChannelParty,
  checkResume,
  checkSignedLane,
  compareVersions,
  type Entrusted,
  LANE_START,
  type LaneState,
  lockedOf,
  otherRole,
  parseAmount,
  type SignedLane,
  type SignedResume,
} from '@tallystick/protocol'
import type { WalletChannel } from '../wallet/wallet-records.js'

/**
 * What a watchtower kept of a channel (DSP-12), if it is newer than the record of it and really
 * signed; the tower is not trusted. Both lanes of an `Entrusted` are of one moment, and versions only
 * rise: where one of them is newer, neither is older.
 */
export function newerEntrusted(
  chainId: ChainId,
  { own, peer, ownResume, ledger, role }: ChannelParty,
  entrusted: Entrusted,
): boolean {
  if (entrusted.channel !== ledger.id || entrusted.owner !== role) return false
  const { proof, own: shown, resume } = entrusted
  const isNewer =
    compareVersions(laneOf(proof), peer) > 0 ||
    compareVersions(laneOf(shown), own) > 0 ||
    epochOf(resume) > epochOf(ownResume)
  return (
    isNewer &&
    isSigned(chainId, ledger, otherRole(role), proof) &&
    isSigned(chainId, ledger, role, shown) &&
    (resume === undefined || checkResume(chainId, ledger, role, resume) === undefined)
  )
}

/**
 * The channel with what towers have kept in place of what is older here (BAK-8): a hub that then
 * says less of it is caught by CH-18, and an unsure close (DSP-9) asserts the newest there is.
 */
export function recallEntrusted(
  chainId: ChainId,
  held: WalletChannel,
  entrusted: readonly Entrusted[],
): WalletChannel {
  // Whole books are ahead of everything that was ever handed out.
  if (held.books === 'whole') return held
  let { party } = held
  for (const kept of entrusted) {
    if (newerEntrusted(chainId, party, kept)) party = withEntrusted(party, kept)
  }
  return party === held.party ? held : { ...held, party }
}

function withEntrusted(
  party: ChannelParty,
  { proof, own: shown, resume }: Entrusted,
): ChannelParty {
  const own = isLater(shown, party.own) ? shown.lane : party.own
  const peer = isLater(proof, party.peer) ? proof : undefined
  const isPending = ({ items }: LaneState, id: string) => items.some((item) => item.id === id)
  return {
    ...party,
    own,
    peer: peer?.lane ?? party.peer,
    peerEvidence: peer?.evidence ?? party.peerEvidence,
    ownResume: epochOf(resume) > epochOf(party.ownResume) ? resume : party.ownResume,
    // Notes on items that are gone; what became of those, a resume or the ledger tells.
    incoming: party.incoming.filter(({ id }) => isPending(peer?.lane ?? party.peer, id)),
    owed: party.owed.filter(({ id }) => isPending(own, id)),
  }
}

function isLater(shown: SignedLane | undefined, held: LaneState): shown is SignedLane {
  return shown !== undefined && compareVersions(shown.lane, held) > 0
}

function epochOf(resume: SignedResume | undefined): number {
  return resume?.point.epoch ?? 0
}

function laneOf(signed: SignedLane | undefined): LaneState {
  return signed?.lane ?? LANE_START
}

function isSigned(
  chainId: ChainId,
  ledger: ChannelParty['ledger'],
  payer: ChannelParty['role'],
  signed: SignedLane | undefined,
): boolean {
  if (signed === undefined) return true
  // CH-4: what sums to no amount states nothing, and is not even hashed.
  if (parseAmount(lockedOf(signed.lane)) === undefined) return false
  return checkSignedLane(chainId, ledger, payer, signed) === undefined
}
