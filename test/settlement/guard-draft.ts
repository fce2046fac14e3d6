import {
  type AppointmentTerms,
  balanceProofDigest,
  type ChainId,
  type Channel,
  isClosing,
  type LaneState,
  otherRole,
  type Role,
  type SignedResume,
  type Signer,
  signAppointment,
  signEvidence,
  TIMESTAMP_MAX,
} from '@tallystick/protocol'
import { signedLane } from './test-channel.js'
import { ALICE, type Draft, HUB, keyLockOf, type TestLedger } from './test-ledger.js'

const SIGNERS: Readonly<Record<Role, Signer>> = { client: ALICE, hub: HUB }

/** What a guard shows, and by which word of whom; what is left out is as an honest one would. */
export type GuardShown = {
  readonly proof?: LaneState
  readonly own?: LaneState
  readonly resume?: SignedResume
  /** Share of the penalty; a quarter unless told otherwise. */
  readonly ppm?: number
  readonly validUntil?: number
  /** Who appoints, for which side, on which chain and channel. */
  readonly appoints?: Signer
  readonly owner?: Role
  readonly chainId?: ChainId
  readonly channel?: Pick<Channel, 'id'>
}

/** A challenge by `guard` for the side that did not close, paid for with a coin of the guard. */
export function guardDraft(
  ledger: TestLedger,
  number: number,
  guard: Signer,
  shown: GuardShown,
): Draft {
  const channel = ledger.channel(number)
  const closer = isClosing(channel) ? channel.status.by : 'client'
  const owner = otherRole(closer)
  const terms: AppointmentTerms = {
    guardKey: guard.publicKey,
    bounty: { ppm: shown.ppm ?? 250_000, payoutLock: keyLockOf(guard.publicKey) },
    validUntil: (shown.validUntil ?? TIMESTAMP_MAX) as AppointmentTerms['validUntil'],
  }
  const appointment = signAppointment(
    shown.chainId ?? ledger.chainId,
    shown.channel ?? channel,
    shown.owner ?? owner,
    terms,
    shown.appoints ?? SIGNERS[owner],
  )
  const { proof, own, resume } = shown
  const ownDigest = own && balanceProofDigest(ledger.chainId, channel.id, owner, own)
  const [ownEvidence] = ownDigest ? signEvidence(ledger.chainId, SIGNERS[owner], [ownDigest]) : []
  const operation = {
    ...({ kind: 'challenge', channel: number } as const),
    proof: proof && signedLane(ledger, number, closer, proof),
    ...{ own, resume, guard: { appointment, ownEvidence } },
  }
  return { spends: [ledger.coin(guard)], operations: [operation], signers: [guard] }
}
