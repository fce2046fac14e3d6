import {
  type AppointmentTerms,
  type Channel,
  type Entrusted,
  type LockRoot,
  type Role,
  type Signer,
  signAppointment,
  signTowerRequest,
  type TowerAction,
  type TowerConnection,
  type TowerPolicy,
  type TowerRequest,
} from '@tallystick/protocol'
import type { RequestContext } from '#watchtower/core/answer-request.js'
import { type LaneSetup, laneOf, signedLane } from '../protocol/closing-channel.js'
import { at, CHAIN, SIGNERS, testChannel, testSigner } from '../protocol/test-channel.js'

export const TOWER = testSigner(9)
export const CHANNEL = testChannel()
export const POLICY: TowerPolicy = {
  asset: 0,
  bountyPpmMin: 100_000,
  payoutLock: 'cd'.repeat(32) as LockRoot,
  appointmentSecondsMax: 1_000,
}
export const TERMS: AppointmentTerms = {
  guardKey: TOWER.publicKey,
  bounty: { ppm: 100_000, payoutLock: POLICY.payoutLock },
  validUntil: at(500),
}

/** A connection to the tower, by the byte that its nonce repeats. */
export function connectionOf(nonce: number): TowerConnection {
  return { chainId: CHAIN, tower: TOWER.publicKey, nonce: new Uint8Array(32).fill(nonce) }
}

export type EntrustedSetup = {
  readonly owner?: Role
  readonly channel?: Channel
  /** `null`: there is none. */
  readonly proof?: LaneSetup | null
  readonly own?: LaneSetup | null
  readonly terms?: Partial<AppointmentTerms>
  readonly appoints?: Signer
}

/** What the client entrusts: the hub's version 3 and its own version 2, unless told otherwise. */
export function entrustedOf({
  owner = 'client',
  channel = CHANNEL,
  proof = { version: 3, transferred: 300n },
  own = { version: 2, transferred: 20n },
  terms = {},
  appoints = SIGNERS[owner],
}: EntrustedSetup = {}): Entrusted {
  const signed = (payer: Role, lane: LaneSetup | null) =>
    lane === null ? undefined : signedLane(channel, payer, laneOf(lane))
  return {
    ...{ channel: channel.id, number: channel.number, owner },
    appointment: signAppointment(CHAIN, channel, owner, { ...TERMS, ...terms }, appoints),
    proof: signed(owner === 'client' ? 'hub' : 'client', proof),
    own: signed(owner, own),
    resume: undefined,
  }
}

/** What a tower knows that has just been asked, over connection 1, about a channel that it has not. */
export const CONTEXT: RequestContext = {
  connection: connectionOf(1),
  policy: POLICY,
  now: at(0),
  held: undefined,
  channel: CHANNEL,
  room: () => 'room',
}

export function requestOf(
  action: TowerAction,
  signer: Signer = SIGNERS.client,
  { connection = connectionOf(1), number = 0 } = {},
): TowerRequest {
  return signTowerRequest(connection, number, action, signer)
}
