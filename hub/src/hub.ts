import { randomBytes } from 'node:crypto'
import { LedgerClient, ledgerTrouble, PROCESS_CLOCK, waitForLedger } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { amount, CLAIM_MARGIN_SECONDS, type HubPolicy, type PublicKey } from '@tallystick/protocol'
import { SignaturePool } from '@tallystick/protocol/workers'
import { serveHub } from './api/hub-server.js'
import { assembleHub } from './assemble-hub.js'
import type { AuditFacts } from './audit/audit-line.js'
import { AuditLog } from './audit/audit-log.js'
import { auditedHub } from './audit/audited-hub.js'
import { BackupDesk } from './backup/backup-desk.js'
import { countWaiting } from './core/waiting-items.js'
import { type HubConfig, termsOf } from './hub-config.js'
import { auditPathOf, backupsPathOf, journalPathOf, loadHubKeys, mailPathOf } from './hub-keys.js'
import type { HubReport } from './hub-report.js'
import { HUB_VERSION } from './hub-version.js'
import { timeKnown } from './ledger/time-known.js'
import { MailBoxes } from './mail/mail-boxes.js'
import { operatorToken } from './operator-token.js'
import { restoredAt, resumeAtStart } from './resume-at-start.js'
import { StartFault } from './start-fault.js'
import { openBackupRows } from './store/backup-rows.js'
import { openMailRows } from './store/mail-rows.js'
import { openSqliteJournal } from './store/sqlite-journal.js'

export type RunningHub = {
  /** Where sessions are served, `http://host:port`. */
  readonly url: string
  readonly key: PublicKey
  stop(): Promise<void>
}

/**
 * Starts a hub: journal, ledger follower, closer, guard, sessions. `onOperatorFault` is told when a
 * promise of the journal was broken; the process must end then, for nothing may be signed on top.
 * Errors: `StoreFault`, `key_missing` where `initHubKeys` was not called for the folder before.
 */
export async function startHub(
  config: HubConfig,
  onOperatorReport: (report: HubReport) => void,
  onOperatorFault: (fault: unknown) => void,
): Promise<RunningHub> {
  const keys = await loadHubKeys(config.dataDir)
  const patiently = <T>(work: () => Promise<T>) =>
    waitForLedger(work, {
      clock: PROCESS_CLOCK,
      signal: undefined,
      onTrouble: (error) => onOperatorReport(ledgerTrouble(error)),
    })
  const ledger = await patiently(() =>
    LedgerClient.connect({ url: config.ledgerUrl, openSocket: openWsSocket }),
  )
  const { chainId } = ledger
  // Headers lead to the parameters in force; those of the genesis may be long gone.
  const { time } = await patiently(() => ledger.refresh())
  const { timeStepSecondsMax } = ledger.parameters
  if (2 * timeStepSecondsMax > CLAIM_MARGIN_SECONDS) {
    // One block must not be able to jump over the time in which a taken claim can be enforced.
    const detail = `ledger time may rise by ${timeStepSecondsMax} s a block: too coarse for a hub`
    throw new StartFault(detail)
  }
  const { disputeWindowSecondsMin: least, disputeWindowSecondsMax: most } = ledger.parameters
  if (config.disputeWindowSeconds < least || config.disputeWindowSeconds > most) {
    const detail = `the ledger takes dispute windows of ${least} to ${most} seconds`
    throw new StartFault(detail)
  }
  const policy = policyOf(config, keys.payoutLock, ledger.feePerKiloCost(config.asset))
  const owner = { chainId, hub: keys.signer.publicKey }
  const journal = await openSqliteJournal(journalPathOf(config.dataDir), owner, {
    unmarked: 'refused',
    restBytes: config.restMemory * 1_048_576,
    onShelfTrouble: (detail) => onOperatorReport({ kind: 'shelfTrouble', detail }),
    ...(config.restored ? { restored: { time, channel: restoredAt(time, freshBytes) } } : {}),
  })
  // What was taken as a copy just now has asked on every channel.
  if (!config.restored) await resumeAtStart(journal, freshBytes)
  const { stored } = journal
  // Behind the lock of the journal: a second hub writes no line.
  const audit = await AuditLog.open(auditPathOf(config.dataDir), () => new Date())
  const { onReport, onFault } = auditedHub(audit, {
    onReport: onOperatorReport,
    onFault: onOperatorFault,
  })
  const backupRows = await openBackupRows(backupsPathOf(config.dataDir), chainId)
  const mail = await MailBoxes.open(
    await openMailRows(mailPathOf(config.dataDir), chainId),
    onFault,
  )
  const workers = new SignaturePool('beside')
  const hub = assembleHub({
    keys,
    policy,
    ledger,
    journal,
    mail,
    verify: (checks) => workers.verify(checks),
    time: await patiently(() => timeKnown(ledger, stored.height)),
    gatherMs: config.gatherMs,
    clock: PROCESS_CLOCK,
    randomBytes: freshBytes,
    onReport,
    onFault,
  })
  const { state, pipeline, desk, contact } = hub
  const about = describeHub(keys.signer.publicKey, chainId, policy)
  await audit.append('started', {
    ...{ version: HUB_VERSION, restored: config.restored },
    ...{ channels: stored.state.pages.size, height: stored.height },
    ...(stored.restoredTime === undefined ? {} : { restored_time: stored.restoredTime }),
    ...about,
  })

  const backups = await BackupDesk.open({
    rows: backupRows,
    channelOf: (identity) => state.channelsOf(identity)[0]?.party.ledger.id,
    clock: PROCESS_CLOCK,
    onFault,
  })
  const server = await serveHub({
    host: config.host,
    port: config.port,
    trustedProxies: config.trustProxy,
    admits: (address) => desk.admits(address),
    onSocket: (socket, address) => desk.open(socket, address),
    backups: { desk: backups, chainId, hub: keys.signer.publicKey, now: () => pipeline.now },
    payments: {
      finished: (...asked) => journal.finished(...asked),
      token: await operatorToken(config.dataDir),
      now: () => pipeline.now,
      onFault,
    },
    information: {
      notReadyFor: () => (contact.isHeard ? undefined : 'no block of the ledger has come lately'),
      describe: () => about,
      statistics: async () => ({
        channels: state.pages.size,
        sessions: desk.size,
        queued: pipeline.queued,
        // A channel for whose lane something waits is busy.
        waiting: countWaiting(state.busyChannels()),
        letters: mail.size,
        ledger_time: pipeline.now,
        payments: (await journal.totals()).map(({ status, count, amount: sum, fee }) => {
          return { status, count, amount: String(sum), fee: String(fee) }
        }),
      }),
    },
  })
  journal.checkHistory().catch(onFault)
  return {
    url: server.url,
    key: keys.signer.publicKey,
    stop: once(async () => {
      hub.stop()
      await server.close()
      // Its last batch still asks the workers, and the journal.
      await pipeline.ended()
      await backups.close()
      await mail.close()
      await workers.stop()
      await journal.close()
      await audit.append('stopped', {})
      await audit.close()
    }),
  }
}

/** However often it is asked for, it is done once. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

function freshBytes(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length))
}

function policyOf(
  config: HubConfig,
  payoutLock: HubPolicy['payoutLock'],
  feePerKiloCost: number,
): HubPolicy {
  if (feePerKiloCost === 0) {
    const detail = `the ledger takes no fees in asset ${config.asset}`
    throw new StartFault(detail)
  }
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
): AuditFacts {
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
