import {
  type Channel,
  checkEntrusted,
  compareEntrusted,
  type Entrusted,
  type EntrustedRejection,
  isClosing,
  type PublicKey,
  type Rejection,
  reject,
  type Timestamp,
  type TowerConnection,
  type TowerPolicy,
  type TowerRequest,
  towerActionSubject,
  verifyTowerRequest,
} from '@tallystick/protocol'
import { type AppointmentRecord, recordOf } from './appointment-record.js'

/** What a tower knows when it is asked for something. */
export type RequestContext = {
  readonly connection: TowerConnection
  readonly policy: TowerPolicy
  /** Ledger time. */
  readonly now: Timestamp
  /** The record of this side of this channel, if there is one. */
  readonly held: AppointmentRecord | undefined
  /** The channel as the ledger has just proved it; where a record is held, that one counts. */
  readonly channel: Channel | undefined
  /** Whether one more record can be kept, in all and of this key. */
  readonly room: (owner: PublicKey) => 'room' | 'full' | 'key_full'
}

/** What is to be done for a request. */
export type RequestOutcome =
  /** Replaces what is held, durably, and then vouches for it. */
  | { readonly kind: 'keep'; readonly record: AppointmentRecord }
  /** Is held byte for byte: vouched for again. */
  | { readonly kind: 'kept'; readonly entrusted: Entrusted }
  | { readonly kind: 'found'; readonly entrusted: Entrusted }
  | { readonly kind: 'remove' }

export type RequestRejection =
  | EntrustedRejection
  | Rejection<
      | 'appointment_unknown'
      | 'bad_owner_signature'
      | 'wrong_guard'
      | 'bounty_too_low'
      | 'asset_not_guarded'
      | 'appointment_out_of_bounds'
      | 'entrusted_older'
      | 'entrusted_contradicts'
      | 'tower_full'
      | 'key_full'
    >

/** Decides on one request of an owner (TOWER-2 to TOWER-6); whatever is refused changes nothing. */
export function answerRequest(
  request: TowerRequest,
  context: RequestContext,
): RequestOutcome | RequestRejection {
  const { action } = request
  switch (action.kind) {
    case 'entrust':
      return answerEntrust(request, action.entrusted, context)
    case 'fetch':
      return ofOwner(request, context, ({ entrusted }) => ({ kind: 'found', entrusted }))
    case 'end':
      return ofOwner(request, context, () => ({ kind: 'remove' }))
  }
}

/** A stranger is told the same whether there is a record or none: who is guarded where is private. */
function ofOwner(
  request: TowerRequest,
  { connection, held }: RequestContext,
  answer: (held: AppointmentRecord) => RequestOutcome,
): RequestOutcome | RequestRejection {
  const { owner } = towerActionSubject(request.action)
  return held !== undefined && verifyTowerRequest(connection, request, held.channel[owner].key)
    ? answer(held)
    : reject('appointment_unknown', 'this key has no appointment of that channel here')
}

function answerEntrust(
  request: TowerRequest,
  entrusted: Entrusted,
  context: RequestContext,
): RequestOutcome | RequestRejection {
  const { connection, held, now } = context
  const channel = held?.channel ?? context.channel
  const { owner } = entrusted
  if (channel === undefined) {
    return reject('channel_unknown', `the ledger has no channel ${entrusted.number} (yet)`)
  }
  if (!verifyTowerRequest(connection, request, channel[owner].key)) {
    const detail = `the ${owner}'s key of channel ${channel.number} did not ask for this here`
    return reject('bad_owner_signature', detail)
  }
  if (isClosing(channel) && channel.status.by === owner) {
    return reject('channel_closing', 'the owner has closed it: there is nothing to be guarded')
  }
  const refused =
    againstPolicy(channel, entrusted, context) ??
    checkEntrusted(connection.chainId, channel, entrusted, now)
  if (refused !== undefined) return refused
  return held === undefined ? admit(channel, entrusted, context) : replace(held, entrusted)
}

function admit(
  channel: Channel,
  entrusted: Entrusted,
  { room }: RequestContext,
): RequestOutcome | RequestRejection {
  switch (room(channel[entrusted.owner].key)) {
    case 'room':
      return { kind: 'keep', record: recordOf(channel, entrusted) }
    case 'full':
      return reject('tower_full', 'this tower guards as many channels as it can')
    case 'key_full':
      return reject('key_full', 'this tower guards as many channels of this key as it does of one')
  }
}

/** Only the newer replaces (TOWER-3): nobody, not even the owner, makes a record older. */
function replace(held: AppointmentRecord, entrusted: Entrusted): RequestOutcome | RequestRejection {
  switch (compareEntrusted(held.entrusted, entrusted)) {
    case 'newer':
      return { kind: 'keep', record: { ...held, entrusted } }
    case 'same':
      return { kind: 'kept', entrusted }
    case 'older':
      return reject('entrusted_older', 'a newer proof, lane or resume is kept already: fetch it')
    case 'contradicting':
      return reject(
        'entrusted_contradicts',
        'a lane or resume of the same number that says something else is kept already: fetch it',
      )
  }
}

/** What this tower guards for (TOWER-5). */
function againstPolicy(
  channel: Channel,
  { appointment }: Entrusted,
  { connection, policy, now }: RequestContext,
): RequestRejection | undefined {
  const { guardKey, bounty, validUntil } = appointment
  if (channel.asset !== policy.asset) {
    return reject('asset_not_guarded', `channels in asset ${policy.asset} are guarded here`)
  }
  if (guardKey !== connection.tower || bounty.payoutLock !== policy.payoutLock) {
    return reject('wrong_guard', 'an appointment names the key and the payout lock of this tower')
  }
  if (bounty.ppm < policy.bountyPpmMin) {
    return reject('bounty_too_low', `a bounty is at least ${policy.bountyPpmMin} ppm here`)
  }
  if (validUntil > now + policy.appointmentSecondsMax) {
    const detail = `an appointment reaches ${policy.appointmentSecondsMax} s ahead at most`
    return reject('appointment_out_of_bounds', `${detail}; ledger time is ${now}`)
  }
  return undefined
}
