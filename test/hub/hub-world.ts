import assert from 'node:assert/strict'
import {
  type Anchor,
  amount,
  applyChange,
  askToResume,
  balanceProofDigest,
  type Change,
  type ChannelId,
  type ChannelParty,
  confirmStored,
  declineItem,
  type HubPolicy,
  isRejection,
  keyLock,
  type LaneState,
  type LaneUpdate,
  lockRoot,
  type Message,
  newParty,
  type PublicKey,
  positionOf,
  RESUME_NONCE_BYTES,
  receiveUpdate,
  type Signer,
  signEvidence,
  type Timestamp,
  takeResume,
  timestamp,
  verifyEvidence,
} from '@tallystick/protocol'
import { booksBalance } from '#hub/core/balance-books.js'
import type { HubEffect } from '#hub/core/hub-effect.js'
import type { HubEvent, LedgerEvent, PeerEvent } from '#hub/core/hub-event.js'
import { HubState } from '#hub/core/hub-state.js'
import { closeOffers, type HubContext, stepPeer } from '#hub/core/hub-step.js'
import { HubOverlay } from '#hub/core/hub-view.js'
import { stepLedger } from '#hub/core/ledger-step.js'
import type { Payment } from '#hub/core/payment.js'
import { draftedChannels, sealBatch } from '#hub/core/seal-batch.js'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  evidenceOf,
  itemId,
  NOW,
  SIGNERS,
  TERMS,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'

/** 10 base units and a thousandth, rounded up: 11 for a payment of 1,000. */
export const POLICY: HubPolicy = {
  asset: 0,
  payoutLock: lockRoot(keyLock(SIGNERS.hub.publicKey)),
  terms: TERMS,
  feeBase: amount(10n),
  feePpm: 1_000,
  inboundMax: amount(1_000_000n),
}

export type WorldSetup = {
  readonly client?: bigint
  readonly hub?: bigint
  readonly itemsMax?: number
}

/** A client that signs what it is told to, right or wrong, and remembers what the hub has sent. */
export class TestClient {
  readonly channel: ChannelId
  readonly signer: Signer
  readonly identity: PublicKey
  party: ChannelParty
  readonly heard: Message[] = []

  constructor(party: ChannelParty, signer: Signer, identity: PublicKey) {
    this.channel = party.ledger.id
    this.party = party
    this.signer = signer
    this.identity = identity
  }

  /** Its next update with these changes, acking `acked` or all that it holds, by no rule at all. */
  signs(changes: readonly Change[], acked = this.party.peer.version): LaneUpdate {
    const { own, ownResume } = this.party
    const [epoch, resumeNonce] = [ownResume?.point.epoch ?? 0, ownResume?.point.nonce]
    let lane: LaneState = { ...own, epoch, resumeNonce, version: own.version + 1, acked }
    for (const change of changes) {
      const next = applyChange(lane, change)
      if (!isRejection(next)) lane = next as LaneState
    }
    const digest = balanceProofDigest(CHAIN, this.channel, 'client', lane)
    this.party = { ...this.party, own: lane }
    const { version } = lane
    return {
      channel: this.channel,
      epoch,
      version,
      acked,
      changes,
      evidence: evidenceOf(digest, this.signer),
    }
  }

  hear(message: Message, now: Timestamp): void {
    this.heard.push(message)
    if (message.kind === 'stored') this.party = confirmStored(this.party, message.version)
    // Who asked from where to go on hears nothing before (CH-18).
    if (message.kind !== 'update' || this.party.resuming !== undefined) return
    const { kind: _, ...update } = message
    const received = receiveUpdate(CHAIN, this.party, update, now)
    if (received.kind === 'rejection') assert.fail(`the hub broke a rule: ${received.code}`)
    if (received.kind === 'received') this.party = received.party
  }

  /** Declines that the hub has sent, in order. */
  get declines(): string[] {
    return this.heard.flatMap((message) => (message.kind === 'decline' ? [message.code] : []))
  }
}

/** The hub's core as its pipeline drives it, with a journal that is a map. */
export class HubWorld {
  readonly state: HubState
  readonly payments = new Map<Anchor, Payment>()
  readonly reveals = new Set<Anchor>()
  readonly clients: TestClient[] = []
  readonly policy: HubPolicy
  now: Timestamp = NOW
  /** Batches so far: each has a nonce of its own. */
  batches = 0
  restoredTime: Timestamp | undefined

  constructor(setups: readonly WorldSetup[]) {
    const itemsMax = setups[0]?.itemsMax ?? TERMS.itemsMax
    this.policy = { ...POLICY, terms: { ...TERMS, itemsMax } }
    this.state = new HubState([])
    for (const [i, { client = 10_000n, hub = 10_000n }] of setups.entries()) {
      const signer = testSigner(20 + i)
      const keys = { client: signer, hub: SIGNERS.hub }
      const channel = testChannel({ client, hub, number: i + 1, keys, terms: this.policy.terms })
      const identity = testSigner(60 + i).publicKey
      this.clients.push(new TestClient(newParty('client', channel), signer, identity))
      this.ledger({ kind: 'channelSeen', channel })
    }
    for (const client of this.clients) this.attach(client)
  }

  client(number: number): TestClient {
    return this.clients[number] ?? assert.fail(`there is a client ${number}`)
  }

  /** The hub's side of a client's channel. */
  hubParty({ channel }: TestClient): ChannelParty {
    return this.state.channel(channel)?.party ?? assert.fail('the hub has the channel')
  }

  attach(client: TestClient): readonly HubEffect[] {
    const position = positionOf(client.party)
    return this.peer({ kind: 'attached', owner: client.identity, position })
  }

  peer(...events: readonly PeerEvent[]): readonly HubEffect[] {
    return this.#batch(events, (state, event, context) => stepPeer(state, event, context))
  }

  ledger(...events: readonly LedgerEvent[]): readonly HubEffect[] {
    return this.#batch(events, (state, event, context) => stepLedger(state, event, context))
  }

  /** The client's lane goes on from a resume as well, as a hub that lost data demands (CH-18). */
  restart(client: TestClient): readonly HubEffect[] {
    this.now = timestamp(this.now + 1)
    const nonce = new Uint8Array(16).fill(client.party.own.version + 50)
    client.party = accepted(askToResume(client.party, nonce, undefined)) as ChannelParty
    const granted = this.attach(client)
    const answered = granted.find(
      (effect) => effect.kind === 'send' && effect.message.kind === 'resumeAnswer',
    )
    assert.ok(answered?.kind === 'send' && answered.message.kind === 'resumeAnswer')
    const { answer } = answered.message
    client.party = accepted(takeResume(CHAIN, client.party, answer, this.now)).party
    return [...granted, ...this.attach(client), ...this.update(client)]
  }

  /** Ledger time moves on by `seconds`. */
  wait(seconds: number): readonly HubEffect[] {
    this.now = (this.now + seconds) as Timestamp
    return this.ledger({ kind: 'timePassed' })
  }

  #batch<E extends HubEvent>(
    events: readonly E[],
    step: (state: HubOverlay, event: E, context: HubContext) => HubEffect[],
  ): readonly HubEffect[] {
    const context: HubContext = {
      chainId: CHAIN,
      policy: this.policy,
      now: this.now,
      signer: SIGNERS.hub,
      verify: verifyEvidence,
      nonce: new Uint8Array(RESUME_NONCE_BYTES).fill(++this.batches),
      restoredTime: this.restoredTime,
    }
    this.state.preload(this.payments.values(), this.reveals)
    const overlay = new HubOverlay(this.state)
    const effects = events.flatMap((event) => step(overlay, event, context))
    const { channels, digests } = draftedChannels(overlay, CHAIN)
    const evidence = digests.length === 0 ? [] : signEvidence(CHAIN, SIGNERS.hub, digests)
    effects.push(...sealBatch(overlay, channels, evidence))
    booksBalance(this.state, overlay)
    const writes = overlay.writes()
    effects.push(...closeOffers(writes.channels.values(), context))
    // Its payments are in the map alone, so that a test can take them away.
    this.state.apply({ ...writes, payments: new Map() })
    for (const anchor of writes.reveals) this.reveals.add(anchor)
    for (const payment of writes.payments.values()) this.payments.set(payment.anchor, payment)
    for (const effect of effects) {
      if (effect.kind !== 'send') continue
      const client = this.clients.find(({ channel }) => channel === effect.channel)
      client?.hear(effect.message, this.now)
    }
    return effects
  }

  /** `client` signs `changes` and the hub takes them. */
  update(client: TestClient, ...changes: readonly Change[]): readonly HubEffect[] {
    return this.peer({ kind: 'update', update: client.signs(changes) })
  }

  /** `from` asks to pay `to` with item `name`. */
  pay(from: TestClient, to: TestClient, name: number, change: PayChange = {}) {
    return this.update(from, payment(to, name, change))
  }

  claim(client: TestClient, id: ReturnType<typeof itemId>, link: Uint8Array): readonly HubEffect[] {
    const known = { index: 1, link }
    return this.peer({ kind: 'claim', claim: { channel: client.channel, id, known } })
  }

  /** The client asks the hub to drop its newest item. */
  decline(client: TestClient): ReturnType<typeof itemId> {
    const item = client.party.peer.items.at(-1) ?? assert.fail('the hub has promised something')
    const declined = declineItem(client.party, item.id)
    assert.ok(!('kind' in declined))
    client.party = declined
    const decline = { channel: client.channel, id: item.id, code: 'no' }
    this.peer({ kind: 'decline', decline })
    return item.id
  }

  /** What the hub owns on all channels if nothing that is pending were paid. */
  get settledValue(): bigint {
    return [...this.state.channels()].reduce((sum, { party }) => {
      const { hub } = party.ledger
      return sum + hub.deposited + party.peer.transferred - party.own.transferred
    }, 0n)
  }
}

export type PayChange = {
  readonly value?: bigint
  readonly fee?: bigint
  readonly expiry?: number
  readonly ticks?: number
}

/** 1,000 base units for `to` and a fee of 11 by an item of 600 seconds, unless told otherwise. */
export function payment(
  to: Pick<TestClient, 'identity'>,
  name: number,
  change: PayChange = {},
): Change {
  const { value = 1_000n, fee = 11n, expiry = 600, ticks = 1 } = change
  const forward = { payee: to.identity, amount: amount(value) }
  return { ...addItem(name, { unit: value + fee, expiry, ticks }), forward }
}

/** Kinds of the messages among effects, `channel number:kind`. */
export function sent(effects: readonly HubEffect[]): string[] {
  return effects.map((effect) => {
    const channel = Number.parseInt(effect.channel, 16)
    if (effect.kind === 'send') return `${channel}:${effect.message.kind}`
    return effect.kind === 'endSession' ? `${channel}:!${effect.code}` : `${channel}:${effect.kind}`
  })
}

export { at, itemId }
