import {
  type Decoded,
  encode,
  fixedBytes,
  integer,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import type { Channel } from '../ledger/channel.js'
import {
  type ChainId,
  channelIdCodec,
  lockRootCodec,
  publicKeyCodec,
} from '../ledger/identifiers.js'
import { fromHex } from '../primitives/bytes.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { type Role, roleCodec } from './side.js'

/** What an owner promises a guard: a share of a penalty, in parts per million, and where it is paid. */
export const bountyCodec = struct({ ppm: integer(1_000_000), payoutLock: lockRootCodec })
export type Bounty = Decoded<typeof bountyCodec>

/** What an owner says about its guard, besides for which side of which channel. */
const appointmentTerms = {
  /** Signs the challenges, and nothing else. */
  guardKey: publicKeyCodec,
  bounty: bountyCodec,
  /** The last ledger time at which a challenge by the guard counts. */
  validUntil: timestampCodec,
}

/** One side's word that somebody else may challenge in its name (DSP-11). */
export const appointmentCodec = struct({
  channel: channelIdCodec,
  /** The side that appoints, and is challenged for. */
  owner: roleCodec,
  ...appointmentTerms,
})

/** An appointment as it is shown; channel and owner follow from where. */
export const signedAppointmentCodec = struct({ ...appointmentTerms, signature: fixedBytes(64) })
export type SignedAppointment = Decoded<typeof signedAppointmentCodec>
export type AppointmentTerms = Omit<SignedAppointment, 'signature'>

/** The 32 bytes that the owner signs with its channel key: bound to chain, channel and side. */
export function appointmentDigest(
  chainId: ChainId,
  { id: channel }: Pick<Channel, 'id'>,
  owner: Role,
  { guardKey, bounty, validUntil }: AppointmentTerms,
): Uint8Array {
  const appointment = { channel, owner, guardKey, bounty, validUntil }
  return taggedHash(TAG.appointment, fromHex(chainId), encode(appointmentCodec, appointment))
}

/** Lets a guard challenge for `owner`, whose channel key `signer` has. */
export function signAppointment(
  chainId: ChainId,
  channel: Pick<Channel, 'id'>,
  owner: Role,
  terms: AppointmentTerms,
  signer: Signer,
): SignedAppointment {
  const signature = signer.sign(appointmentDigest(chainId, channel, owner, terms))
  return { ...terms, signature }
}

export type AppointmentRejection = Rejection<'appointment_expired' | 'bad_appointment_signature'>

/** Refuses an appointment that is over, or that `owner` has not signed for this channel (DSP-11). */
export function checkAppointment(
  chainId: ChainId,
  channel: Channel,
  owner: Role,
  { signature, ...terms }: SignedAppointment,
  now: Timestamp,
): AppointmentRejection | undefined {
  if (now > terms.validUntil) {
    return reject(
      'appointment_expired',
      `ledger time is ${now}, the guard was appointed until ${terms.validUntil}`,
    )
  }
  const digest = appointmentDigest(chainId, channel, owner, terms)
  return verifySignature(channel[owner].key, digest, signature)
    ? undefined
    : reject(
        'bad_appointment_signature',
        `the ${owner} of channel ${channel.number} did not appoint this guard`,
      )
}
