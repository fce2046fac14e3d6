import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type GuardAct,
  GuardLoop,
  KeyCoins,
  LedgerClient,
  revealLookupOf,
  summarizeBlock,
  type VerifiedBlock,
} from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  amount,
  CLAIM_MARGIN_SECONDS,
  type HubPolicy,
  type PublicKey,
  timestamp,
} from '@tallystick/protocol'
import { serveHub } from './api/hub-server.js'
import { BackupDesk } from './backup/backup-desk.js'
import { type BatchReport, Closer } from './closer/closer.js'
import { HubState } from './core/hub-state.js'
import { type HubConfig, termsOf } from './hub-config.js'
import { loadHubKeys } from './hub-keys.js'
import { hubEventsOf } from './ledger/block-events.js'
import { ledgerPortOf } from './ledger/client-ledger-port.js'
import { waitForLedger } from './ledger/wait-for-ledger.js'
import { Pipeline } from './pipeline/pipeline.js'
import { SessionDesk } from './session/session-desk.js'
import { openBackupRows } from './store/backup-rows.js'
import { openSqliteJournal } from './store/sqlite-journal.js'

/** What a hub reports to its operator while it runs. */
export type HubReport =
  | { readonly kind: 'batch'; readonly batch: BatchReport }
  | { readonly kind: 'guard'; readonly act: GuardAct }
  | { readonly kind: 'ledgerTrouble'; readonly error: unknown }
  | { readonly kind: 'complaint'; readonly code: string; readonly detail: string }

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
  const keys = await loadHubKeys(join(config.dataDir, 'hub.key'))
  const stop = new AbortController()
  const patiently = <T>(work: () => Promise<T>) =>
    waitForLedger(work, stop.signal, (error) => onReport({ kind: 'ledgerTrouble', error }))
  const ledger = await patiently(() =>
    LedgerClient.connect({ url: config.ledgerUrl, openSocket: openWsSocket }),
  )
  const { chainId, genesis } = ledger
  // Headers lead to the parameters in force; those of the genesis may be long gone.
  await patiently(() => ledger.refresh(stop.signal))
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
  const journal = await openSqliteJournal(join(config.dataDir, 'hub.db'), chainId)
  const stored = await journal.load()
  const backupRows = await openBackupRows(join(config.dataDir, 'backups.db'))
  const state = new HubState(stored.channels)
  const { signer } = keys
  const coins = new KeyCoins(ledger, keys.treasury, config.asset)

  const pipeline = new Pipeline({
    chainId,
    policy,
    signer,
    state,
    journal,
    time: timestamp(genesis.time),
    perform: (effect) => {
      if (effect.kind === 'readyToClose') closer.gather()
      else desk.perform(effect)
    },
    onFault,
  })
  const closer = new Closer(
    {
      chainId,
      policy,
      signer,
      state,
      journal,
      coins,
      ledger: ledgerPortOf(ledger),
      gatherMs: config.gatherMs,
      now: () => pipeline.now,
      onFault,
      onBatch: (batch) => onReport({ kind: 'batch', batch }),
    },
    stored.jobs,
  )
  const desk = new SessionDesk({
    chainId,
    policy,
    signer,
    state,
    pipeline,
    closer,
    onComplaint: ({ code, detail }) => onReport({ kind: 'complaint', code, detail }),
  })
  const guard = new GuardLoop({
    ledger,
    feePerKiloCost: ({ asset }) => ledger.feePerKiloCost(asset),
    revealWithCoins: (reveal) => coins.build({ reveals: [reveal] }),
    beforeForceClose: async (party) => {
      const { id } = party.ledger
      const events = [{ kind: 'leave', channel: id }] as const
      await pipeline.ledger({ height: undefined, time: pipeline.now, events })
      return state.channel(id)?.party ?? party
    },
    onAct: (act) => onReport({ kind: 'guard', act }),
  })

  const meetBlock = async ({ header, transactions, ids }: VerifiedBlock) => {
    const { height, time } = header
    const summary = summarizeBlock({ height, time, transactions, ids })
    const events = await patiently(() => hubEventsOf(ledger, state, signer.publicKey, summary))
    await pipeline.ledger({ height, time, events })
    await patiently(() => closer.meetBlock(height, summary.ids))
    const guarded = [...state.busyChannels()].map(({ party }) => ({ party, signer }))
    const parties = guarded.map(({ party }) => party)
    const revealedBy = await patiently(() => revealLookupOf(ledger, parties))
    await guard.act(guarded, { height, now: time, revealedBy })
  }
  const following = ledger.follow({
    from: Math.max(1, stored.height + 1),
    signal: stop.signal,
    onBlock: meetBlock,
    onError: (error) => onReport({ kind: 'ledgerTrouble', error }),
  })
  following.catch((fault) => (stop.signal.aborted ? undefined : onFault(fault)))

  const backups = await BackupDesk.open({
    rows: backupRows,
    ownsChannel: (identity) => state.channelsOf(identity).length > 0,
    clock: () => performance.now(),
    onFault,
  })
  const server = await serveHub({
    host: config.host,
    port: config.port,
    admits: (address) => desk.admits(address),
    onSocket: (socket, address) => desk.open(socket, address),
    backups: { desk: backups, chainId, hub: signer.publicKey, now: () => pipeline.now },
    information: {
      ready: () => pipeline.now > genesis.time,
      describe: () => describeHub(signer.publicKey, chainId, policy),
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
    key: signer.publicKey,
    stop: async () => {
      stop.abort()
      closer.stop()
      desk.leaveAll()
      pipeline.stop()
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
