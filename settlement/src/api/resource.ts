import {
  type BlockHeader,
  blockHeaderCodec,
  bountyOf,
  type Certificate,
  type Channel,
  type Closing,
  certificateCodec,
  channelCodec,
  coinCodec,
  decodeTrusted,
  encode,
  encodeStateProof,
  outpointCodec,
  toHex,
} from '@tallystick/protocol'
import type { PlacesPage } from '../node/checked-index.js'
import type { ProvenValue } from '../node/proven-value.js'
import type { StoredBlock, StoredEntry, StoredHandover } from '../store/ledger-store.js'

/** Lower-case hex; the runtime's own is much faster than the portable one on whole blocks. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function headerResource(header: BlockHeader, certificate: Certificate | undefined) {
  return {
    height: header.height,
    header: hexOf(encode(blockHeaderCodec, header)),
    certificate: certificate === undefined ? null : hexOf(encode(certificateCodec, certificate)),
  }
}

export function blockResource({ height, bytes }: StoredBlock) {
  return { height, block: hexOf(bytes) }
}

export function handoverResource({ activationHeight, bytes }: StoredHandover) {
  return { activation_height: activationHeight, handover: hexOf(bytes) }
}

/** An entry, or that there is none, with all that somebody who trusts nobody needs. */
export function entryResource({ tip, value, proof }: ProvenValue) {
  return {
    ...headerResource(tip.header, tip.certificate),
    value: value === undefined ? null : hexOf(value),
    proof: hexOf(encodeStateProof(proof)),
  }
}

/** A coin in a list, without proof. */
export function coinResource({ entryKey, value }: StoredEntry) {
  const { txId, index } = decodeTrusted(outpointCodec, entryKey)
  const { asset, amount, lock, createdTime } = decodeTrusted(coinCodec, value)
  return { tx_id: txId, index, asset, amount: amount.toString(), lock, created_time: createdTime }
}

/** A channel in a list, without proof. */
export function channelResource({ value }: StoredEntry) {
  const channel: Channel = decodeTrusted(channelCodec, value)
  const { number, id, asset, openedTime, status } = channel
  const side = ({ key, deposited, withdrawn, feesPaid, payoutLock }: Channel['client']) => ({
    key,
    deposited: deposited.toString(),
    withdrawn: withdrawn.toString(),
    fees_paid: feesPaid.toString(),
    payout_lock: payoutLock,
  })
  return {
    ...{ number, id, asset, opened_time: openedTime },
    client: side(channel.client),
    hub: side(channel.hub),
    dispute_window_seconds: channel.terms.disputeWindowSeconds,
    unsure_window_seconds: channel.terms.unsureWindowSeconds,
    status: status.kind,
    ...(status.kind === 'closing' && disputeResource(status)),
  }
}

/** What a dispute has come to: who is penalized, and whom that would pay a bounty. */
function disputeResource(closing: Closing) {
  const { by, deadline, penalized } = closing
  const bounty = penalized ? bountyOf(closing) : undefined
  return {
    ...{ closing_by: by, deadline, penalized },
    bounty: bounty === undefined ? null : { ppm: bounty.ppm, payout_lock: bounty.payoutLock },
  }
}

/** One page of transactions. */
export function placesResource({ places, hasMore }: PlacesPage) {
  const last = places.at(-1)
  const next = hasMore && last !== undefined ? `${last.height}-${last.position}` : null
  return { data: [...places], has_more: next !== null, next }
}

/** One page of a list; `found` holds one item more than `limit` when there are more. */
export function pageResource<T>(
  found: readonly StoredEntry[],
  limit: number,
  resource: (entry: StoredEntry) => T,
) {
  const shown = found.slice(0, limit)
  const hasMore = found.length > limit
  const last = shown.at(-1)
  return {
    data: shown.map(resource),
    has_more: hasMore,
    next: hasMore && last !== undefined ? toHex(last.key) : null,
  }
}
