import assert from 'node:assert/strict'
import {
  type Anchor,
  type Challenge,
  type Channel,
  type ChannelNumber,
  type ChannelParty,
  type ClosingChannel,
  earlierLink,
  encodeParty,
  isClosing,
  type KnownLink,
  type LaneState,
  type PendingItem,
  type Role,
  type SignedLane,
  type SignedResume,
} from '@tallystick/protocol'
import { NOW } from '../protocol/test-channel.js'
import type { ExploredLedger } from './explored-ledger.js'

/** All that a dispute over one channel depends on. */
export type Position = {
  readonly honest: Role
  /** The honest side as its disk has it. */
  readonly party: ChannelParty
  /** Everything that the honest side ever signed of its lane, and how much of it the peer has. */
  readonly signed: readonly SignedLane[]
  readonly given: number
  /** Proofs of the peer that the honest side or its guards have. */
  readonly taken: readonly SignedLane[]
  /** Resumes of the peer's lane that the honest side has signed. */
  readonly resumes: readonly SignedResume[]
  /** What the honest side held when it lost data; absent: nothing is lost, or all of it is back. */
  readonly atLoss: ChannelParty | undefined
  readonly ledger: ExploredLedger
  /** Links that the peer may make public, the newest of each anchor. */
  readonly secrets: ReadonlyMap<Anchor, KnownLink>
}

/** Which link of each anchor the peer reveals in the end; 0: none. */
export type Future = ReadonlyMap<Anchor, number>

/** The channel of the position as the ledger has it. */
export function channelOf({ ledger, party }: Position): Channel {
  const channel = ledger.channels.get(party.ledger.number)
  assert.ok(channel !== undefined, 'the ledger has the channel')
  return channel
}

/** The channel whose dispute runs. */
export function closingOf(ledger: ExploredLedger, number: ChannelNumber): ClosingChannel {
  const channel = ledger.channels.get(number)
  assert.ok(channel !== undefined && isClosing(channel), 'the channel is closing')
  return channel
}

/** The link at `index` of the chain that `secret` shows. */
export function linkAt(secret: KnownLink, index: number): KnownLink {
  return { index, link: earlierLink(secret.link, secret.index - index) }
}

/** Whether the honest side has to hear from the other before it uses the channel (CH-18). */
export function isWaiting({ resuming, lostAt }: ChannelParty): boolean {
  return resuming !== undefined || lostAt !== undefined
}

/** What disputes depend on of a party: all that it stores but its queues. */
export function partyName(party: ChannelParty): string {
  const stored = { ...party, unconfirmed: [], ackDue: false }
  return Buffer.from(encodeParty(stored)).toString('latin1')
}

const names = new WeakMap<LaneState, string>()

/** A lane in a few characters, different for different lanes. */
export function laneName(lane: LaneState): string {
  const known = names.get(lane)
  if (known !== undefined) return known
  const { epoch, resumeNonce, version, acked, transferred, items } = lane
  const nonce = resumeNonce === undefined ? '' : `/${resumeNonce[0]}`
  const name = `${epoch === 0 ? 0 : epoch - NOW}${nonce}.${version} acks ${acked} paid ${transferred}${itemsName(items)}`
  names.set(lane, name)
  return name
}

export function itemsName(items: readonly PendingItem[]): string {
  return items
    .map(({ id, anchor, unit, ticks, paid, expiry }) => {
      const more = paid === 0 ? '' : `-${paid}`
      return ` +${id.slice(-2)}(${unit}x${ticks}${more} ${anchor.slice(0, 4)} ${expiry % 10_000})`
    })
    .join('')
}

/** What a challenge shows, for traces. */
export function challengeName({ proof, own, resume, guard }: Challenge): string {
  return [
    proof && laneName(proof.lane),
    own && `own lane ${laneName(own)}`,
    resume && `the resume of epoch ${resume.point.epoch - NOW}`,
    guard && 'by a guard',
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}
