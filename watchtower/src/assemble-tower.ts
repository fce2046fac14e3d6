import {
  type Clock,
  type LedgerAccess,
  LedgerContact,
  type LedgerTrouble,
  ledgerTrouble,
  OutcomeNews,
  summarizeBlock,
  waitForLedger,
} from '@tallystick/client-sdk'
import {
  type BlockHeader,
  type LockRoot,
  TOWER_VERSION,
  type TowerPolicy,
} from '@tallystick/protocol'
import type { WebSocket } from 'ws'
import type { TowerInformation } from './api/tower-server.js'
import { ChannelLookup } from './session/channel-lookup.js'
import { OwnerSession } from './session/owner-session.js'
import { RequestBudget } from './session/request-budget.js'
import { RequestDesk } from './session/request-desk.js'
import type { TowerStore } from './store/tower-store.js'
import type { TowerConfig } from './tower-config.js'
import type { TowerKeys } from './tower-keys.js'
import { RecordIndex } from './watch/record-index.js'
import { TowerCoins } from './watch/tower-coins.js'
import { Watch, type WatchAct } from './watch/watch.js'

/** What a tower reports to its operator while it runs. */
export type TowerReport =
  | ({ readonly kind: 'watch' } & WatchAct)
  | LedgerTrouble
  /** No coins for fees are left under the tower's payout lock, or there are some again. */
  | { readonly kind: 'unfunded' | 'funded'; readonly payout_lock: LockRoot }

/** For what a tower guards, and how much of it. */
export type TowerTerms = Pick<
  TowerConfig,
  'asset' | 'bountyPpmMin' | 'appointmentSecondsMax' | 'appointmentsMax' | 'appointmentsPerKeyMax'
>

/** What a tower is made from. Store, ledger, clock and randomness are handed in. */
export type TowerParts = {
  readonly keys: TowerKeys
  readonly terms: TowerTerms
  readonly ledger: LedgerAccess
  /** The ledger's newest header as the tower starts. */
  readonly tip: Pick<BlockHeader, 'height' | 'time'>
  readonly store: TowerStore
  readonly clock: Clock
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
  readonly onReport: (report: TowerReport) => void
  /** Told once when a promise of the store was broken: nothing may be vouched for any more. */
  readonly onFault: (fault: unknown) => void
}

/** A tower at work; sockets are handed to it. */
export type AssembledTower = {
  readonly policy: TowerPolicy
  readonly information: Omit<TowerInformation, 'describe'>
  accept(socket: WebSocket, address: string): void
  /** Takes nothing more, and hangs up. */
  stop(): void
}

/** Puts a tower together and lets it follow the ledger from where its store ends. Errors: `StoreFault`. */
export async function assembleTower(parts: TowerParts): Promise<AssembledTower> {
  const { keys, terms, ledger, tip, store, clock, onReport, onFault } = parts
  const { guard, payoutLock } = keys
  const { chainId } = ledger
  const stop = new AbortController()
  // What is under way when the tower stops finds its store closed: nobody was answered for it.
  const onStoreFault = (fault: unknown) => (stop.signal.aborted ? undefined : onFault(fault))
  const onTrouble = (error: unknown) => onReport(ledgerTrouble(error))
  const stored = await store.load()
  const index = new RecordIndex(stored.entries)
  const { asset } = terms
  const coins = new TowerCoins(ledger, { signer: keys.coins, guard, asset, clock })
  await waitForLedger(() => coins.refresh(), { clock, signal: stop.signal, onTrouble })
  // Blocks tell what has changed, proofs tell how things are: whichever takes fewer answers.
  const isBehindFar = stored.height < 1 || tip.height - stored.height > index.size
  const news = new OutcomeNews()
  const watch = new Watch(
    {
      ...{ ledger, store, index, coins, clock, onFault: onStoreFault },
      onAct: (act) => {
        const isNews = news.isNews(`${act.act} ${act.channels.join()}`, act.outcome)
        if (isNews) onReport({ kind: 'watch', ...act })
      },
    },
    {
      watched: isBehindFar ? index.names() : stored.watched,
      ...{ height: tip.height, time: tip.time },
    },
  )
  const contact = new LedgerContact(clock, () => ledger.parameters)
  contact.heard()
  let isFunded = true
  const noteCoins = () => {
    if (coins.isEmpty !== isFunded) return
    isFunded = !isFunded
    onReport({ kind: isFunded ? 'funded' : 'unfunded', payout_lock: coins.lock })
  }
  noteCoins()
  const following = ledger.follow({
    from: isBehindFar ? tip.height + 1 : stored.height + 1,
    signal: stop.signal,
    onError: (error) => {
      contact.lost()
      onTrouble(error)
    },
    onBlock: async ({ header: { height, time }, transactions, ids }) => {
      await watch.meetBlock(summarizeBlock({ height, time, transactions, ids }))
      contact.heard()
      noteCoins()
    },
  })
  following.catch(onStoreFault)
  void coins.split().catch(onTrouble)

  const { bountyPpmMin, appointmentSecondsMax } = terms
  const policy: TowerPolicy = { asset, bountyPpmMin, payoutLock, appointmentSecondsMax }
  const desk = new RequestDesk({
    ...{ store, index, signer: guard, policy, onFault: onStoreFault },
    lookup: new ChannelLookup(ledger, clock),
    recordsMax: terms.appointmentsMax,
    recordsPerKeyMax: terms.appointmentsPerKeyMax,
    now: () => watch.time,
    // A new one may be of a channel that a block has changed meanwhile.
    onKept: (name, isNew) => {
      if (isNew || watch.concerns(name)) watch.look(name)
    },
  })
  const budget = new RequestBudget()
  const sessions = new Set<OwnerSession>()
  const hello = { version: TOWER_VERSION, chainId, tower: guard.publicKey, policy }
  return {
    policy,
    information: {
      notReadyFor: () => {
        if (!contact.isHeard) return 'no block of the ledger has come lately'
        if (!watch.isCaughtUp) return 'what was missed is being looked at'
        return coins.isEmpty ? `there are no coins for challenges under ${coins.lock}` : undefined
      },
      statistics: () => ({
        ...{ appointments: index.size, disputes: watch.disputes, connections: sessions.size },
        ...{ ledger_height: watch.height, ledger_time: watch.time },
        coins_available: String(coins.available),
      }),
    },
    accept: (socket, address) => {
      const session: OwnerSession = new OwnerSession(socket, {
        ...{ desk, budget, address, clock },
        hello: { ...hello, nonce: parts.randomBytes(32) },
        onEnd: () => sessions.delete(session),
      })
      sessions.add(session)
    },
    stop: () => {
      stop.abort()
      watch.stop()
      for (const session of [...sessions]) session.leave()
    },
  }
}
