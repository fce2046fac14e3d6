import { randomBytes } from 'node:crypto'
import { LedgerClient, ledgerTrouble, PROCESS_CLOCK, waitForLedger } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { type PublicKey, TOWER_VERSION, type TowerPolicy } from '@tallystick/protocol'
import { serveTower } from './api/tower-server.js'
import { assembleTower, type TowerReport } from './assemble-tower.js'
import { StartFault } from './start-fault.js'
import { openSqliteTowerStore } from './store/sqlite-tower-store.js'
import type { TowerConfig } from './tower-config.js'
import { loadTowerKeys, storePathOf } from './tower-keys.js'

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
  const { guard } = keys
  const patiently = <T>(work: () => Promise<T>) =>
    waitForLedger(work, {
      clock: PROCESS_CLOCK,
      signal: undefined,
      onTrouble: (error) => onReport(ledgerTrouble(error)),
    })
  const ledger = await patiently(() =>
    LedgerClient.connect({ url: config.ledgerUrl, openSocket: openWsSocket }),
  )
  const { chainId } = ledger
  const tip = await patiently(() => ledger.refresh())
  if (ledger.feePerKiloCost(config.asset) === 0) {
    const detail = `the ledger takes no fees in asset ${config.asset}`
    throw new StartFault(detail)
  }
  const store = await openSqliteTowerStore(storePathOf(config.dataDir), {
    ...{ chainId, tower: guard.publicKey, isRestored: config.restored },
  })
  const tower = await assembleTower({
    ...{ keys, terms: config, ledger, tip, store, onReport, onFault },
    clock: PROCESS_CLOCK,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  })
  const server = await serveTower({
    ...{ host: config.host, port: config.port },
    onSocket: (socket, address) => tower.accept(socket, address),
    information: {
      ...tower.information,
      describe: () => describeTower(guard.publicKey, chainId, tower.policy, config),
    },
  })
  return {
    url: server.url,
    key: guard.publicKey,
    stop: async () => {
      tower.stop()
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
