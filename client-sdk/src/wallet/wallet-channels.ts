import {
  amount,
  type Channel,
  type ChannelId,
  channelTermsCodec,
  encode,
  equalBytes,
  exitReserveMin,
  type HubPolicy,
  isRejection,
  type PublicKey,
  receivable,
  type TxId,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { bestBy } from './best-by.js'
import { closeAlone } from './close-alone.js'
import { errorOf } from './error-of.js'
import type { HubLink } from './hub-link.js'
import type { Caller, WalletCore } from './wallet-core.js'
import type { WalletWatch } from './wallet-watch.js'

/** A hub must never be wrong (design of the dispute): its penalty is everything. */
const HUB_PENALTY_PPM = 1_000_000
/** Headroom asked for beyond what an invoice needs, so that not every sale waits for the ledger. */
const INBOUND_HEADROOM = 4n

/** How channels of a wallet begin, grow and end. */
export class WalletChannels {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #watch: WalletWatch
  #nextKeyIndex: number
  #inbound: Promise<unknown> = Promise.resolve()

  constructor(core: WalletCore, link: HubLink, watch: WalletWatch, nextKeyIndex: number) {
    this.#core = core
    this.#link = link
    this.#watch = watch
    this.#nextKeyIndex = nextKeyIndex
  }

  /** Takes over channels whose opening this store began and did not see. */
  async recover(): Promise<void> {
    const { state, keys, feed } = this.#core
    const known = new Set([...state.channels()].map(({ keyIndex }) => keyIndex))
    for (let keyIndex = 0; keyIndex < this.#nextKeyIndex; keyIndex++) {
      if (known.has(keyIndex)) continue
      const key = keys.channel(keyIndex).publicKey
      for (const channel of await feed.ledger.channelsOf(key)) {
        if (!this.#paysUs(channel, key)) continue
        await this.#core.submit({ kind: 'channelSeen', channel, keyIndex })
      }
    }
    this.#link.attachAll()
  }

  async open(deposit: bigint, caller: Caller): Promise<ChannelId> {
    const policy = await this.#acceptable(caller)
    const { asset, terms, payoutLock } = policy
    const { coins, keys } = this.#core
    const keyIndex = await this.#takeKeyIndex()
    const key = keys.channel(keyIndex).publicKey
    const client = { key, deposit: amount(deposit), payoutLock: coins.lock }
    const hub = { key: this.#link.hub, deposit: amount(0n), payoutLock }
    const spent = await coins.spend({ operations: [{ kind: 'open', asset, client, hub, terms }] })
    if (isRejection(spent)) throw errorOf(spent)
    return this.#adopt(spent.id, key, keyIndex, policy, caller)
  }

  async request(inbound: bigint, caller: Caller): Promise<ChannelId> {
    const policy = await this.#acceptable(caller)
    const keyIndex = await this.#takeKeyIndex()
    const key = this.#core.keys.channel(keyIndex).publicKey
    const payoutLock = this.#core.coins.lock
    const txId = await this.#link.ask({
      kind: 'openRequest',
      key,
      payoutLock,
      inbound: amount(inbound),
    })
    return this.#adopt(txId, key, keyIndex, policy, caller)
  }

  /** One at a time: the next one sees what the one before it has brought. */
  ensureInbound(value: bigint, caller: Caller): Promise<void> {
    const next = this.#inbound.then(() => this.#ensureInbound(value, caller))
    // Whoever asked is told of a failure; the next one asks afresh.
    this.#inbound = next.catch(() => undefined)
    return next
  }

  async close(id: ChannelId, caller: Caller): Promise<void> {
    await this.#link.connected(caller)
    const channel = this.#core.state.channel(id)
    if (channel === undefined) {
      throw errorOf({ code: 'channel_unknown', detail: `this wallet has no channel ${id}` })
    }
    if (channel.party.phase.kind === 'open') {
      const refused = await this.#core.submit({ kind: 'drain', channel: id })
      if (refused !== undefined) throw errorOf(refused)
    }
    await this.settled(id, caller)
  }

  async forceClose(id: ChannelId): Promise<TxId> {
    const { party, keyIndex } = await this.#watch.leave(id)
    const { ledger } = this.#core.feed
    const built = closeAlone(ledger, party, this.#core.keys.channel(keyIndex))
    if (isRejection(built)) throw errorOf(built)
    return ledger.submit(built.transaction)
  }

  async settled(id: ChannelId, caller: Caller): Promise<void> {
    const { state } = this.#core
    await this.#core.until(() => state.channel(id)?.party.phase.kind === 'closed', caller)
  }

  async #ensureInbound(value: bigint, caller: Caller): Promise<void> {
    const { inboundMax } = await this.#link.connected(caller)
    const best = () => bestBy(this.#link.usable(), ({ party }) => receivable(party))
    const channel = best()
    if (channel === undefined) {
      await this.request(value * INBOUND_HEADROOM, caller)
      return
    }
    const short = value - receivable(channel.party)
    if (short <= 0n) return
    const { deposited, withdrawn } = channel.party.ledger.hub
    const room = inboundMax - (deposited - withdrawn)
    const wanted = short * INBOUND_HEADROOM
    await this.#link.ask({
      kind: 'inboundRequest',
      channel: channel.party.ledger.id,
      // What the hub will not have in one channel it refuses by name.
      amount: amount(wanted <= room ? wanted : short),
    })
    const arrived = () => receivable((best() ?? channel).party) >= value
    await this.#core.until(arrived, caller)
  }

  /** Takes over a channel once the ledger has it, and the hub serves it. */
  async #adopt(
    txId: TxId,
    key: PublicKey,
    keyIndex: number,
    policy: HubPolicy,
    caller: Caller,
  ): Promise<ChannelId> {
    const { ledger } = this.#core.feed
    await ledger.confirmed(txId, caller)
    const channels = await ledger.channelsOf(key)
    const channel = channels.find(({ hub }) => hub.key === this.#link.hub)
    if (channel === undefined || !this.#isAsAgreed(channel, key, policy)) {
      throw new WalletError(
        'channel_not_as_agreed',
        'the channel stands on the ledger on other terms',
      )
    }
    await this.#core.submit({ kind: 'channelSeen', channel, keyIndex })
    this.#link.attachAll()
    await this.#core.until(() => this.#link.isAttached(channel.id), caller)
    return channel.id
  }

  /** CH-16: what a channel pays to this wallet really is this wallet's. */
  #paysUs({ client, asset }: Channel, key: PublicKey): boolean {
    const { lock, asset: ours } = this.#core.coins
    return client.key === key && client.payoutLock === lock && asset === ours
  }

  #isAsAgreed(channel: Channel, key: PublicKey, { asset, terms }: HubPolicy): boolean {
    return (
      this.#paysUs(channel, key) &&
      channel.asset === asset &&
      equalBytes(encode(channelTermsCodec, channel.terms), encode(channelTermsCodec, terms))
    )
  }

  /** The hub's offer, if a channel on its terms would be safe. Errors: `terms_unacceptable`. */
  async #acceptable(caller: Caller): Promise<HubPolicy> {
    const policy = await this.#link.connected(caller)
    const { asset, terms } = policy
    const feePerKiloCost = this.#core.feed.ledger.genesis.assets[asset]?.feePerKiloCost ?? 0
    const problem =
      terms.hubPenaltyPpm !== HUB_PENALTY_PPM
        ? 'a hub that shows an old state must lose everything'
        : terms.exitReserve < exitReserveMin(terms, feePerKiloCost)
          ? 'the reserve does not pay for the dearest exit'
          : asset !== this.#core.coins.asset
            ? `this wallet holds asset ${this.#core.coins.asset}, not ${asset}`
            : undefined
    if (problem === undefined) return policy
    throw new WalletError('terms_unacceptable', `the hub's terms are not safe: ${problem}`)
  }

  /** The next unused index, durable before anything is opened with it. */
  async #takeKeyIndex(): Promise<number> {
    const index = this.#nextKeyIndex++
    const value = utf8(String(this.#nextKeyIndex))
    await this.#core.store.commit([{ kind: 'meta', key: 'nextKeyIndex', value }])
    return index
  }
}
