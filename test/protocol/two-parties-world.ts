import assert from 'node:assert/strict'
import {
  type Amount,
  type Anchor,
  agreeToWithdraw,
  amount,
  anchorOf,
  askToResume,
  balanceProofDigest,
  type Channel,
  type ChannelParty,
  type Claim,
  channelPartyCodec,
  channelTotal,
  confirmStored,
  type Decline,
  declineItem,
  decodeTrusted,
  draftChange,
  draftDigest,
  draftedLane,
  draftOwed,
  EXPIRE_GRACE_SECONDS,
  earlierLink,
  encodeParty,
  grantResume,
  hasDraft,
  type ItemId,
  type KnownLink,
  LANE_START,
  type LaneState,
  type LaneUpdate,
  type LaneVersion,
  lapseWithdrawal,
  learnLink,
  lockedOf,
  maySign,
  newParty,
  noteOf,
  otherRole,
  type PendingItem,
  positionOf,
  type ResumeAnswer,
  type ResumeRequest,
  type RevealLookup,
  type Role,
  receiveClaim,
  receiveUpdate,
  requestWithdrawal,
  resync,
  type SignedLane,
  type SignedWithdrawal,
  seal,
  seeLedger,
  seeReveal,
  signEvidence,
  spendable,
  stakeOf,
  type Timestamp,
  takeResume,
  timestamp,
  toHex,
  type Withdrawal,
  withdrawable,
  withdrawalDigest,
  withdrawalOf,
} from '@tallystick/protocol'
import { CHAIN, type Dice, NOW, SIGNERS, testChannel } from './test-channel.js'
import { checkLaw } from './two-parties-law.js'

/*
 * Two honest parties over a network that loses, repeats and delays, with crashes at every point
 * where a process may die, on a ledger that is a list of blocks. The sides are driven as their
 * shells drive them: events change memory, one commit makes them durable, and only then anything
 * leaves. A global observer keeps everything that ever left.
 */

export const ROLES = ['client', 'hub'] as const

type Message =
  | { readonly kind: 'update'; readonly update: LaneUpdate }
  | { readonly kind: 'stored'; readonly version: number }
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'decline'; readonly decline: Decline }
  | { readonly kind: 'withdrawalAsked'; readonly withdrawn: Amount; readonly validUntil: Timestamp }
  | { readonly kind: 'withdrawal'; readonly signed: SignedWithdrawal }
  | { readonly kind: 'resumeAsked'; readonly request: ResumeRequest }
  | { readonly kind: 'resumeAnswer'; readonly answer: ResumeAnswer }

type Block = {
  readonly time: Timestamp
  readonly channel: Channel | undefined
  readonly reveal: { readonly anchor: Anchor; readonly known: KnownLink } | undefined
}

/** The newest link of a chain, `ticks` steps from its anchor: only its payee has it. */
type Secret = { readonly root: Uint8Array; readonly ticks: number; readonly payee: Role }

/** Whether a side does not use the channel before one of the two lanes has gone on (CH-18). */
export function isWaiting({ resuming, lostAt }: ChannelParty): boolean {
  return resuming !== undefined || lostAt !== undefined
}

/** One process: what it has in memory, and what a crash leaves of it. */
export class Side {
  readonly role: Role
  memory: ChannelParty
  disk: Uint8Array
  /** Blocks that it has seen. */
  seen = 0
  storedSeen = 0
  /** An old copy of the disk, and up to which block it had seen: what a loss of data leaves. */
  backup: { readonly disk: Uint8Array; readonly seen: number }
  /** What it will say once the batch is durable. */
  effects: Message[] = []

  constructor(role: Role, channel: Channel) {
    this.role = role
    this.memory = newParty(role, channel)
    this.disk = encodeParty(this.memory)
    this.backup = { disk: this.disk, seen: 0 }
  }

  /** The party as its disk has it: what a dispute is fought with. */
  get stored(): ChannelParty {
    return { ...decodeTrusted(channelPartyCodec, this.disk), draft: undefined }
  }
}

export class TwoPartiesWorld {
  readonly dice: Dice
  readonly blocks: Block[] = []
  readonly secrets = new Map<Anchor, Secret>()
  readonly reveals = new Map<Anchor, { readonly index: number; readonly time: Timestamp }>()
  /** Every state that a side ever signed and let out, by version; version 0 needs no signature. */
  readonly history: Readonly<Record<Role, SignedLane[]>> = { client: [], hub: [] }
  readonly sides: Readonly<Record<Role, Side>>
  channel: Channel
  now: Timestamp = NOW
  connected = true
  #wires: Record<Role, Message[]> = { client: [], hub: [] }
  #names = 0
  /** How often a side has lost data, and gone on. */
  losses = 0
  resumes = 0
  /** How often a payee hid proofs from a payer that had lost them. */
  lies = 0
  /** Withdrawals that the ledger has paid out. */
  withdrawals = 0

  constructor(dice: Dice) {
    this.dice = dice
    this.channel = testChannel({
      client: BigInt(dice.pick([0, 1_000, 5_000])),
      hub: BigInt(dice.pick([500, 1_000, 5_000])),
      terms: { clientPenaltyPpm: 1, hubPenaltyPpm: 1, itemAmountMin: amount(1n) },
    })
    this.sides = { client: new Side('client', this.channel), hub: new Side('hub', this.channel) }
  }

  /** Newest link of an anchor that the ledger has recorded by `notAfter`. */
  readonly revealedBy: RevealLookup = (anchor, notAfter) => {
    const known = this.reveals.get(anchor)
    return known !== undefined && known.time <= notAfter ? known.index : 0
  }

  /** One thing happens. */
  step(): void {
    const { dice } = this
    const side = this.sides[dice.pick(ROLES)]
    const roll = dice.roll(100)
    if (roll < 22) this.#batch(side, () => this.#pay(side))
    else if (roll < 62) this.#receive(side)
    else if (roll < 69) this.#batch(side, () => this.#answer(side))
    else if (roll < 72) this.#batch(side, () => this.#withdraw(side))
    else if (roll < 84) this.#produce()
    else if (roll < 92) this.#meetBlocks(side)
    else if (roll < 95) this.#disconnect()
    else if (roll < 96) this.#crash(side)
    else if (roll < 98) this.#loseData(side)
    else this.#reconnect()
    if (!this.connected && dice.chance(30)) this.#reconnect()
  }

  /** Runs `change` and commits, or dies before the commit, or after it with nothing said. */
  #batch(side: Side, change: () => void): void {
    change()
    const { memory } = side
    if (hasDraft(memory) && maySign(memory)) {
      const digest = draftDigest(CHAIN, memory)
      const others = Array.from({ length: this.dice.roll(3) }, () => this.dice.bytes(32))
      const [evidence] = signEvidence(CHAIN, SIGNERS[side.role], [digest, ...others])
      assert.ok(evidence !== undefined)
      const { party, update } = seal(memory, evidence)
      side.memory = party
      side.effects.push({ kind: 'update', update })
    }
    if (this.dice.chance(2)) return this.#crash(side)
    side.disk = encodeParty(side.memory)
    side.storedSeen = side.seen
    assert.deepEqual(side.stored, side.memory, 'INV-23 what is stored is what is in memory')
    this.#observe(side)
    if (this.dice.chance(2)) return this.#crash(side)
    const effects = side.effects.splice(0)
    for (const effect of effects) this.#say(side, effect)
  }

  #say(side: Side, message: Message): void {
    if (message.kind === 'update') {
      const { epoch, version, evidence } = message.update
      const known = this.#signed(side.role, { epoch, version })
      assert.ok(known !== undefined, 'INV-17 a proof is on disk before it leaves')
      assert.deepEqual(evidence, known.evidence, `INV-16 version ${version} has one content`)
    }
    if (this.connected) this.#wires[otherRole(side.role)].push(message)
  }

  /** INV-16, INV-18: what a disk has once held may have left, so it is what a version is for ever. */
  #observe({ role, memory, stored }: Side): void {
    const before = this.history[role].at(-1)?.lane ?? LANE_START
    const { own: lane } = stored
    const digest = (state: LaneState) =>
      toHex(balanceProofDigest(CHAIN, this.channel.id, role, state))
    const known = lane.version === 0 ? LANE_START : this.#signed(role, lane)?.lane
    if (known !== undefined) {
      assert.equal(digest(lane), digest(known), `INV-16 version ${lane.version} has one content`)
      return
    }
    const evidence = memory.unconfirmed.at(-1)?.evidence
    assert.ok(evidence !== undefined, 'what was just signed is not confirmed yet')
    this.history[role].push({ lane, evidence })
    assert.ok(lane.acked <= stored.peer.version, 'INV-19 an ack names what is on disk')
    if (lane.epoch !== before.epoch) {
      assert.ok(lane.epoch > before.epoch, 'INV-16 nothing is signed in an epoch that is over')
      return
    }
    assert.equal(lane.version, before.version + 1, 'INV-16 versions rise by one')
    assert.ok(lane.transferred >= before.transferred, 'INV-16 transferred never falls')
    assert.ok(lane.acked >= before.acked, 'INV-16 acked never falls')
    checkLaw(this, role, before, lane)
  }

  /** What a side ever signed at a version. */
  #signed(role: Role, { epoch, version }: LaneVersion): SignedLane | undefined {
    return this.history[role].find(({ lane }) => lane.epoch === epoch && lane.version === version)
  }

  /** Items that their payee ever asked to drop. */
  readonly declined = new Set<ItemId>()

  #pay(side: Side): void {
    const { dice } = this
    if (isWaiting(side.memory)) return
    for (let count = 1 + dice.roll(2); count > 0; count--) {
      const most = spendable(side.memory)
      if (most <= 0n) return
      const ticks = dice.pick([1, 1, 3])
      const unit = BigInt(1 + dice.roll(Math.ceil(Number(most) / dice.pick([1, 4, 9]))))
      const root = dice.bytes(32)
      const anchor = anchorOf(root, ticks)
      const id = (++this.#names).toString(16).padStart(32, '0') as ItemId
      const expiry = timestamp(this.nowOf(side) + 1 + dice.roll(300))
      const add = { id, anchor, unit: amount(unit), ticks, expiry, forward: undefined }
      const drafted = draftChange(side.memory, { kind: 'add', ...add }, this.nowOf(side))
      if ('kind' in drafted) {
        assert.match(drafted.code, /^(insolvent|too_many_items)$/)
        continue
      }
      this.secrets.set(anchor, { root, ticks, payee: otherRole(side.role) })
      side.memory = drafted
    }
  }

  /** As payee: claims an item, or asks to drop it. */
  #answer(side: Side): void {
    const { dice } = this
    if (isWaiting(side.memory)) return
    const { items } = side.memory.peer
    if (items.length === 0) return
    const item = dice.pick(items)
    const channel = this.channel.id
    if (dice.chance(30)) {
      const party = declineItem(side.memory, item.id)
      if ('kind' in party) return
      side.memory = party
      this.declined.add(item.id)
      side.effects.push({ kind: 'decline', decline: { channel, id: item.id, code: 'no' } })
      return
    }
    if (noteOf(side.memory, item.id).declined) return
    const known = this.#linkOf(item, item.paid + 1 + dice.roll(item.ticks - item.paid))
    const party = learnLink(side.memory, item.id, known)
    assert.ok(!('kind' in party))
    side.memory = party
    const claimed = noteOf(party, item.id).known ?? known
    side.effects.push({ kind: 'claim', claim: { channel, id: item.id, known: claimed } })
  }

  /** A client signs its word and sends it; a hub sets its money aside and asks for the client's. */
  #withdraw(side: Side): void {
    const { dice } = this
    if (isWaiting(side.memory)) return
    const most = withdrawable(side.memory, side.role)
    if (most <= 0n || side.memory.withdrawing !== undefined) return
    const taken = side.memory.ledger[side.role].withdrawn
    const withdrawn = amount(taken + (dice.chance(40) ? most : BigInt(1 + dice.roll(Number(most)))))
    const validUntil = timestamp(this.nowOf(side) + 100 + dice.roll(3_000))
    const asked = { withdrawn, validUntil }
    if (side.role === 'client') this.#agree(side, { ...asked, role: 'client' })
    else {
      const party = requestWithdrawal(side.memory, asked, this.nowOf(side))
      assert.ok(!('code' in party), 'what is withdrawable can be asked for')
      side.memory = party
      side.effects.push({ kind: 'withdrawalAsked', ...asked })
    }
  }

  /** The client's word for a withdrawal, unless its own books speak against it. */
  #agree(side: Side, agreed: Omit<Withdrawal, 'channel'>): void {
    const withdrawal = { channel: this.channel.id, ...agreed }
    const signature = SIGNERS.client.sign(withdrawalDigest(CHAIN, withdrawal))
    const signed = { withdrawal, signature }
    const party = agreeToWithdraw(CHAIN, side.memory, signed, this.nowOf(side))
    if ('code' in party) return
    side.memory = party
    side.effects.push({ kind: 'withdrawal', signed })
  }

  #linkOf({ anchor }: PendingItem, index: number): KnownLink {
    const secret = this.secrets.get(anchor)
    assert.ok(secret !== undefined)
    return { index, link: earlierLink(secret.root, secret.ticks - index) }
  }

  #receive(side: Side): void {
    const wire = this.#wires[side.role]
    const [message] = wire
    if (message === undefined) return
    // Frames of one connection keep their order; what is said again comes with a new connection.
    wire.shift()
    this.#batch(side, () => this.#hear(side, message))
  }

  #hear(side: Side, message: Message): void {
    const isAboutResumes = message.kind === 'resumeAnswer' || message.kind === 'resumeAsked'
    if (side.memory.resuming !== undefined && !isAboutResumes) return
    switch (message.kind) {
      case 'update': {
        const received = receiveUpdate(CHAIN, side.memory, message.update, this.nowOf(side))
        if (received.kind === 'rejection') {
          // A deposit, or the time behind an expiry, that this side has not seen yet: it hangs up.
          assert.match(received.code, /^(insolvent|not_expired)$/)
          assert.ok(side.seen < this.blocks.length, `${received.code}: ${received.detail}`)
          this.#disconnect()
          return
        }
        if (received.kind === 'received') side.memory = received.party
        side.effects.push({ kind: 'stored', version: side.memory.peer.version })
        return
      }
      case 'stored':
        side.memory = confirmStored(side.memory, message.version)
        return
      case 'claim': {
        const claimed = receiveClaim(side.memory, message.claim, this.nowOf(side))
        if (claimed.kind === 'rejection') assert.equal(claimed.code, 'claim_too_late')
        if (claimed.kind === 'claimed') side.memory = claimed.party
        return
      }
      case 'resumeAsked': {
        const { role } = side
        if (this.dice.chance(60)) this.#hideProofs(side)
        const { request } = message
        const granted = grantResume(CHAIN, side.memory, request, SIGNERS[role], this.nowOf(side))
        if (granted.kind === 'rejection') {
          // Asked before this side was told from where to go on itself, or too soon; it is asked again.
          assert.match(
            granted.code,
            /^(withdrawal_pending|resume_used|resume_too_soon|channel_not_usable)$/,
          )
          return
        }
        side.memory = granted.party
        if (request.lostAt !== undefined && side.memory.resuming === undefined) {
          // Who has lost data takes nothing before this lane has gone on as well.
          const asked = askToResume(side.memory, this.dice.bytes(16), undefined)
          assert.ok(!('code' in asked))
          side.memory = asked
        }
        side.effects.push({ kind: 'resumeAnswer', answer: granted.answer })
        return
      }
      case 'resumeAnswer': {
        const taken = takeResume(CHAIN, side.memory, message.answer, this.nowOf(side))
        if (taken.kind === 'rejection') {
          // Said twice, or this side has not yet seen the ledger up to what the lanes count on, or it
          // has forgotten that it gave up an item, which has to expire first.
          assert.match(taken.code, /^(resume_not_asked|insolvent|items_dropped|resume_too_soon)$/)
          return
        }
        side.memory = taken.party
        // What became public before these items were known here again is looked up.
        for (const { time, reveal } of this.blocks.slice(0, side.seen)) {
          if (reveal === undefined) continue
          side.memory = seeReveal(side.memory, { ...reveal, time }, this.nowOf(side)).party
        }
        this.resumes++
        return
      }
      case 'withdrawalAsked':
        return this.#agree(side, { ...message, role: 'hub' })
      case 'withdrawal': {
        const party = agreeToWithdraw(CHAIN, side.memory, message.signed, this.nowOf(side))
        // Refused where an item of the client is still on its way back, or it came too late.
        if (!('code' in party)) side.memory = party
        return
      }
      case 'decline': {
        const { id } = message.decline
        const pending = draftedLane(side.memory).items.some((item) => item.id === id)
        if (!pending || side.memory.owed.some((owed) => owed.id === id)) return
        const drafted = draftChange(side.memory, { kind: 'cancel', id }, this.nowOf(side))
        assert.ok(!('kind' in drafted))
        side.memory = drafted
        return
      }
    }
  }

  /** Ledger time as this side knows it. */
  nowOf(side: Side): Timestamp {
    return this.blocks[side.seen - 1]?.time ?? NOW
  }

  /** The next block: time passes; a link may become public, a deposit may arrive. */
  #produce(): void {
    const { dice } = this
    this.now = timestamp(this.now + dice.roll(dice.chance(20) ? 200 : 8))
    let reveal: Block['reveal']
    const known = this.#revealable()
    if (known.length > 0 && dice.chance(30)) {
      reveal = dice.pick(known)
      this.reveals.set(reveal.anchor, { index: reveal.known.index, time: this.now })
    }
    let channel: Channel | undefined
    if (dice.chance(5)) {
      const role = dice.pick(ROLES)
      const deposited = amount(this.channel[role].deposited + 700n)
      channel = { ...this.channel, [role]: { ...this.channel[role], deposited } }
      this.channel = channel
    }
    channel = this.#withdrawn() ?? channel
    const kept = this.sides[dice.pick(ROLES)]
    if (dice.chance(20)) kept.backup = { disk: kept.disk, seen: kept.storedSeen }
    this.blocks.push({ time: this.now, channel, reveal })
    // Nobody lags by more than a few blocks, and nobody by as much as the grace.
    for (const side of ROLES.map((role) => this.sides[role])) {
      while (this.now - this.nowOf(side) > 8 && side.seen < this.blocks.length)
        this.#meetBlock(side)
    }
  }

  /** The channel after the withdrawal that the hub, which has both words on disk, may bring now. */
  #withdrawn(): Channel | undefined {
    const agreed = withdrawalOf(this.sides.hub.stored)?.withdrawal
    if (agreed === undefined || this.now > agreed.validUntil || !this.dice.chance(60)) return
    const { role, withdrawn } = agreed
    if (withdrawn <= this.channel[role].withdrawn) return
    this.withdrawals++
    this.channel = { ...this.channel, [role]: { ...this.channel[role], withdrawn } }
    assert.ok(channelTotal(this.channel) >= 0n, 'INV-2 no more is withdrawn than there is')
    return this.channel
  }

  /** Links that a payee has on disk and may bring onto the ledger. */
  #revealable(): { readonly anchor: Anchor; readonly known: KnownLink }[] {
    return ROLES.flatMap((role) => {
      const party = this.sides[role].stored
      return party.peer.items.flatMap(({ id, anchor }) => {
        const { known } = noteOf(party, id)
        const public_ = this.reveals.get(anchor)?.index ?? 0
        return known === undefined || known.index <= public_ ? [] : [{ anchor, known }]
      })
    })
  }

  #meetBlocks(side: Side): void {
    while (side.seen < this.blocks.length) this.#meetBlock(side)
  }

  #meetBlock(side: Side): void {
    const block = this.blocks[side.seen]
    if (block === undefined) return
    const { time, channel, reveal } = block
    this.#batch(side, () => {
      // The height is part of the commit: a crash before it forgets the block as well.
      side.seen++
      if (channel !== undefined) side.memory = seeLedger(side.memory, channel, time)
      if (reveal !== undefined)
        side.memory = seeReveal(side.memory, { ...reveal, time }, time).party
      for (const item of side.memory.own.items) {
        if (time <= item.expiry + EXPIRE_GRACE_SECONDS) continue
        const drafted = draftChange(side.memory, { kind: 'expire', id: item.id }, time)
        if (!('kind' in drafted)) side.memory = drafted
      }
      side.memory = draftOwed(lapseWithdrawal(side.memory, time), time)
    })
  }

  /** A power cut: memory and everything on the wire is gone, the disk stays. */
  #crash(side: Side): void {
    side.memory = side.stored
    side.seen = side.storedSeen
    side.effects = []
    this.#disconnect()
  }

  /** The disk is gone: an old copy is put in its place, or all but the keys is lost. */
  #loseData(side: Side): void {
    const { dice } = this
    // Two sides that have both lost data cannot help each other: one of them has to close.
    if (isWaiting(this.sides[otherRole(side.role)].stored)) return
    if (dice.chance(50)) {
      side.disk = side.backup.disk
      side.storedSeen = side.backup.seen
    } else side.disk = encodeParty(newParty(side.role, side.stored.ledger))
    this.#crash(side)
    const asked = askToResume(side.memory, dice.bytes(16), this.now)
    assert.ok(!('code' in asked))
    side.memory = asked
    side.disk = encodeParty(asked)
    this.losses++
  }

  /** A payee that lies: it goes back to an older proof, and keeps the newer ones for a dispute. */
  #hideProofs(side: Side): void {
    const { own, peer, resuming, grantedResume } = side.memory
    if (resuming !== undefined || (grantedResume?.point.epoch ?? 0) > peer.epoch) return
    if (side.memory.lostAt !== undefined) return
    const older = this.history[otherRole(side.role)].filter(
      ({ lane }) =>
        lane.epoch === peer.epoch && lane.version < peer.version && lane.version >= own.acked,
    )
    if (older.length === 0) return
    const { lane, evidence } = this.dice.pick(older)
    side.memory = { ...side.memory, peer: lane, peerEvidence: evidence, incoming: [] }
    this.lies++
  }

  #disconnect(): void {
    this.connected = false
    this.#wires = { client: [], hub: [] }
  }

  /** Both sides tell where they stand and say again what the other has missed. */
  #reconnect(): void {
    if (this.connected) this.#disconnect()
    this.connected = true
    const positions = {
      client: positionOf(this.sides.client.stored),
      hub: positionOf(this.sides.hub.stored),
    }
    for (const role of ROLES) {
      const side = this.sides[role]
      const { resuming: nonce, lostAt } = side.memory
      if (nonce !== undefined) {
        const request = { nonce, lostAt }
        this.#batch(side, () => side.effects.push({ kind: 'resumeAsked', request }))
        if (!this.connected) return
        continue
      }
      if (this.sides[otherRole(role)].stored.resuming !== undefined) continue
      const synced = resync(side.memory, positions[otherRole(role)])
      if (synced.kind === 'rejection') assert.fail(`${synced.code}: ${synced.detail}`)
      this.#batch(side, () => {
        side.memory = synced.party
        const said = withdrawalOf(side.memory)
        if (role === 'client' && said !== undefined) {
          side.effects.push({ kind: 'withdrawal', signed: said })
        }
        const repeats = this.dice.chance(20) ? 2 : 1
        for (let times = 0; times < repeats; times++) {
          for (const update of synced.updates) side.effects.push({ kind: 'update', update })
          for (const claim of synced.claims) side.effects.push({ kind: 'claim', claim })
          for (const decline of synced.declines) side.effects.push({ kind: 'decline', decline })
        }
      })
      if (!this.connected) return
    }
  }

  /** What holds between any two things that happen. */
  check(): void {
    const { client, hub } = { client: this.sides.client.stored, hub: this.sides.hub.stored }
    for (const [own, other] of [
      [client, hub],
      [hub, client],
    ] as const) {
      if (isWaiting(own) || isWaiting(other)) continue
      assert.ok(own.peer.acked <= own.own.version, 'INV-19 nobody acks what was not sent')
      assert.ok(own.own.acked <= own.peer.version, 'INV-19 an ack names what is on disk')
      assert.ok(own.peer.version <= other.own.version, 'what is held was signed')
      const means = stakeOf(own, own.role) + own.peer.transferred
      assert.ok(own.own.transferred + lockedOf(own.own) <= means, 'CH-6.2 a lane is solvent')
    }
  }
}
