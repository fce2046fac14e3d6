import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerClient, PROCESS_CLOCK } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { amount, CLAIM_MARGIN_SECONDS, type HubPolicy, type PublicKey } from '@tallystick/protocol'
import { serveHub } from './api/hub-server.js'
import { assembleHub } from './assemble-hub.js'
import { BackupDesk } from './backup/backup-desk.js'
import { type HubConfig, termsOf } from './hub-config.js'
import { journalPathOf, loadHubKeys } from './hub-keys.js'
import type { HubReport } from './hub-report.js'
import { waitForLedger } from './ledger/wait-for-ledger.js'
import { openBackupRows } from './store/backup-rows.js'
import { openSqliteJournal } from './store/sqlite-journal.js'

export type RunningHub = {
  /** Where sessions are served, `http://host:port`. */
  readonly url: string
  readonly key: PublicKey
  stop(): Promise<void>
}

/**
 * Starts a hub: journal, ledger follower, closer, guard, sessions. `onFault` is told once when a
 * promise of the journal was broken; the process must end then, for nothing may be signed on top.
 */
export async function startHub(
  config: HubConfig,
  onReport: (report: HubReport) => void,
  onFault: (fault: unknown) => void,
): Promise<RunningHub> {
  await mkdir(config.dataDir, { recursive: true })
  const keys = await loadHubKeys(config.dataDir)
  const patiently = <T>(work: () => Promise<T>) =>
    waitForLedger(work, {
      clock: PROCESS_CLOCK,
      signal: undefined,
      onTrouble: (error) => onReport({ kind: 'ledgerTrouble', error }),
    })
  const ledger = await patiently(() =>
    LedgerClient.connect({ url: config.ledgerUrl, openSocket: openWsSocket }),
  )
  const { chainId, genesis } = ledger
  // Headers lead to the parameters in force; those of the genesis may be long gone.
  await patiently(() => ledger.refresh())
  const { timeStepSecondsMax } = ledger.parameters
  if (2 * timeStepSecondsMax > CLAIM_MARGIN_SECONDS) {
    // One block must not be able to jump over the time in which a taken claim can be enforced.
    throw new Error(`ledger time may rise by ${timeStepSecondsMax} s a block: too coarse for a hub`)
  }
  const { disputeWindowSecondsMin: least, disputeWindowSecondsMax: most } = ledger.parameters
  if (config.disputeWindowSeconds < least || config.disputeWindowSeconds > most) {
    throw new Error(`the ledger takes dispute windows of ${least} to ${most} seconds`)
  }
  const policy = policyOf(config, keys.payoutLock, ledger.feePerKiloCost(config.asset))
  const journal = await openSqliteJournal(journalPathOf(config.dataDir), chainId, {
    unmarked: 'refused',
  })
  const stored = await journal.load()
  const backupRows = await openBackupRows(join(config.dataDir, 'backups.db'), chainId)
  const hub = assembleHub({
    keys,
    policy,
    ledger,
    journal,
    stored,
    gatherMs: config.gatherMs,
    clock: PROCESS_CLOCK,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    onReport,
    onFault,
  })
  const { state, pipeline, desk } = hub

  const backups = await BackupDesk.open({
    rows: backupRows,
    ownsChannel: (identity) => state.channelsOf(identity).length > 0,
    clock: PROCESS_CLOCK,
    onFault,
  })
  const server = await serveHub({
    host: config.host,
    port: config.port,
    admits: (address) => desk.admits(address),
    onSocket: (socket, address) => desk.open(socket, address),
    backups: { desk: backups, chainId, hub: keys.signer.publicKey, now: () => pipeline.now },
    information: {
      ready: () => pipeline.now > genesis.time,
      describe: () => describeHub(keys.signer.publicKey, chainId, policy),
      statistics: async () => ({
        channels: [...state.channels()].length,
        sessions: desk.size,
        queued: pipeline.queued,
        ledger_time: pipeline.now,
        payments: (await journal.totals()).map(({ status, count, amount: sum, fee }) => {
          return { status, count, amount: String(sum), fee: String(fee) }
        }),
      }),
    },
  })
  return {
    url: server.url,
    key: keys.signer.publicKey,
    stop: async () => {
      hub.stop()
      await server.close()
      await backups.close()
      await journal.close()
    },
  }
}

function policyOf(
  config: HubConfig,
  payoutLock: HubPolicy['payoutLock'],
  feePerKiloCost: number,
): HubPolicy {
  if (feePerKiloCost === 0) throw new Error(`the ledger takes no fees in asset ${config.asset}`)
  return {
    asset: config.asset,
    payoutLock,
    terms: termsOf(config, feePerKiloCost),
    feeBase: amount(config.feeBase),
    feePpm: config.feePpm,
    inboundMax: amount(config.inboundMax),
  }
}

function describeHub(
  key: PublicKey,
  chainId: string,
  { asset, terms, ...policy }: HubPolicy,
): object {
  return {
    key,
    chain_id: chainId,
    asset,
    payout_lock: policy.payoutLock,
    fee_base: String(policy.feeBase),
    fee_ppm: policy.feePpm,
    inbound_max: String(policy.inboundMax),
    terms: {
      dispute_window_seconds: terms.disputeWindowSeconds,
      unsure_window_seconds: terms.unsureWindowSeconds,
      client_penalty_ppm: terms.clientPenaltyPpm,
      hub_penalty_ppm: terms.hubPenaltyPpm,
      items_max: terms.itemsMax,
      expiry_seconds_max: terms.expirySecondsMax,
      item_amount_min: String(terms.itemAmountMin),
      exit_reserve: String(terms.exitReserve),
    },
  }
}
