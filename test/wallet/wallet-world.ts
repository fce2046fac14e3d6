import assert from 'node:assert/strict'
import {
  type Amount,
  amount,
  type Change,
  type ChannelId,
  type ChannelParty,
  confirmStored,
  draftDigest,
  hasDraft,
  isRejection,
  type Message,
  maySign,
  newParty,
  type PublicKey,
  RESUME_NONCE_BYTES,
  type Rejection,
  receiveUpdate,
  seal,
  signEvidence,
  type Timestamp,
} from '@tallystick/protocol'
import type { StreamTerms } from '#client-sdk/wallet/receive-stream.js'
import type { WalletEffect, WalletEvent } from '#client-sdk/wallet/wallet-event.js'
import type { InvoiceRecord, PaymentRecord } from '#client-sdk/wallet/wallet-records.js'
import { WalletOverlay, WalletState } from '#client-sdk/wallet/wallet-state.js'
import { stepWallet, type WalletContext } from '#client-sdk/wallet/wallet-step.js'
import {
  accepted,
  anchorFor,
  at,
  CHAIN,
  type ChannelSetup,
  itemId,
  NOW,
  preimage,
  SIGNERS,
  signed,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'
import { pendingPayment } from './pending-payment.js'

export const PAYEE: PublicKey = testSigner(9).publicKey

/** A wallet's core with its committed state, and the hub's side of its only channel. */
export class WalletWorld {
  readonly state = new WalletState()
  /** What the store holds, `kind/key`. */
  readonly stored = new Map<string, Uint8Array>()
  readonly channel: ChannelId
  hub: ChannelParty
  now: Timestamp = NOW
  /** Which streams it lets come. */
  streams: StreamTerms | undefined
  /** Events so far: each has a nonce of its own. */
  events = 0
  /** Effects of the last batch. */
  effects: readonly WalletEffect[] = []

  constructor(setup: ChannelSetup = {}) {
    const channel = testChannel(setup)
    this.channel = channel.id
    this.hub = newParty('hub', channel)
    this.does({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
  }

  get party(): ChannelParty {
    return this.state.channel(this.channel)?.party ?? assert.fail('the wallet has the channel')
  }

  /** One batch: decided, signed, stored, and what it says heard by the hub. */
  does(...events: readonly WalletEvent[]): readonly Rejection[] {
    const overlay = new WalletOverlay(this.state)
    const effects: WalletEffect[] = []
    const refused: Rejection[] = []
    for (const event of events) {
      const outcome = stepWallet(overlay, event, this.#context())
      if (isRejection(outcome)) refused.push(outcome as Rejection)
      else effects.push(...(outcome as WalletEffect[]))
    }
    for (const held of overlay.written()) {
      const { party } = held
      if (!hasDraft(party) || !maySign(party)) continue
      const [evidence] = signEvidence(CHAIN, SIGNERS.client, [draftDigest(CHAIN, party)])
      assert.ok(evidence !== undefined)
      const sealed = seal(party, evidence)
      overlay.setChannel({ ...held, party: sealed.party })
      effects.push({ kind: 'send', message: { kind: 'update', ...sealed.update } })
    }
    for (const { kind, key, value } of overlay.writes()) {
      if (value === undefined) this.stored.delete(`${kind}/${key}`)
      else this.stored.set(`${kind}/${key}`, value)
    }
    overlay.applyTo(this.state)
    this.effects = effects
    for (const effect of effects) if (effect.kind === 'send') this.#tell(effect.message)
    return refused
  }

  /** What letters have announced (MAIL-5). */
  announced: NonNullable<WalletContext['announced']> = () => undefined

  #context(): WalletContext {
    return {
      chainId: CHAIN,
      now: this.now,
      signer: () => SIGNERS.client,
      nonce: new Uint8Array(RESUME_NONCE_BYTES).fill(++this.events),
      announced: this.announced,
      streams: this.streams,
    }
  }

  /** The only event of a batch, which must be taken. */
  takes(event: WalletEvent): void {
    assert.deepEqual(this.does(event), [])
  }

  #tell(message: Message): void {
    if (message.kind === 'stored') this.hub = confirmStored(this.hub, message.version)
    if (message.kind !== 'update') return
    const { kind: _, ...update } = message
    const received = accepted(receiveUpdate(CHAIN, this.hub, update, this.now))
    if (received.kind === 'received') this.hub = received.party
  }

  /** The hub signs `changes` and the wallet hears of it. */
  hubSigns(...changes: readonly Change[]): readonly Rejection[] {
    const { party, update } = signed(this.hub, changes, { now: this.now })
    this.hub = party
    return this.does({ kind: 'heard', message: { kind: 'update', ...update } })
  }

  /** The hub says something about item `name`. */
  hears(message: Message): readonly Rejection[] {
    return this.does({ kind: 'heard', message })
  }

  wait(seconds: number): void {
    this.now = at(this.now - NOW + seconds)
    this.takes({ kind: 'timePassed' })
  }

  /** Kinds of what was sent, and of what the owner was told. */
  get said(): readonly string[] {
    return this.effects.map((effect) => {
      if (effect.kind === 'send') return effect.message.kind
      if (effect.kind === 'invoiceChanged') return `invoice ${effect.invoice.status}`
      if (effect.kind === 'paymentChanged') return `payment ${effect.payment.status}`
      return effect.kind
    })
  }

  /** The code of the decline that the last batch sent. */
  get declined(): string | undefined {
    for (const effect of this.effects) {
      if (effect.kind === 'send' && effect.message.kind === 'decline') return effect.message.code
    }
    return undefined
  }

  invoice(name: number, change: Partial<InvoiceRecord> = {}): InvoiceRecord {
    return {
      anchor: anchorFor(name),
      order: 0,
      preimage: preimage(name),
      amount: amount(1_000n),
      received: amount(0n),
      expiry: at(500),
      description: { kind: 'text', text: '' },
      text: '',
      hold: false,
      origin: 'asked',
      status: 'open',
      parts: [],
      waitsUntil: undefined,
      created: NOW,
      time: NOW,
      refunded: amount(0n),
      refundsPending: 0,
      ...change,
    }
  }

  payment(name: number, change: Partial<PaymentRecord> = {}): PaymentRecord {
    const paid = {
      ...{ id: itemId(name), payee: PAYEE, anchor: anchorFor(name), time: this.now },
      amount: change.amount ?? amount(1_000n),
      fee: change.fee ?? amount(11n),
    }
    return { ...pendingPayment({ ...paid, channel: this.channel }), ...change }
  }

  pay(name: number, change: Partial<PaymentRecord> = {}, sale?: InvoiceRecord): WalletEvent {
    const payment = this.payment(name, change)
    return { kind: 'pay', payment, expiry: at(600), sale }
  }

  claim(name: number): Message {
    const known = { index: 1, link: preimage(name) }
    return { kind: 'claim', channel: this.channel, id: itemId(name), known }
  }

  decline(name: number): Message {
    return { kind: 'decline', channel: this.channel, id: itemId(name), code: 'no_liquidity' }
  }

  reveal(name: number, time: number): WalletEvent {
    const known = { index: 1, link: preimage(name) }
    return { kind: 'revealSeen', anchor: anchorFor(name), known, time: at(time) }
  }
}

export function units(value: bigint): Amount {
  return amount(value)
}
