import {
  type Anchor,
  amount,
  balanceProofDigest,
  type ChangeOf,
  type Channel,
  type ChannelParty,
  type ChannelTerms,
  channelPartyCodec,
  decodeTrusted,
  draftDigest,
  EXPIRY_SLACK_SECONDS,
  encodeParty,
  hasDraft,
  isClosing,
  type KnownLink,
  type LaneState,
  maySign,
  newParty,
  type Role,
  type SignedAgreement,
  type SignedLane,
  type SignedResume,
  type SignedWithdrawal,
  seal,
  toHex,
} from '@tallystick/protocol'
import {
  addItem,
  anchorFor,
  CHAIN,
  evidenceOf,
  NOW,
  preimage,
  SIGNERS,
  testChannel,
} from '../protocol/test-channel.js'
import type { GameRules } from './dispute-game.js'
import { laneName } from './dispute-position.js'
import { type ExploredLedger, newLedger } from './explored-ledger.js'
import { checkLaw } from './lane-law.js'
import { Violation } from './search.js'

/** An item that may be promised: what it pays, and when its time is over, seconds from the start. */
export type ItemShape = {
  readonly name: number
  readonly unit: bigint
  readonly ticks: number
  readonly expiry: number
}

/** What happens in one world of one honest side and a peer that does as it likes. */
export type ChannelScope = {
  readonly name: string
  readonly about: string
  readonly honest: Role
  readonly deposits: Readonly<Record<Role, bigint>>
  readonly terms: Partial<ChannelTerms>
  /** How many proofs each side signs at most. */
  readonly versions: { readonly own: number; readonly peer: number }
  readonly items: { readonly own: readonly ItemShape[]; readonly peer: readonly ItemShape[] }
  /** Ledger times after the start, seconds from it. */
  readonly times: readonly number[]
  readonly game: GameRules
  /** Whether processes die between any two effects. */
  readonly crashes: boolean
  readonly withdrawals: boolean
  readonly closes: boolean
  /** How often the honest side loses its data, and how many resumes it grants the peer. */
  readonly losses: number
  readonly grants: number
  /** Whether the peer says nothing more once data is lost: who lost it can only leave. */
  readonly silent: boolean
  /** Whether either side may close, and the other go on as if it had not seen it. */
  readonly leaves: boolean
}

export type ChannelState = {
  /** The honest side as its disk has it; memory holds nothing else between two events. */
  readonly party: ChannelParty
  /** All that it ever signed of its lane, and how much of that has left. */
  readonly signed: readonly SignedLane[]
  readonly given: number
  readonly connected: boolean
  readonly ledger: ExploredLedger
  /** Words of the honest side that the peer may use until they lapse. */
  readonly agreements: readonly SignedAgreement[]
  readonly withdrawals: readonly SignedWithdrawal[]
  readonly resumes: readonly SignedResume[]
  /** Proofs of the peer that it took, the newest last; older ones where guards keep them. */
  readonly taken: readonly SignedLane[]
  /** An old copy of the disk. */
  readonly backup: ChannelParty | undefined
  /** What its disk held when data was lost; absent: nothing is lost, or all of it is back. */
  readonly atLoss: ChannelParty | undefined
  readonly losses: number
  /** How many resumes the honest side has asked for. */
  readonly asked: number
}

/** Base units are few here: one part per million of them is nothing (INV-5). */
export const NO_PENALTY = { clientPenaltyPpm: 1, hubPenaltyPpm: 1 } as const
export const FULL_PENALTY = { clientPenaltyPpm: 1_000_000, hubPenaltyPpm: 1_000_000 } as const

const TERMS: Partial<ChannelTerms> = {
  disputeWindowSeconds: 10,
  unsureWindowSeconds: 20,
  itemsMax: 2,
  expirySecondsMax: 100_000,
  itemAmountMin: amount(1n),
  exitReserve: amount(0n),
}

/** A channel that was just opened, with these terms above the usual ones of a small scope. */
export function smallChannel(
  deposits: Readonly<Record<Role, bigint>>,
  terms: Partial<ChannelTerms>,
  number = 7,
): Channel {
  return testChannel({ ...deposits, number, terms: { ...TERMS, ...terms } })
}

export function startOf({ honest, deposits, terms }: ChannelScope): ChannelState {
  const channel = smallChannel(deposits, terms)
  return {
    party: newParty(honest, channel),
    signed: [],
    given: 0,
    connected: true,
    ledger: newLedger(NOW, [channel]),
    agreements: [],
    withdrawals: [],
    resumes: [],
    taken: [],
    backup: undefined,
    atLoss: undefined,
    losses: 0,
    asked: 0,
  }
}

/** Two states of one name behave alike: all that is kept, known or signed is part of it. */
export function stateName(state: ChannelState): string {
  const { party, signed, given, connected, ledger, backup, losses, taken, atLoss } = state
  const channel = ledger.channels.get(party.ledger.number)
  return [
    bytesName(party),
    ...[backup, atLoss].map((copy) => (copy === undefined ? '' : bytesName(copy))),
    ...[given, connected, losses, state.asked, ledger.time],
    ...[channel?.client.withdrawn, channel?.hub.withdrawn, channel?.status.kind],
    ...signed.map(({ lane }) => laneName(lane)),
    ...taken.map(({ lane }) => laneName(lane)),
    ...[...ledger.reveals].map(([anchor, steps]) => {
      return `${anchor}${steps.map(({ index, time }) => `${index}@${time}`)}`
    }),
    ...state.agreements.map(({ agreement: { clientPayout, validUntil } }) => {
      return `close ${clientPayout} ${validUntil}`
    }),
    ...state.withdrawals.map(({ withdrawal: { role, withdrawn, validUntil } }) => {
      return `${role} ${withdrawn} ${validUntil}`
    }),
    ...state.resumes.map(({ point }) => `${point.epoch} ${point.nonce[0]}`),
  ].join('|')
}

function bytesName(party: ChannelParty): string {
  return Buffer.from(encodeParty(party)).toString('latin1')
}

/** What a process that starts again reads. */
export function reloaded(party: ChannelParty): ChannelParty {
  return { ...decodeTrusted(channelPartyCodec, encodeParty(party)), draft: undefined }
}

/** The state once the honest side has signed what it drafted and stored that; nothing has left. */
export function committed(state: ChannelState, changed: ChannelParty): ChannelState {
  const sealed = signedIf(changed)
  const party = { ...(sealed?.party ?? changed), draft: undefined }
  const atLoss = party.lostAt === undefined ? undefined : state.atLoss
  if (sealed === undefined) return { ...state, party, atLoss }
  observe(state, party, sealed.signed.lane)
  return { ...state, party, atLoss, signed: [...state.signed, sealed.signed] }
}

function signedIf(party: ChannelParty) {
  if (!hasDraft(party) || !maySign(party)) return undefined
  const evidence = evidenceOf(draftDigest(CHAIN, party), SIGNERS[party.role])
  const sealed = seal(party, evidence)
  return { party: sealed.party, signed: { lane: sealed.party.own, evidence } }
}

/** INV-6, INV-16 and INV-19, on every signature that the honest side ever makes. */
function observe({ signed, ledger }: ChannelState, party: ChannelParty, lane: LaneState): void {
  const digest = (state: LaneState) =>
    toHex(balanceProofDigest(CHAIN, party.ledger.id, party.role, state))
  // What followed another resume, also one of the same epoch, does not count beside this (DSP-10).
  const [resume, ...older] = [lane, ...signed.map((other) => other.lane)].map(
    ({ epoch, resumeNonce }) => `${epoch}/${resumeNonce}`,
  )
  if (signed.some((other) => other.lane.epoch > lane.epoch)) {
    throw new Violation(`INV-16 signs in an epoch before one of its own: ${laneName(lane)}`)
  }
  const history = signed.filter((_, i) => older[i] === resume)
  const same = history.find((other) => other.lane.version === lane.version)
  if (same !== undefined && digest(same.lane) !== digest(lane)) {
    throw new Violation(`INV-16 two contents of one version: ${laneName(lane)}`)
  }
  if (lane.acked > party.peer.version) {
    throw new Violation(`INV-19 an ack names what is not on disk: ${laneName(lane)}`)
  }
  const channel = ledger.channels.get(party.ledger.number)
  if (channel === undefined || isClosing(channel)) {
    throw new Violation(`CH-6.6 signs on a channel that is closing: ${laneName(lane)}`)
  }
  const before = history.at(-1)?.lane
  if (before === undefined) return
  if (lane.transferred < before.transferred || lane.acked < before.acked) {
    throw new Violation(`INV-16 falls from ${laneName(before)} to ${laneName(lane)}`)
  }
  checkLaw(before, lane, ledger, ({ id }) =>
    party.cancelling.some((cancelled) => cancelled.id === id && cancelled.version === lane.version),
  )
}

/** INV-6 on every proof of the peer that the honest side takes. */
export function observeTaken(state: ChannelState, next: ChannelParty): void {
  const { party, ledger } = state
  const { peer } = party
  if (next.peer.version !== peer.version + 1) {
    throw new Violation(`CH-6.1 takes ${laneName(next.peer)} after ${laneName(peer)}`)
  }
  if (next.peer.epoch < (party.grantedResume?.point.epoch ?? 0)) {
    throw new Violation(`CH-18 takes a proof of an epoch that it gave up: ${laneName(next.peer)}`)
  }
  const { itemsMax, itemAmountMin, expirySecondsMax } = party.ledger.terms
  const isBounded = next.peer.items.every(
    ({ unit, ticks, expiry }) =>
      unit * BigInt(ticks) >= itemAmountMin &&
      expiry <= ledger.time + expirySecondsMax + EXPIRY_SLACK_SECONDS,
  )
  if (!isBounded || next.peer.items.length > itemsMax) {
    throw new Violation(`CH-6.4 takes an item beyond the terms: ${laneName(next.peer)}`)
  }
  checkLaw(peer, next.peer, ledger, ({ id }) =>
    party.incoming.some((note) => note.id === id && note.declined),
  )
  if (next.peer.acked > party.own.version) {
    throw new Violation(`INV-19 acks what was never sent: ${laneName(next.peer)}`)
  }
}

/** The change that adds an item. */
export function adds({ name, unit, ticks, expiry }: ItemShape): ChangeOf<'add'> {
  return addItem(name, { unit, ticks, expiry })
}

/** The newest link of each item that its payee knows. */
export function secretsOf(items: readonly ItemShape[]): ReadonlyMap<Anchor, KnownLink> {
  return new Map(
    items.map(({ name, ticks }) => [
      anchorFor(name, ticks),
      { index: ticks, link: preimage(name) },
    ]),
  )
}
