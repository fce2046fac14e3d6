import {
  type AppointmentTerms,
  type ChannelEnd,
  type ChannelId,
  deriveKeys,
  type Entrusted,
  type HubPolicy,
  isRejection,
  type LockRoot,
  type PublicKey,
  type TxId,
} from '@tallystick/protocol'
import { HubBackups } from '../backup/hub-backups.js'
import { restoreStore } from '../backup/restore-store.js'
import { tellRestored, WalletBackups } from '../backup/wallet-backups.js'
import { PROCESS_CLOCK } from '../clock.js'
import type { ExitBundle } from '../exit/exit-bundle.js'
import type { ExitPlan } from '../exit/exit-plan.js'
import { parseSpontaneousPolicy } from '../letters/parse-letter-arguments.js'
import { WalletMail } from '../letters/wallet-mail.js'
import { openNowhere } from '../session/open-nowhere.js'
import type { TowerGuard } from '../tower/tower-link.js'
import { WalletError } from '../wallet-error.js'
import { type Balance, balanceOver } from './balance.js'
import { errorOf } from './error-of.js'
import { HubLink } from './hub-link.js'
import { loadWallet, masterSeedOf, type StoredWallet } from './load-wallet.js'
import { namedArguments } from './named-arguments.js'
import {
  parseHub,
  parseLock,
  parseStreamTerms,
  parseTowers,
  parseUrl,
  parseValue,
} from './parse-arguments.js'
import { PayoutWallet } from './payout-wallet.js'
import { performEffect } from './perform-effect.js'
import { WalletChannels } from './wallet-channels.js'
import { type Caller, WalletCore } from './wallet-core.js'
import { type ExitOptions, WalletExits } from './wallet-exits.js'
import { eventsMissed } from './wallet-ledger.js'
import type { WalletOptions } from './wallet-options.js'
import type { WalletChannel } from './wallet-records.js'
import { adopt, endTurns, loseChannels } from './wallet-resume.js'
import { WalletTowers } from './wallet-towers.js'
import { WalletWatch } from './wallet-watch.js'

/** What is sent on the ledger. */
type SendWish = {
  readonly lock: LockRoot
  /** Base units, at least 1. */
  readonly value: bigint
  /** Absent: 0. */
  readonly asset?: number
}

/**
 * A wallet or a merchant: keys from words, channels with one hub, payments, and the guard that
 * keeps them safe. Everything it is told is checked against certified headers and proofs. Errors
 * are `WalletError` and `LedgerError` with a stable `code`.
 */
export class Wallet extends PayoutWallet {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #watch: WalletWatch
  readonly #channels: WalletChannels
  readonly #exits: WalletExits
  readonly #backups: WalletBackups
  readonly #towers: WalletTowers

  private constructor(
    core: WalletCore,
    link: HubLink,
    backups: WalletBackups,
    towers: WalletTowers,
    mail: WalletMail,
    { stored, guards }: { readonly stored: StoredWallet; readonly guards: boolean },
  ) {
    const channels = new WalletChannels(core, link, stored)
    super(core, link, channels, mail, { onStored: () => backups.lettersChanged(), guards })
    this.#core = core
    this.#link = link
    this.#backups = backups
    this.#towers = towers
    const onBlock = () => {
      link.attachAll()
      this.#exits.learnEnds()
      this.lettersGoOn()
      this.payoutsGoOn()
      this.stream.channelsEnd()
    }
    this.#watch = new WalletWatch(core, { guards, onBlock })
    this.#channels = channels
    this.#exits = new WalletExits(core, this.#watch)
  }

  /**
   * Opens the wallet of `words`: reads its store, or fills a new one from the newest backup that it
   * finds, learns from proofs what it missed, and connects to its hub in the background. Errors:
   * `words_invalid`, `hub_invalid`, `url_invalid`, `tower_invalid`, `store_of_other_words`;
   * `store_not_empty` for a `backup` and a store that is in use, and why a `backup` cannot be opened
   * (BAK-2).
   */
  static async open(options: WalletOptions): Promise<Wallet> {
    const { feed, store, hubUrl, entrusted = [] } = options
    const hub = parseHub(options.hub)
    const url = hubUrl === undefined ? '' : parseUrl(hubUrl, 'hubUrl', ['ws:', 'wss:'])
    const openSocket = hubUrl === undefined ? openNowhere : options.openSocket
    const towerOptions = parseTowers(options.towers)
    const spontaneous = parseSpontaneousPolicy(options.spontaneous)
    const keys = deriveKeys(masterSeedOf(options.words))
    const { fetch, backup: file } = options
    const { chainId } = feed.ledger
    const isAsked = hubUrl !== undefined && fetch !== undefined
    const hubBackups = isAsked ? new HubBackups(url, fetch, chainId, keys.identity) : undefined
    const restored = await restoreStore({ store, keys, feed, hub, hubBackups, file, entrusted })
    const stored = await loadWallet(store, keys, chainId)
    const core: WalletCore = new WalletCore({
      keys,
      feed,
      store,
      stored,
      randomBytes: options.randomBytes ?? randomBytes,
      clock: options.clock ?? PROCESS_CLOCK,
      streams: parseStreamTerms(options.streams),
      onEvent: options.onEvent ?? (() => undefined),
      perform: (effect) => {
        wallet.stream.changed(effect)
        wallet.payoutChanged(effect)
        performEffect(core, link, effect)
        backups.changed(effect)
        mail.changed(effect)
      },
      announced: (anchor) => mail.announced(anchor),
      onRefused: (event, rejection) => link.refuse(event, rejection),
      onFault: () => link.stop(),
    })
    const mail = new WalletMail(core, spontaneous)
    const link: HubLink = new HubLink(core, {
      ...{ url, hub, openSocket },
      onResumed: () => wallet.#watch.catchUp(),
      onAttached: () => wallet.lettersConnected(),
      mail,
    })
    const backups = new WalletBackups(core, link, { hubBackups, stored })
    const towers = new WalletTowers(core, towerOptions, options.openSocket)
    const wallet = new Wallet(core, link, backups, towers, mail, {
      stored,
      guards: options.guards ?? true,
    })
    try {
      tellRestored(core, restored)
      if (options.sharedWords ?? false) await core.sharedWords.set()
      await loseChannels(core, options.restored ?? false)
      await endTurns(core)
      const isCopy = restored.backup !== undefined || (options.restored ?? false)
      await wallet.loadLetters(isCopy)
      await wallet.loadPayouts(isCopy)
      const { height } = feed
      const missed = await eventsMissed(feed.ledger, core.channels())
      await core.submitAll([...missed, { kind: 'timePassed' }])
      await wallet.#channels.findLost(options.restored ?? false)
      // What is not newer than the store, or of no channel of it, is refused, and changes nothing.
      await core.submitAll(entrusted.map((kept) => ({ kind: 'adopted', entrusted: kept }) as const))
      await wallet.recoverChannels()
      wallet.#watch.begin(height)
      link.begin()
      return wallet
    } catch (error) {
      // Whoever tries again must not find a second wallet of these channels at work.
      await wallet.close()
      throw error
    }
  }

  /** Who this wallet is to its hub, and to whom invoices ask to be paid. */
  get identity(): PublicKey {
    return this.#core.keys.identity.publicKey
  }

  /** Where coins are sent to this wallet on the ledger. */
  get payoutLock(): LockRoot {
    return this.#core.coins.lock
  }

  /**
   * Whether other devices use these words as well (CH-19): by the owner's word, by that of a backup, or
   * because one of them has taken a channel over.
   */
  get sharedWords(): boolean {
    return this.#core.sharedWords.isSet
  }

  /**
   * The channels that another device with these words has taken over: nothing that comes there is met
   * here until `connected` takes them back, as every use of the wallet does.
   */
  get channelsElsewhere(): readonly ChannelId[] {
    return this.#link.elsewhere
  }

  /** The channels that are not settled yet. */
  channels(): readonly WalletChannel[] {
    return this.#core.channels()
  }

  /** Every channel that this wallet ever had. */
  allChannels(): readonly WalletChannel[] {
    return [...this.#core.state.channels()]
  }

  /** Kept once the hub has proved itself and every usable channel is attached. */
  connected(caller: Caller = {}): Promise<HubPolicy> {
    return this.#link.connected(caller)
  }

  async balance(): Promise<Balance> {
    return balanceOver(await this.#core.coins.list(), this.channels())
  }

  /**
   * Opens a channel with `deposit` base units of this wallet's coins; the answer comes once the
   * ledger has it and the hub serves it. Errors: `amount_invalid`, `amount_too_small` (it could pay nothing),
   * `insufficient_funds` and what the ledger refuses.
   */
  async openChannel(asked: { readonly deposit: bigint } & Caller): Promise<ChannelId> {
    const { wish, caller } = namedArguments<{ readonly deposit: bigint }>('openChannel', asked)
    return this.#channels.open(wish.deposit, caller)
  }

  /** Has the hub open a channel, funded by it alone, over which `inbound` base units can come. */
  async requestChannel(asked: { readonly inbound: bigint } & Caller): Promise<ChannelId> {
    const { wish, caller } = namedArguments<{ readonly inbound: bigint }>('requestChannel', asked)
    return this.#channels.request(wish.inbound, caller)
  }

  /**
   * Takes over channels that this store asked for and did not see come to be: the process ended, or
   * the network failed, in between. Nothing was ever signed on them from here.
   */
  recoverChannels(): Promise<void> {
    return this.#channels.recover()
  }

  /** Makes sure that `value` base units can be received now; asks the hub for a deposit if not. */
  ensureInbound(value: bigint, caller: Caller = {}): Promise<void> {
    return this.#channels.ensureInbound(value, caller)
  }

  /**
   * Closes by agreement: waits until nothing is pending, then until the hub's batch is on the
   * ledger. Calling it again after a crash goes on where it was. Errors: `state_lost`,
   * `channel_not_usable` when the hub does not serve it.
   */
  closeChannel(id: ChannelId, caller: Caller = {}): Promise<void> {
    return this.#channels.close(id, caller)
  }

  /**
   * What leaving a channel alone would bring, when, and what each step waits for; nothing is signed.
   * `undefined` once the ledger has settled it: `endOf` then says what it paid. Errors:
   * `channel_unknown`, and what the ledger would refuse.
   */
  exitPlan(id: ChannelId, options: ExitOptions = {}): Promise<ExitPlan | undefined> {
    return this.#exits.plan(id, options)
  }

  /**
   * Closes without the hub. The guard finalizes after the dispute window; the answer comes at once.
   * Errors: `state_lost` where the channel's `books` are lost: it would show an old state, and cost
   * the penalty; `words_shared` where another device may have signed since (CH-19). `unsure` vouches for
   * nothing (DSP-9): a longer window, and never a penalty.
   */
  forceClose(id: ChannelId, options: ExitOptions = {}): Promise<TxId> {
    return this.#exits.forceClose(id, options)
  }

  /**
   * The same, handed in until the ledger has it, unless somebody has closed the channel already: kept
   * once it is closing or settled. Calling it again goes on where it was. Errors: as of `forceClose`.
   */
  exit(id: ChannelId, { signal, ...options }: ExitOptions & Caller = {}): Promise<void> {
    return this.#exits.exit(id, options, signal === undefined ? {} : { signal })
  }

  /**
   * Signed ways out of every channel, to be kept as a file (`encodeExitBundle`): with it, any ledger
   * node and nothing else the money comes home. What is received after it was made does not; a new one
   * is due then.
   */
  exitBundle(): ExitBundle {
    return this.#exits.bundle()
  }

  /**
   * How a settled channel ended: what it paid to whom, and any penalty and bounty. `undefined`: it is
   * not settled, or the node keeps its blocks no more. Errors: `channel_unknown`, `LedgerError`.
   */
  endOf(id: ChannelId): Promise<ChannelEnd | undefined> {
    return this.#exits.end(id)
  }

  /**
   * What a watchtower needs to challenge in this wallet's name while it is away (DSP-12), and nothing
   * that it could spend: for each channel the newest, after every payment that must not be lost.
   * Errors: `appointment_invalid`, `channel_unknown`, `state_lost`.
   */
  entrust(id: ChannelId, appointment: AppointmentTerms): Entrusted {
    return this.#channels.entrust(id, appointment)
  }

  /**
   * What a watchtower was entrusted with last (DSP-12), encoded or not: after lost data, a resume
   * must not show less than it, and an unsure close asserts it. Answers whether it is newer than this
   * store, whose books of the channel are lost then. Errors: `entrusted_invalid`, `channel_unknown`,
   * and why the copy is not of this channel.
   */
  adoptEntrusted(entrusted: Entrusted | Uint8Array): Promise<boolean> {
    return adopt(this.#core, entrusted)
  }

  /**
   * What each watchtower of this wallet has vouched for of a channel, and whether it is the newest.
   * Errors: `channel_unknown`.
   */
  guardedUpTo(id: ChannelId): readonly TowerGuard[] {
    return this.#towers.guards(id)
  }

  /**
   * Kept once every watchtower has vouched for the newest of a channel: what to wait for before this
   * wallet goes away. Errors: `channel_unknown`, `no_tower`.
   */
  guarded(id: ChannelId, caller: Caller = {}): Promise<void> {
    return this.#towers.guarded(id, caller)
  }

  /** Kept once the ledger has settled the channel, by whatever way it ended. */
  settled(id: ChannelId, caller: Caller = {}): Promise<void> {
    return this.#channels.settled(id, caller)
  }

  /**
   * Sends coins on the ledger; kept once they have arrived. Errors: `amount_invalid`,
   * `lock_invalid`, `asset_unknown`, `insufficient_funds`.
   */
  async send(asked: SendWish & Caller): Promise<TxId> {
    const { wish, caller } = namedArguments<SendWish>('send', asked)
    const { lock, value, asset = 0 } = wish
    if (this.#core.feed.ledger.genesis.assets[asset] === undefined) {
      throw new WalletError('asset_unknown', `the ledger has no asset ${asset}`)
    }
    const outputs = [{ asset, amount: parseValue(value, 'value'), lock: parseLock(lock) }]
    const spent = await this.#core.coins.spend({ outputs })
    if (isRejection(spent)) throw errorOf(spent)
    await this.#core.feed.ledger.confirmed(spent.id, caller)
    return spent.id
  }

  /**
   * A backup of the whole store, sealed under the words, to be kept elsewhere (BAK-1). Opening the
   * wallet with it as `backup` fills a new store. Errors: `backup_too_large`.
   */
  exportBackup(): Promise<Uint8Array> {
    return this.#backups.export()
  }

  /** Hangs up and stops watching. Nothing is lost: the store holds all that was promised. */
  async close(): Promise<void> {
    this.#watch.stop()
    this.stopPayouts()
    this.#towers.stop()
    await this.stream.stop()
    await this.#backups.stop()
    this.#link.stop()
    await this.#core.close()
  }
}

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}
