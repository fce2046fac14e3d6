import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import {
  LedgerClient,
  LedgerContact,
  LedgerError,
  OutcomeNews,
  PROCESS_CLOCK,
  summarizeBlock,
} from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  type LockRoot,
  type PublicKey,
  TOWER_VERSION,
  type TowerPolicy,
} from '@tallystick/protocol'
import { serveTower } from './api/tower-server.js'
import { ChannelLookup } from './session/channel-lookup.js'
import { OwnerSession } from './session/owner-session.js'
import { RequestBudget } from './session/request-budget.js'
import { RequestDesk } from './session/request-desk.js'
import { StartFault } from './start-fault.js'
import { openSqliteTowerStore } from './store/sqlite-tower-store.js'
import type { TowerConfig } from './tower-config.js'
import { loadTowerKeys, storePathOf } from './tower-keys.js'
import { waitForLedger } from './wait-for-ledger.js'
import { RecordIndex } from './watch/record-index.js'
import { TowerCoins } from './watch/tower-coins.js'
import { Watch, type WatchAct } from './watch/watch.js'

/** What a tower reports to its operator while it runs. */
export type TowerReport =
  | ({ readonly kind: 'watch' } & WatchAct)
  | { readonly kind: 'ledgerTrouble'; readonly code: string }
  /** No coins for fees are left under the tower's payout lock, or there are some again. */
  | { readonly kind: 'unfunded' | 'funded'; readonly payout_lock: LockRoot }

export type RunningTower = {
  /** Where owners are served, `http://host:port`. */
  readonly url: string
  readonly key: PublicKey
  stop(): Promise<void>
}

/**
 * Starts a tower: store, ledger follower, watch, owners' sessions. `onFault` is told once when a
 * promise of the store was broken; the process must end then. Errors: `StoreFault`, `key_missing` where
 * `initTowerKeys` was not called for the folder before.
 */
export async function startTower(
  config: TowerConfig,
  onReport: (report: TowerReport) => void,
  onFault: (fault: unknown) => void,
): Promise<RunningTower> {
  const keys = await loadTowerKeys(config.dataDir)
  const { guard, payoutLock } = keys
  const stop = new AbortController()
  // What is under way when the tower stops finds its store closed: nobody was answered for it.
  const onStoreFault = (fault: unknown) => (stop.signal.aborted ? undefined : onFault(fault))
  const onTrouble = (error: unknown) => {
    const code = error instanceof LedgerError ? error.code : 'ledger_unreachable'
    onReport({ kind: 'ledgerTrouble', code })
  }
  const patiently = <T>(work: () => Promise<T>) => waitForLedger(work, stop.signal, onTrouble)
  const ledger = await patiently(() =>
    LedgerClient.connect({ url: config.ledgerUrl, openSocket: openWsSocket }),
  )
  const { chainId } = ledger
  const tip = await patiently(() => ledger.refresh(stop.signal))
  if (ledger.feePerKiloCost(config.asset) === 0) {
    const detail = `the ledger takes no fees in asset ${config.asset}`
    throw new StartFault(detail)
  }
  const store = await openSqliteTowerStore(storePathOf(config.dataDir), {
    ...{ chainId, tower: guard.publicKey, isRestored: config.restored },
  })
  const stored = await store.load()
  const index = new RecordIndex(stored.entries)
  const coins = new TowerCoins(ledger, { signer: keys.coins, guard, asset: config.asset })
  await patiently(() => coins.refresh())
  // Blocks tell what has changed, proofs tell how things are: whichever takes fewer answers.
  const isBehindFar = stored.height < 1 || tip.height - stored.height > index.size
  const news = new OutcomeNews()
  const watch = new Watch(
    {
      ...{ ledger, store, index, coins, onFault: onStoreFault },
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
  const contact = new LedgerContact(PROCESS_CLOCK, () => ledger.parameters)
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

  const policy: TowerPolicy = {
    asset: config.asset,
    bountyPpmMin: config.bountyPpmMin,
    payoutLock,
    appointmentSecondsMax: config.appointmentSecondsMax,
  }
  const desk = new RequestDesk({
    ...{ store, index, signer: guard, policy, onFault: onStoreFault },
    lookup: new ChannelLookup(ledger),
    recordsMax: config.appointmentsMax,
    recordsPerKeyMax: config.appointmentsPerKeyMax,
    now: () => watch.time,
    // A new one may be of a channel that a block has changed meanwhile.
    onKept: (name, isNew) => {
      if (isNew || watch.concerns(name)) watch.look(name)
    },
  })
  const budget = new RequestBudget()
  const sessions = new Set<OwnerSession>()
  const hello = { version: TOWER_VERSION, chainId, tower: guard.publicKey, policy }
  const server = await serveTower({
    ...{ host: config.host, port: config.port },
    onSocket: (socket, address) => {
      const session: OwnerSession = new OwnerSession(socket, {
        ...{ desk, budget, address, nowMs: () => performance.now() },
        hello: { ...hello, nonce: new Uint8Array(randomBytes(32)) },
        onEnd: () => sessions.delete(session),
      })
      sessions.add(session)
    },
    information: {
      notReadyFor: () => {
        if (!contact.isHeard) return 'no block of the ledger has come lately'
        if (!watch.isCaughtUp) return 'what was missed is being looked at'
        return coins.isEmpty ? `there are no coins for challenges under ${coins.lock}` : undefined
      },
      describe: () => describeTower(guard.publicKey, chainId, policy, config),
      statistics: () => ({
        ...{ appointments: index.size, disputes: watch.disputes, connections: sessions.size },
        ...{ ledger_height: watch.height, ledger_time: watch.time },
        coins_available: String(coins.available),
      }),
    },
  })
  return {
    url: server.url,
    key: guard.publicKey,
    stop: async () => {
      stop.abort()
      watch.stop()
      for (const session of [...sessions]) session.leave()
      await server.close()
      await store.close()
    },
  }
}

function describeTower(
  key: PublicKey,
  chainId: string,
  policy: TowerPolicy,
  { appointmentsMax, appointmentsPerKeyMax }: TowerConfig,
): object {
  return {
    ...{ key, chain_id: chainId, version: TOWER_VERSION, asset: policy.asset },
    bounty_ppm_min: policy.bountyPpmMin,
    payout_lock: policy.payoutLock,
    appointment_seconds_max: policy.appointmentSecondsMax,
    ...{ appointments_max: appointmentsMax, appointments_per_key_max: appointmentsPerKeyMax },
  }
}
