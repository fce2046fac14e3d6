import {
  type Anchor,
  amount,
  type ChannelId,
  type ChannelTerms,
  clientPayoutOf,
  closeAgreementDigest,
  deriveKeys,
  channelTermsCodec,
  encode,
  encodeInvoice,
  type HubPolicy,
  type Invoice,
  isDisputed,
  isRejection,
  type ItemId,
  type LockRoot,
  type Message,
  parseInvoice,
  parseMnemonic,
  positionOf,
  type PublicKey,
  receivable,
  type Rejection,
  routingFee,
  seedFromMnemonic,
  sha256,
  signAttach,
  spendable,
  toHex,
  type Transcript,
  type TxId,
  utf8,
  type WalletKeys,
  decodeTrusted,
  addSeconds,
} from '@tallystick/protocol'
import { GuardLoop, type GuardAct } from '../guard/guard-loop.js'
import { revealLookupOf } from '../guard/reveal-lookup.js'
import type { BlockFeed } from '../ledger/block-feed.js'
import type { BlockSummary } from '../ledger/block-summary.js'
import { KeyCoins } from '../ledger/key-coins.js'
import type { OpenSocket } from '../ledger/open-socket.js'
import { HubSession } from '../session/hub-session.js'
import type { WalletStore } from '../store/wallet-store.js'
import { WalletError } from '../wallet-error.js'
import { closeAlone } from './close-alone.js'
import { HubRequests } from './hub-requests.js'
import { Watchers } from './watchers.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import {
  eventsMissed,
  eventsOfBlock,
  liveChannels,
} from './wallet-ledger.js'
import { WalletLoop } from './wallet-loop.js'
import {
  decodeWalletChannel,
  type InvoiceRecord,
  invoiceRecordCodec,
  type PaymentRecord,
  paymentRecordCodec,
  type WalletChannel,
} from './wallet-records.js'
import { WalletState } from './wallet-state.js'

/** Seconds that a payment may stay locked, and that an invoice is good for, unless told otherwise. */
const PAYMENT_SECONDS = 600
const INVOICE_SECONDS = 3_600
/** Headroom asked for beyond what an invoice needs, so that not every sale waits for the ledger. */
const INBOUND_HEADROOM = 4n

/** What a wallet is made from. Randomness, storage and network are handed in. */
export type WalletOptions = {
  /** Twelve or twenty-four BIP-39 words, or the 64-byte seed that they stand for. */
  readonly words: string | Uint8Array
  readonly store: WalletStore
  readonly feed: BlockFeed
  /** The hub's session address, `ws://host:port/v1/session`. */
  readonly hubUrl: string
  /** The hub's key; absent: the first hub that answers is the one that the wallet keeps to. */
  readonly hub?: PublicKey
  readonly openSocket: OpenSocket
  readonly randomBytes?: (length: number) => Uint8Array
  /** Told what the wallet notices and the owner may want to know. */
  readonly onEvent?: (event: WalletNotice) => void
}

export type WalletNotice =
  | { readonly kind: 'connected'; readonly hub: PublicKey }
  | { readonly kind: 'disconnected'; readonly reason: string }
  | { readonly kind: 'invoice'; readonly invoice: InvoiceRecord }
  | { readonly kind: 'payment'; readonly payment: PaymentRecord }
  | { readonly kind: 'guard'; readonly act: GuardAct }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }

/** Where the owner's money is, base units. */
export type Balance = {
  /** In coins that the ledger proves. */
  readonly onLedger: bigint
  /** In channels, if all of them ended now and nothing pending were claimed. */
  readonly inChannels: bigint
  /** What could be paid at once, and what could be received, over the best channel. */
  readonly spendable: bigint
  readonly receivable: bigint
}

type Caller = { readonly signal?: AbortSignal }

/**
 * A wallet or a merchant: keys from words, channels with one hub, payments, and the guard that
 * keeps them safe. Everything it is told is checked against certified headers and proofs.
 */
export class Wallet {
  readonly #options: WalletOptions
  readonly #keys: WalletKeys
  readonly #state: WalletState
  readonly #loop: WalletLoop
  readonly #coins: KeyCoins
  readonly #guard: GuardLoop
  readonly #session: HubSession
  readonly #requests = new HubRequests()
  readonly #changes = new Watchers<WalletNotice | { readonly kind: 'channel' }>()
  readonly #attached = new Set<ChannelId>()
  /** Channels whose attach is on its way over this connection. */
  readonly #asked = new Set<ChannelId>()
  readonly #randomBytes: (length: number) => Uint8Array
  readonly #unsubscribe: () => void
  #refunds: Promise<unknown> = Promise.resolve()
  #transcript: Transcript | undefined
  #policy: HubPolicy | undefined
  #inbound: Promise<unknown> = Promise.resolve()
  #nextKeyIndex: number

  private constructor(options: WalletOptions, keys: WalletKeys, stored: StoredWallet) {
    const { feed, store } = options
    this.#options = options
    this.#randomBytes = options.randomBytes ?? randomBytes
    this.#keys = keys
    this.#state = stored.state
    this.#nextKeyIndex = stored.nextKeyIndex
    this.#coins = new KeyCoins(feed.ledger, keys.payout(0), 0)
    this.#loop = new WalletLoop({
      state: this.#state,
      store,
      channelSigner: keys.channel,
      context: () => ({
        chainId: feed.ledger.chainId,
        now: feed.time,
      }),
      perform: (effect) => this.#perform(effect),
      onRefused: (event, rejection) => this.#refused(event, rejection),
      onFault: (fault) => this.#problem('store_failed', String(fault)),
    })
    this.#guard = new GuardLoop({
      ledger: feed.ledger,
      feePerKiloCost: ({ asset }) => feed.ledger.genesis.assets[asset]?.feePerKiloCost ?? 0,
      revealWithCoins: (reveal) => this.#coins.build({ reveals: [reveal] }),
      beforeForceClose: (party) => this.#leave(party.ledger.id).then(({ party: left }) => left),
      onAct: (act) => this.#notify({ kind: 'guard', act }),
    })
    this.#unsubscribe = feed.subscribe((block) => this.#meetBlock(block))
    this.#session = new HubSession({
      url: options.hubUrl,
      chainId: feed.ledger.chainId,
      hub: options.hub,
      identity: keys.identity,
      openSocket: options.openSocket,
      randomBytes: this.#randomBytes,
      handlers: {
        onReady: (transcript, policy) => this.#connected(transcript, policy),
        onMessage: (message) => this.#hear(message),
        onDown: (reason) => this.#disconnected(reason),
      },
    })
  }

  /**
   * Opens the wallet of `words`: reads its store, learns from proofs what it missed, and connects
   * to its hub in the background. Errors: `words_invalid`, `store_of_other_words`.
   */
  static async open(options: WalletOptions): Promise<Wallet> {
    const keys = deriveKeys(masterSeedOf(options.words))
    const stored = await loadWallet(options.store, keys)
    const wallet = new Wallet(options, keys, stored)
    const missed = await eventsMissed(options.feed.ledger, liveChannels(stored.state.channels()))
    await wallet.#submitAll([...missed, { kind: 'timePassed' }])
    await wallet.recoverChannels()
    return wallet
  }

  /**
   * Takes over channels that this store asked for and did not see come to be: the process ended, or
   * the network failed, in between. Nothing was ever signed on them from here.
   */
  async recoverChannels(): Promise<void> {
    const { ledger } = this.#options.feed
    const known = new Set([...this.#state.channels()].map(({ keyIndex }) => keyIndex))
    for (let keyIndex = 0; keyIndex < this.#nextKeyIndex; keyIndex++) {
      if (known.has(keyIndex)) continue
      for (const channel of await ledger.channelsOf(this.#keys.channel(keyIndex).publicKey)) {
        await this.#submit({ kind: 'channelSeen', channel, keyIndex })
      }
    }
    this.#attachAll()
  }

  /** Who this wallet is to its hub, and to whom invoices ask to be paid. */
  get identity(): PublicKey {
    return this.#keys.identity.publicKey
  }

  /** Where coins are sent to this wallet on the ledger. */
  get payoutLock(): LockRoot {
    return this.#coins.lock
  }

  /** The channels that are not settled yet. */
  channels(): readonly WalletChannel[] {
    return liveChannels(this.#state.channels())
  }

  /** Every channel that this wallet ever had. */
  allChannels(): readonly WalletChannel[] {
    return [...this.#state.channels()]
  }

  /** Kept once the hub has proved itself and every usable channel is attached. */
  async connected({ signal }: Caller = {}): Promise<HubPolicy> {
    await this.#until(() => this.#policy !== undefined && this.#isAttached(), signal)
    if (this.#policy === undefined) throw new WalletError('hub_disconnected', 'the hub went away')
    return this.#policy
  }

  async balance(): Promise<Balance> {
    const coins = await this.#coins.list()
    const parties = this.channels().map(({ party }) => party)
    const usable = parties.filter(({ phase }) => phase.kind === 'open')
    return {
      onLedger: coins.reduce((sum, { coin }) => sum + coin.amount, 0n),
      inChannels: parties.reduce((sum, party) => sum + clientPayoutOf(party), 0n),
      spendable: largest(usable.map(spendable)),
      receivable: largest(usable.map(receivable)),
    }
  }

  /**
   * Opens a channel with `deposit` base units of this wallet's coins; the answer comes once the
   * ledger has it and the hub serves it. Errors: `insufficient_funds` and what the ledger refuses.
   */
  async openChannel({ deposit, signal }: { readonly deposit: bigint } & Caller): Promise<ChannelId> {
    const policy = await this.connected({ ...(signal && { signal }) })
    const keyIndex = await this.#takeKeyIndex()
    const key = this.#keys.channel(keyIndex).publicKey
    const { asset, terms, payoutLock } = policy
    const spent = await this.#coins.spend({
      operations: [
        {
          kind: 'open',
          asset,
          client: { key, deposit: amount(deposit), payoutLock: this.payoutLock },
          hub: { key: this.#hubKey(), deposit: amount(0n), payoutLock },
          terms,
        },
      ],
    })
    if (isRejection(spent)) throw errorOf(spent)
    return this.#adopt(spent.id, key, keyIndex, terms, signal)
  }

  /** Has the hub open a channel, funded by it alone, over which `inbound` base units can come. */
  async requestChannel({ inbound, signal }: { readonly inbound: bigint } & Caller): Promise<ChannelId> {
    const policy = await this.connected({ ...(signal && { signal }) })
    const keyIndex = await this.#takeKeyIndex()
    const key = this.#keys.channel(keyIndex).publicKey
    const txId = await this.#requests.ask((message) => this.#session.send(message), {
      kind: 'openRequest',
      key,
      payoutLock: this.payoutLock,
      inbound: amount(inbound),
    })
    return this.#adopt(txId, key, keyIndex, policy.terms, signal)
  }

  /** Makes sure that `value` base units can be received now; asks the hub for a deposit if not. */
  ensureInbound(value: bigint, { signal }: Caller = {}): Promise<void> {
    const next = this.#inbound.then(() => this.#ensureInbound(value, signal))
    // Whoever asked is told of a failure; the next one asks afresh.
    this.#inbound = next.catch(() => undefined)
    return next
  }

  async #ensureInbound(value: bigint, signal: AbortSignal | undefined): Promise<void> {
    const best = () => bestBy(this.#usable(), (channel) => receivable(channel.party))
    const { inboundMax } = await this.connected({ ...(signal && { signal }) })
    const channel = best()
    if (channel === undefined) {
      await this.requestChannel({ inbound: value * INBOUND_HEADROOM, ...(signal && { signal }) })
      return
    }
    const short = value - receivable(channel.party)
    if (short <= 0n) return
    const room = inboundMax - (channel.party.ledger.hub.deposited as bigint)
    const wanted = short * INBOUND_HEADROOM < room ? short * INBOUND_HEADROOM : room
    await this.#requests.ask((message) => this.#session.send(message), {
      kind: 'inboundRequest',
      channel: channel.party.ledger.id,
      amount: amount(wanted > short ? wanted : short),
    })
    await this.#until(() => receivable((best() ?? channel).party) >= value, signal)
  }

  /**
   * An invoice over `value` base units as a string to hand out. If less could be received now, the
   * hub is asked for inbound liquidity first. Errors: what the hub refuses.
   */
  async createInvoice({
    value,
    description = '',
    expirySeconds = INVOICE_SECONDS,
    signal,
  }: {
    readonly value: bigint
    readonly description?: string
    readonly expirySeconds?: number
  } & Caller): Promise<InvoiceRecord> {
    if (value <= 0n) throw new WalletError('amount_invalid', 'an invoice asks for at least one unit')
    const caller = signal === undefined ? {} : { signal }
    await this.ensureInbound(value, caller)
    const { asset } = await this.connected(caller)
    const preimage = this.#randomBytes(32)
    const anchor = toHex(sha256(preimage)) as Anchor
    const { feed } = this.#options
    const expiry = addSeconds(feed.time, expirySeconds)
    const invoice: Invoice = {
      chainId: feed.ledger.chainId,
      hub: this.#hubKey(),
      payee: this.identity,
      asset,
      amount: amount(value),
      anchor,
      expiry,
      description,
    }
    const record: InvoiceRecord = {
      anchor,
      preimage,
      amount: invoice.amount,
      expiry,
      description,
      text: encodeInvoice(invoice, this.#keys.identity),
      status: 'open',
      time: feed.time,
      refunded: amount(0n),
      refundsPending: 0,
    }
    await this.#submit({ kind: 'invoice', invoice: record })
    return record
  }

  /** Kept once the invoice is paid: from then on the ledger would enforce it without the hub. */
  async paid(anchor: Anchor, { signal }: Caller = {}): Promise<InvoiceRecord> {
    const settled = this.#changes.wait(
      (notice) => notice.kind === 'invoice' && notice.invoice.anchor === anchor && isOver(notice.invoice),
      signal,
    )
    const known = await this.invoice(anchor)
    if (known !== undefined && isOver(known)) {
      settled.catch(() => undefined)
      return requirePaid(known)
    }
    const notice = await settled
    return requirePaid((notice as Extract<WalletNotice, { kind: 'invoice' }>).invoice)
  }

  /** An invoice of this wallet, whatever became of it. */
  async invoice(anchor: Anchor): Promise<InvoiceRecord | undefined> {
    const active = this.#state.invoice(anchor)
    if (active !== undefined) return active
    const stored = await this.#options.store.get('doneInvoice', anchor)
    return stored === undefined ? undefined : decodeTrusted(invoiceRecordCodec, stored)
  }

  /** The payment that was begun with this key, whatever became of it. */
  paymentOf(key: string): Promise<PaymentRecord | undefined> {
    return this.payment(itemIdOf(utf8(key)))
  }

  /** A payment of this wallet, whatever became of it. */
  async payment(id: ItemId): Promise<PaymentRecord | undefined> {
    const active = this.#state.payment(id)
    if (active !== undefined) return active
    const stored = await this.#options.store.get('donePayment', id)
    return stored === undefined ? undefined : decodeTrusted(paymentRecordCodec, stored)
  }

  /**
   * Pays an invoice and waits for the receipt. The same `key` pays once, however often and after
   * whatever crash it is called. Errors: `payment_failed` when the money is certainly back, any
   * other code before anything was promised; `aborted` says nothing about the payment.
   */
  async pay(
    text: string,
    options: { readonly key?: string; readonly feeMax?: bigint } & Caller = {},
  ): Promise<PaymentRecord> {
    return this.#receipt(await this.#begin(text, options, undefined), options.signal)
  }

  /**
   * Pays back: the customer's invoice `to`, linked to the sale that it undoes. All refunds of one
   * invoice together never exceed it. Errors: as of `pay`, `refund_above_sale`, `sale_unknown`.
   */
  async refund(
    to: string,
    options: { readonly key?: string; readonly sale?: Anchor; readonly feeMax?: bigint } & Caller = {},
  ): Promise<PaymentRecord> {
    // One at a time: each must see what the one before it has linked to the sale.
    const started = this.#refunds.then(() => this.#begin(to, options, options.sale))
    this.#refunds = started.catch(() => undefined)
    return this.#receipt(await started, options.signal)
  }

  /** Starts the payment of `key` unless it was started before; either way it is durable now. */
  async #begin(
    text: string,
    { key, feeMax, signal }: { readonly key?: string; readonly feeMax?: bigint } & Caller,
    refundOf: Anchor | undefined,
  ): Promise<ItemId> {
    const id = itemIdOf(key === undefined ? this.#randomBytes(32) : utf8(key))
    const before = await this.payment(id)
    if (before === undefined) await this.#startPayment(id, text, feeMax, refundOf, signal)
    return id
  }

  async #receipt(id: ItemId, signal: AbortSignal | undefined): Promise<PaymentRecord> {
    const over = ({ status }: PaymentRecord) => status === 'paid' || status === 'failed'
    const settled = this.#changes.wait(
      (notice) => notice.kind === 'payment' && notice.payment.id === id && over(notice.payment),
      signal,
    )
    const known = await this.payment(id)
    if (known !== undefined && over(known)) {
      settled.catch(() => undefined)
      return requireSent(known)
    }
    return requireSent(((await settled) as Extract<WalletNotice, { kind: 'payment' }>).payment)
  }

  async #startPayment(
    id: ItemId,
    text: string,
    feeMax: bigint | undefined,
    refundOf: Anchor | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const policy = await this.connected(signal === undefined ? {} : { signal })
    const invoice = this.#checkInvoice(text, policy)
    const fee = routingFee(policy, invoice.amount)
    if (feeMax !== undefined && fee > feeMax) {
      throw new WalletError('fee_above_cap', `the hub asks for ${fee} base units, allowed were ${feeMax}`)
    }
    const sale = refundOf === undefined ? undefined : await this.#sale(refundOf)
    const whole = invoice.amount + fee
    const channel = bestBy(this.#usable(), ({ party }) => spendable(party))
    if (channel === undefined || spendable(channel.party) < whole) {
      const most = channel === undefined ? 0n : spendable(channel.party)
      throw new WalletError('insufficient_balance', `${whole} base units are needed, ${most} can be paid`)
    }
    const { time } = this.#options.feed
    const seconds = Math.min(PAYMENT_SECONDS, policy.terms.expirySecondsMax)
    const refused = await this.#submit({
      kind: 'pay',
      sale,
      expiry: addSeconds(time, seconds),
      payment: {
        id,
        channel: channel.party.ledger.id,
        payee: invoice.payee,
        anchor: invoice.anchor,
        amount: invoice.amount,
        fee,
        description: invoice.description,
        status: 'pending',
        preimage: undefined,
        code: '',
        time,
        refundOf,
      },
    })
    if (refused !== undefined) throw errorOf(refused)
  }

  #checkInvoice(text: string, { asset }: HubPolicy): Invoice {
    const invoice = parseInvoice(text)
    if (isRejection(invoice)) throw errorOf(invoice)
    const { feed } = this.#options
    if (invoice.chainId !== feed.ledger.chainId) {
      throw new WalletError('wrong_network', `the invoice is of chain ${invoice.chainId}`)
    }
    if (invoice.hub !== this.#hubKey()) {
      throw new WalletError('wrong_hub', `the payee is reached over hub ${invoice.hub}`)
    }
    if (invoice.asset !== asset) {
      throw new WalletError('wrong_asset', `the invoice asks for asset ${invoice.asset}, not ${asset}`)
    }
    if (feed.time > invoice.expiry) {
      throw new WalletError('invoice_expired', `the invoice ended at ledger time ${invoice.expiry}`)
    }
    if (invoice.payee === this.identity) {
      throw new WalletError('own_invoice', 'the invoice is of this wallet')
    }
    return invoice
  }

  async #sale(anchor: Anchor): Promise<InvoiceRecord> {
    const invoice = await this.invoice(anchor)
    if (invoice !== undefined) return invoice
    throw new WalletError('sale_unknown', `this wallet has no invoice with anchor ${anchor}`)
  }

  /**
   * Closes by agreement: waits until nothing is pending, then until the hub's batch is on the
   * ledger. Calling it again after a crash goes on where it was.
   */
  async closeChannel(id: ChannelId, { signal }: Caller = {}): Promise<void> {
    await this.connected(signal === undefined ? {} : { signal })
    if (this.#state.channel(id)?.party.phase.kind === 'open') {
      const refused = await this.#submit({ kind: 'drain', channel: id })
      if (refused !== undefined) throw errorOf(refused)
    }
    await this.#until(() => this.#state.channel(id)?.party.phase.kind === 'closed', signal)
  }

  /** Closes without the hub. The guard finalizes after the dispute window; the answer comes at once. */
  async forceClose(id: ChannelId): Promise<TxId> {
    const { party, keyIndex } = await this.#leave(id)
    const built = closeAlone(this.#options.feed.ledger, party, this.#keys.channel(keyIndex))
    if (isRejection(built)) throw errorOf(built)
    return this.#options.feed.ledger.submit(built.transaction)
  }

  /** Kept once the ledger has settled the channel, by whatever way it ended. */
  async settled(id: ChannelId, { signal }: Caller = {}): Promise<void> {
    await this.#until(() => this.#state.channel(id)?.party.phase.kind === 'closed', signal)
  }

  /** Sends coins on the ledger. */
  async send(
    { lock, value, asset = 0 }: { readonly lock: LockRoot; readonly value: bigint; readonly asset?: number },
    { signal }: Caller = {},
  ): Promise<TxId> {
    const spent = await this.#coins.spend({ outputs: [{ asset, amount: amount(value), lock }] })
    if (isRejection(spent)) throw errorOf(spent)
    await this.#options.feed.ledger.confirmed(spent.id, signal === undefined ? {} : { signal })
    return spent.id
  }

  /** Hangs up and stops watching. Nothing is lost: the store holds all that was promised. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#session.stop()
    this.#changes.close()
    await this.#loop.idle()
  }

  /** Takes over a channel once the ledger has it under this id. */
  async #adopt(
    txId: TxId,
    key: PublicKey,
    keyIndex: number,
    terms: ChannelTerms,
    signal: AbortSignal | undefined,
  ): Promise<ChannelId> {
    const { ledger } = this.#options.feed
    await ledger.confirmed(txId, signal === undefined ? {} : { signal })
    const channels = await ledger.channelsOf(key)
    const channel = channels.find(({ hub }) => hub.key === this.#hubKey())
    if (channel === undefined || !sameTerms(channel.terms, terms)) {
      throw new WalletError('channel_not_as_agreed', 'the hub opened the channel on other terms')
    }
    await this.#submit({ kind: 'channelSeen', channel, keyIndex })
    this.#attachAll()
    await this.#until(() => this.#attached.has(channel.id), signal)
    return channel.id
  }

  /** The next unused index, durable before anything is opened with it. */
  async #takeKeyIndex(): Promise<number> {
    const index = this.#nextKeyIndex++
    const value = utf8(String(this.#nextKeyIndex))
    await this.#options.store.commit([{ kind: 'meta', key: 'nextKeyIndex', value }])
    return index
  }

  #hubKey(): PublicKey {
    const hub = this.#transcript?.hub ?? this.#options.hub
    if (hub === undefined) throw new WalletError('hub_disconnected', 'no hub has answered yet', { retryable: true })
    return hub
  }

  #usable(): WalletChannel[] {
    return this.channels().filter(
      ({ party }) => party.phase.kind === 'open' && this.#attached.has(party.ledger.id),
    )
  }

  #isAttached(): boolean {
    const open = this.channels().filter(({ party }) => party.phase.kind === 'open' && !isDisputed(party))
    return open.every(({ party }) => this.#attached.has(party.ledger.id))
  }

  async #leave(id: ChannelId): Promise<WalletChannel> {
    const refused = await this.#submit({ kind: 'leave', channel: id })
    const channel = this.#state.channel(id)
    if (refused !== undefined || channel === undefined) {
      throw errorOf(refused ?? { kind: 'rejection', code: 'channel_unknown', detail: id })
    }
    return channel
  }

  async #meetBlock(block: BlockSummary): Promise<void> {
    const channels = this.channels()
    if (channels.length === 0) return
    const { ledger } = this.#options.feed
    try {
      const events = await eventsOfBlock(ledger, channels, block)
      if (events.length > 0 || this.#waitsForTime()) {
        await this.#submitAll([...events, { kind: 'timePassed' }])
      }
      this.#attachAll()
      await this.#guardBlock(block)
    } catch (error) {
      this.#problem('ledger_unreachable', error instanceof Error ? error.message : String(error))
    }
  }

  /** Whether anything of this wallet may change by ledger time alone. */
  #waitsForTime(): boolean {
    const [payment] = this.#state.payments()
    const [invoice] = this.#state.invoices()
    return payment !== undefined || invoice !== undefined ||
      this.channels().some(({ party }) => party.phase.kind === 'agreed' || party.owed.length > 0)
  }

  async #guardBlock({ height, time }: BlockSummary): Promise<void> {
    const guarded = this.channels().filter(
      ({ party }) => isDisputed(party) || party.incoming.some(({ known }) => known !== undefined),
    )
    if (guarded.length === 0) return
    const parties = guarded.map(({ party }) => party)
    const revealedBy = await revealLookupOf(this.#options.feed.ledger, parties)
    const duties = guarded.map(({ party, keyIndex }) => ({ party, signer: this.#keys.channel(keyIndex) }))
    await this.#guard.act(duties, { height, now: time, revealedBy })
  }

  #connected(transcript: Transcript, policy: HubPolicy): void {
    this.#transcript = transcript
    this.#policy = policy
    this.#notify({ kind: 'connected', hub: transcript.hub })
    this.#attachAll(true)
  }

  #disconnected(reason: string): void {
    this.#policy = undefined
    this.#attached.clear()
    this.#asked.clear()
    this.#requests.interrupt()
    this.#notify({ kind: 'disconnected', reason })
  }

  /** Attaches what is not attached; what the hub does not know yet is tried again at every block. */
  #attachAll(afresh = false): void {
    const transcript = this.#transcript
    if (transcript === undefined || !this.#session.isReady) return
    if (afresh) this.#asked.clear()
    for (const { party, keyIndex } of this.channels()) {
      const { id } = party.ledger
      if (isDisputed(party) || this.#attached.has(id) || this.#asked.has(id)) continue
      this.#asked.add(id)
      const position = positionOf(party)
      const signature = signAttach(transcript, position, this.#keys.channel(keyIndex))
      this.#session.send({ kind: 'attach', position, signature })
    }
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'granted':
        return this.#requests.granted(message)
      case 'refused':
        return this.#requests.refused(message)
      case 'error':
        if (message.code === 'channel_unknown' && message.channel !== undefined) {
          this.#asked.delete(message.channel)
        }
        return this.#problem(message.code, message.detail)
      case 'attached':
        void this.#submit({ kind: 'heard', message }).then((refused) => {
          if (refused !== undefined) return
          this.#attached.add(message.position.channel)
          this.#changes.tell({ kind: 'channel' })
        })
        return
      default: {
        // What arrives before `attached` is sent again after it.
        const channel = channelOfMessage(message)
        if (channel === undefined || !(this.#attached.has(channel) || this.#asked.has(channel))) return
        void this.#submit({ kind: 'heard', message })
      }
    }
  }

  #perform(effect: WalletEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#session.send(effect.message)
      case 'invoiceChanged':
        return this.#notify({ kind: 'invoice', invoice: effect.invoice })
      case 'paymentChanged':
        return this.#notify({ kind: 'payment', payment: effect.payment })
      case 'channelChanged':
        return this.#changes.tell({ kind: 'channel' })
      case 'agreeToClose': {
        const { channel, clientPayout, validUntil } = effect
        const held = this.#state.channel(channel)
        if (held === undefined) return
        const agreement = { channel, clientPayout, validUntil }
        const digest = closeAgreementDigest(this.#options.feed.ledger.chainId, agreement)
        const signature = this.#keys.channel(held.keyIndex).sign(digest)
        void this.#submit({ kind: 'agreed', agreed: { agreement, signature } })
      }
    }
  }

  #refused(event: WalletEvent, { code, detail }: Rejection): void {
    if (event.kind !== 'heard') return
    this.#problem(code, detail)
    // The hub broke a rule: what it says from here on would not fit either. A channel whose books
    // do not fit together stays away; another session would find the same.
    if (event.message.kind !== 'attached') this.#session.restart()
  }

  #notify(notice: WalletNotice): void {
    this.#changes.tell(notice)
    this.#options.onEvent?.(notice)
  }

  #problem(code: string, detail: string): void {
    this.#notify({ kind: 'problem', code, detail })
  }

  /** Waits until something that is looked at after every change is so. */
  async #until(holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (holds()) return
    await this.#changes.wait(holds, signal)
  }

  async #submit(event: WalletEvent): Promise<Rejection | undefined> {
    const refused = await this.#loop.submit(event)
    this.#changes.tell({ kind: 'channel' })
    return refused
  }

  async #submitAll(events: readonly WalletEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.#submit(event)))
  }
}

type StoredWallet = { readonly state: WalletState; readonly nextKeyIndex: number }

async function loadWallet(store: WalletStore, keys: WalletKeys): Promise<StoredWallet> {
  const owner = await store.get('meta', 'identity')
  const identity = utf8(keys.identity.publicKey)
  if (owner === undefined) await store.commit([{ kind: 'meta', key: 'identity', value: identity }])
  else if (toHex(owner) !== toHex(identity)) {
    throw new WalletError('store_of_other_words', 'the store belongs to a wallet with other words')
  }
  const state = new WalletState()
  for (const { value } of await store.list('channel')) state.setChannel(decodeWalletChannel(value))
  for (const { value } of await store.list('invoice')) {
    state.setInvoice(decodeTrusted(invoiceRecordCodec, value))
  }
  for (const { value } of await store.list('payment')) {
    state.setPayment(decodeTrusted(paymentRecordCodec, value))
  }
  const next = await store.get('meta', 'nextKeyIndex')
  return { state, nextKeyIndex: next === undefined ? 0 : Number(new TextDecoder().decode(next)) }
}

function masterSeedOf(words: string | Uint8Array): Uint8Array {
  if (typeof words !== 'string') return words
  const mnemonic = parseMnemonic(words)
  if (mnemonic === undefined) {
    throw new WalletError('words_invalid', 'these are not 12 to 24 BIP-39 words with a right checksum')
  }
  return seedFromMnemonic(mnemonic, '')
}

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}

/** The name of a payment from the caller's key: the same key is the same payment for ever. */
function itemIdOf(key: Uint8Array): ItemId {
  return toHex(sha256(key).subarray(0, 16)) as ItemId
}

function isOver({ status }: InvoiceRecord): boolean {
  return status === 'paid' || status === 'expired'
}

function requirePaid(invoice: InvoiceRecord): InvoiceRecord {
  if (invoice.status === 'paid') return invoice
  throw new WalletError('invoice_expired', `the invoice ended unpaid at ledger time ${invoice.expiry}`)
}

function requireSent(payment: PaymentRecord): PaymentRecord {
  if (payment.status === 'paid') return payment
  throw new WalletError('payment_failed', `the money is back: ${payment.code}`, { retryable: true })
}

function errorOf({ code, detail }: Rejection): WalletError {
  return new WalletError(code, detail)
}

function bestBy<T>(items: readonly T[], worth: (item: T) => bigint): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || worth(item) > worth(best) ? item : best),
    undefined,
  )
}

function largest(values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most), 0n)
}

function sameTerms(a: ChannelTerms, b: ChannelTerms): boolean {
  return toHex(encode(channelTermsCodec, a)) === toHex(encode(channelTermsCodec, b))
}

function channelOfMessage(message: Message): ChannelId | undefined {
  return 'channel' in message ? message.channel : undefined
}
