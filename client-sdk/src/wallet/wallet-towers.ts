import type { ChannelId, Entrusted, PublicKey } from '@tallystick/protocol'
import type { OpenSocket } from '../ledger/open-socket.js'
import { isAtStake } from '../tower/entrustable.js'
import { type TowerGuard, TowerLink } from '../tower/tower-link.js'
import { WalletError } from '../wallet-error.js'
import type { Caller, WalletCore } from './wallet-core.js'
import { adopt } from './wallet-resume.js'

/** A watchtower that is to guard the channels of a wallet. */
export type TowerOptions = {
  /** Its session address, `ws://host:port/v1/session`. */
  readonly url: string
  /** Its key; absent: the first tower that answers is the one that the wallet keeps to. */
  readonly key?: PublicKey
  /** Share of a penalty that it is promised, parts per million; absent: the least it asks for. */
  readonly bountyPpm?: number
}

/** The watchtowers of one wallet: each is handed the newest of every channel, by itself. */
export class WalletTowers {
  readonly #core: WalletCore
  readonly #links: readonly TowerLink[]
  readonly #unsubscribe: () => void

  constructor(core: WalletCore, towers: readonly TowerOptions[], openSocket: OpenSocket) {
    this.#core = core
    const { feed, keys, clock, randomBytes } = core
    const { chainId } = feed.ledger
    const channels = () =>
      core
        .channels()
        .filter(({ books }) => books === 'whole')
        .map(({ party, keyIndex }) => ({ party, signer: keys.channel(keyIndex) }))
    this.#links = towers.map(
      ({ url, key, bountyPpm }) =>
        new TowerLink({
          ...{ address: { url, chainId, key, openSocket, clock }, bountyPpm, channels },
          randomBytes,
          now: () => feed.time,
          onGuarded: () => core.changes.tell({ kind: 'books' }),
          onNewer: (entrusted) => void this.#adopt(entrusted),
          onProblem: (code, detail) => core.problem(code, detail),
        }),
    )
    // With every block: an appointment may have to be renewed.
    this.#unsubscribe = feed.subscribe(() => this.#look())
    // What is told is durable. It is listened to until the wallet closes, which ends the waiting.
    const listen = () => {
      this.#look()
      return false
    }
    core.changes.wait(listen, undefined).catch(() => undefined)
  }

  /** What each tower has vouched for of a channel. */
  guards(id: ChannelId): readonly TowerGuard[] {
    const held = this.#core.state.channel(id)
    if (held !== undefined) return this.#links.map((link) => link.guard(held.party))
    throw new WalletError('channel_unknown', `this wallet has no channel ${id}`)
  }

  /** Kept once every tower has vouched for the newest; at once where there is nothing to guard. */
  async guarded(id: ChannelId, caller: Caller): Promise<void> {
    if (this.#links.length === 0) {
      throw new WalletError('no_tower', 'this wallet was opened without a watchtower')
    }
    const holds = () => {
      const party = this.#core.state.channel(id)?.party
      if (party !== undefined && !isAtStake(party)) return true
      return this.guards(id).every(({ isNewest }) => isNewest)
    }
    await this.#core.until(holds, caller)
  }

  stop(): void {
    this.#unsubscribe()
    for (const link of this.#links) link.stop()
  }

  /** A tower that holds more than this store shows that the store is old: it signs nothing until it resumes. */
  async #adopt(entrusted: Entrusted): Promise<void> {
    try {
      await adopt(this.#core, entrusted)
    } catch (error) {
      const code = error instanceof WalletError ? error.code : 'entrusted_invalid'
      this.#core.problem(code, error instanceof Error ? error.message : String(error))
    }
  }

  #look(): void {
    for (const link of this.#links) link.look()
  }
}
