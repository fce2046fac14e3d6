import {
  type Channel,
  type ChannelId,
  channelCodec,
  type Decoded,
  decodeTrusted,
  type Entrusted,
  encode,
  entrustedCodec,
  invariant,
  type Role,
  struct,
} from '@tallystick/protocol'

const appointmentRecordCodec = struct({ channel: channelCodec, entrusted: entrustedCodec })

/** What a tower keeps of one side of one channel: constant, whatever happens on it (INV-49). */
export type AppointmentRecord = Decoded<typeof appointmentRecordCodec>

/**
 * The largest record, bytes: 64 items on either lane, both under batch signatures, and a resume.
 * Without items and batches it has about 530.
 */
export const RECORD_BYTES_MAX = 10_435

/** Names the side of a channel that a record is of; a key of maps. */
export type RecordName = `${ChannelId}:${Role}`

export function recordName({
  channel,
  owner,
}: {
  readonly channel: ChannelId
  readonly owner: Role
}): RecordName {
  return `${channel}:${owner}`
}

export function encodeRecord(record: AppointmentRecord): Uint8Array {
  const bytes = encode(appointmentRecordCodec, record)
  invariant(bytes.length <= RECORD_BYTES_MAX, `a record has at most ${RECORD_BYTES_MAX} bytes`)
  return bytes
}

export function decodeRecord(bytes: Uint8Array): AppointmentRecord {
  return decodeTrusted(appointmentRecordCodec, bytes)
}

/** A record of a channel that the ledger has proved: of a dispute only that it may come is kept. */
export function recordOf(channel: Channel, entrusted: Entrusted): AppointmentRecord {
  return { channel: { ...channel, status: { kind: 'open' } }, entrusted }
}
