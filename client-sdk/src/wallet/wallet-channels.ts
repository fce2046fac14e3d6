import {
  amount,
  type Channel,
  type ChannelId,
  channelIdOf,
  channelTermsCodec,
  type Entrusted,
  encode,
  entrust,
  equalBytes,
  exitReserveMin,
  type HubPolicy,
  isRejection,
  OPERATIONS_MAX,
  type PublicKey,
  receivable,
  type TxId,
  utf8,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { bestBy } from './best-by.js'
import { errorOf } from './error-of.js'
import type { HubLink } from './hub-link.js'
import { searchKeys } from './key-search.js'
import type { StoredWallet } from './load-wallet.js'
import { parseAppointment, parseValue } from './parse-arguments.js'
import { toldAborted } from './told-aborted.js'
import type { Caller, WalletCore } from './wallet-core.js'
import { stateLost } from './wallet-exits.js'
import type { WalletChannel } from './wallet-records.js'

/** A hub must never be wrong (design of the dispute): its penalty is everything. */
const HUB_PENALTY_PPM = 1_000_000
/** Headroom asked for beyond what an invoice needs, so that not every sale waits for the ledger. */
const INBOUND_HEADROOM = 4n

/** How channels of a wallet begin, grow and end. */
export class WalletChannels {
  readonly #core: WalletCore
  readonly #link: HubLink
  #nextKeyIndex: number | undefined
  readonly #usedKeyIndexes: number
  #lastIndex: Promise<unknown> = Promise.resolve()
  #inbound: Promise<unknown> = Promise.resolve()

  constructor(core: WalletCore, link: HubLink, { nextKeyIndex, usedKeyIndexes }: StoredWallet) {
    this.#core = core
    this.#link = link
    this.#nextKeyIndex = nextKeyIndex
    this.#usedKeyIndexes = usedKeyIndexes
  }

  /**
   * Looks on the ledger for channels of the words of a new store: they are from a store that was
   * lost. The search goes on beyond the last that is found, or that a backup says to have been used. A
   * restored copy looks for those that were opened since.
   */
  async findLost(isRestored: boolean): Promise<void> {
    if (this.#nextKeyIndex !== undefined && !isRestored) return
    const known = this.#nextKeyIndex ?? this.#usedKeyIndexes
    await this.#setNextKeyIndex(await searchKeys(known, (index) => this.#keepLost(index)))
  }

  /**
   * Takes over channels whose opening this store began and did not see; and those of keys that it has not
   * given away: a store that was lost did, and the search came before the ledger had them.
   */
  async recover(): Promise<void> {
    const { state, keys, feed } = this.#core
    const known = new Set([...state.channels()].map(({ keyIndex }) => keyIndex))
    for (let keyIndex = 0; keyIndex < (this.#nextKeyIndex ?? 0); keyIndex++) {
      if (known.has(keyIndex)) continue
      const key = keys.channel(keyIndex).publicKey
      for (const channel of await feed.ledger.channelsOf(key)) {
        if (!this.#paysUs(channel, key)) continue
        await this.#core.submit({ kind: 'channelSeen', channel, keyIndex, books: 'whole' })
      }
    }
    await this.#inTurn(async () => {
      const next = this.#nextKeyIndex ?? 0
      // Not every key that was given away has come to a channel.
      const free = await searchKeys(next, (index) => this.#keepLost(index), next)
      if (free > next) await this.#setNextKeyIndex(free)
    })
    this.#link.attachAll()
  }

  async open(wanted: bigint, caller: Caller): Promise<ChannelId> {
    const deposit = parseValue(wanted, 'deposit')
    const policy = await this.#acceptable(caller)
    const { asset, terms, payoutLock } = policy
    const least = terms.exitReserve + terms.itemAmountMin
    if (deposit < least) {
      const detail = `a channel keeps ${terms.exitReserve} base units back for its exit: to pay anything it has to hold ${least} base units`
      throw new WalletError('amount_too_small', detail)
    }
    const { coins, keys } = this.#core
    const keyIndex = await this.#takeKeyIndex()
    const key = keys.channel(keyIndex).publicKey
    const client = { key, deposit, payoutLock: coins.lock }
    const hub = { key: this.#link.hub, deposit: amount(0n), payoutLock }
    const spent = await coins.spend({ operations: [{ kind: 'open', asset, client, hub, terms }] })
    if (isRejection(spent)) throw errorOf(spent)
    return this.#adopt(spent.id, key, keyIndex, policy, caller)
  }

  async request(wanted: bigint, caller: Caller): Promise<ChannelId> {
    const inbound = parseValue(wanted, 'inbound')
    const policy = await this.#acceptable(caller)
    const keyIndex = await this.#takeKeyIndex()
    const key = this.#core.keys.channel(keyIndex).publicKey
    const payoutLock = this.#core.coins.lock
    const txId = await this.#link.ask({
      kind: 'openRequest',
      key,
      payoutLock,
      inbound,
    })
    return this.#adopt(txId, key, keyIndex, policy, caller)
  }

  /** Base units that can be received over one channel now; absent while none is in use. */
  receivable(): bigint | undefined {
    const best = bestBy(this.#link.usable(), ({ party }) => receivable(party))
    return best && receivable(best.party)
  }

  /** One at a time: the next one sees what the one before it has brought. */
  async ensureInbound(value: bigint, caller: Caller): Promise<void> {
    const wanted = parseValue(value, 'value')
    const next = this.#inbound.then(() => this.#ensureInbound(wanted, caller))
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
    if (isLost(channel)) throw stateLost(id)
    if (channel.party.phase.kind === 'open') {
      if (!this.#link.isAttached(id)) {
        throw new WalletError('channel_not_usable', 'the hub does not serve it; close it alone')
      }
      const refused = await this.#core.submit({ kind: 'drain', channel: id })
      if (refused !== undefined) throw errorOf(refused)
    }
    await this.settled(id, caller)
  }

  entrust(id: ChannelId, appointment: unknown): Entrusted {
    const terms = parseAppointment(appointment)
    const held = this.#core.state.channel(id)
    if (held === undefined) {
      throw errorOf({ code: 'channel_unknown', detail: `this wallet has no channel ${id}` })
    }
    if (isLost(held)) throw stateLost(id)
    const { feed, keys } = this.#core
    return entrust(feed.ledger.chainId, held.party, terms, keys.channel(held.keyIndex))
  }

  async settled(id: ChannelId, caller: Caller): Promise<void> {
    const { state } = this.#core
    if (state.channel(id) === undefined) {
      throw errorOf({ code: 'channel_unknown', detail: `this wallet has no channel ${id}` })
    }
    await this.#core.until(() => state.channel(id)?.party.phase.kind === 'closed', caller)
  }

  async #ensureInbound(value: bigint, caller: Caller): Promise<void> {
    const { inboundMax, terms } = await this.#link.connected(caller)
    const best = () => bestBy(this.#link.usable(), ({ party }) => receivable(party))
    if (best() === undefined) {
      // What was asked for before the connection broke may be there: it is not asked for twice.
      await this.recover()
      await this.#link.connected(caller)
    }
    const channel = best()
    const short = value - (channel === undefined ? 0n : receivable(channel.party))
    if (short <= 0n) return
    const kept = channel?.party.ledger.hub
    const room = kept === undefined ? 0n : inboundMax - (kept.deposited - kept.withdrawn)
    if (channel === undefined || short > room) {
      // The hub must not promise its reserve away: it deposits as much more.
      const bounds = { least: value + terms.exitReserve, most: inboundMax }
      await askFor(value, bounds, (inbound) => this.request(inbound, caller))
      return
    }
    const { id } = channel.party.ledger
    await askFor(short, { least: short, most: room }, (wanted) =>
      this.#link.ask({ kind: 'inboundRequest', channel: id, amount: amount(wanted) }),
    )
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
    await toldAborted(caller.signal, ledger.confirmed(txId, caller))
    const channels = await ledger.channelsOf(key)
    // Anybody can open channels that name this key: the one that counts is of this transaction.
    const channel = channels.find(({ id }) => isOpenedBy(txId, id))
    if (channel === undefined || !this.#isAsAgreed(channel, key, policy)) {
      throw new WalletError(
        'channel_not_as_agreed',
        'the channel stands on the ledger on other terms',
      )
    }
    await this.#core.submit({ kind: 'channelSeen', channel, keyIndex, books: 'whole' })
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
      channel.hub.key === this.#link.hub &&
      channel.asset === asset &&
      equalBytes(encode(channelTermsCodec, channel.terms), encode(channelTermsCodec, terms))
    )
  }

  /** The hub's offer, if a channel on its terms would be safe. Errors: `terms_unacceptable`. */
  async #acceptable(caller: Caller): Promise<HubPolicy> {
    const policy = await this.#link.connected(caller)
    const { asset, terms } = policy
    const feePerKiloCost = this.#core.feed.ledger.feePerKiloCost(asset)
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

  /** The next unused index, durable before anything is opened with it; one at a time. */
  #takeKeyIndex(): Promise<number> {
    return this.#inTurn(async () => {
      const index = await this.#findFree()
      await this.#setNextKeyIndex(index + 1)
      return index
    })
  }

  /** KEY-2: a key that has a channel was used from a store that is newer, or lost. */
  async #findFree(): Promise<number> {
    let index = this.#nextKeyIndex ?? 0
    while (await this.#keepLost(index)) index++
    return index
  }

  /** One at a time: an index is given away once. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#lastIndex.then(work)
    this.#lastIndex = next.catch(() => undefined)
    return next
  }

  async #setNextKeyIndex(next: number): Promise<void> {
    this.#nextKeyIndex = next
    await this.#core.store.commit([
      { kind: 'meta', key: 'nextKeyIndex', value: utf8(String(next)) },
    ])
  }

  /** Whether a key of this wallet has channels; this store did not open them, so it lost them. */
  async #keepLost(keyIndex: number): Promise<boolean> {
    const key = this.#core.keys.channel(keyIndex).publicKey
    const channels = await this.#core.feed.ledger.channelsOf(key)
    for (const channel of channels) {
      if (!this.#paysUs(channel, key)) continue
      await this.#core.submit({ kind: 'channelSeen', channel, keyIndex, books: 'lost' })
    }
    return channels.length > 0
  }
}

/** Asks with headroom as far as the hub's bounds allow; for the least, if its funds do not reach. */
async function askFor(
  value: bigint,
  { least, most }: { readonly least: bigint; readonly most: bigint },
  ask: (wanted: bigint) => Promise<unknown>,
): Promise<void> {
  if (least > most) {
    const detail = `the hub deposits at most ${most} base units in a channel, ${least} base units are needed`
    throw new WalletError('inbound_out_of_bounds', detail)
  }
  const roomy = least + value * (INBOUND_HEADROOM - 1n)
  try {
    await ask(roomy < most ? roomy : most)
  } catch (error) {
    if (!(error instanceof WalletError && error.code === 'hub_out_of_funds')) throw error
    await ask(least)
  }
}

function isLost({ books, party }: WalletChannel): boolean {
  return books !== 'whole' && party.phase.kind !== 'closed'
}

/** Whether the transaction's operations opened the channel, by its id (OP-1). */
function isOpenedBy(txId: TxId, id: ChannelId): boolean {
  for (let index = 0; index < OPERATIONS_MAX; index++) {
    if (channelIdOf({ txId, index }) === id) return true
  }
  return false
}
