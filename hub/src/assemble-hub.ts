import {
  type Clock,
  GuardLoop,
  KeyCoins,
  type LedgerAccess,
  LedgerContact,
  ledgerTrouble,
  RevealLookups,
  seenReveals,
  summarizeBlock,
  type VerifiedBlock,
  waitForLedger,
} from '@tallystick/client-sdk'
import type { HubPolicy, Timestamp } from '@tallystick/protocol'
import { Closer } from './closer/closer.js'
import type { HubState } from './core/hub-state.js'
import type { HubKeys } from './hub-keys.js'
import type { HubReport } from './hub-report.js'
import { hubEventsOf } from './ledger/block-events.js'
import { endedDisputes } from './ledger/channel-ends.js'
import { ledgerPortOf } from './ledger/client-ledger-port.js'
import type { MailBoxes } from './mail/mail-boxes.js'
import { MailDesk } from './mail/mail-desk.js'
import { Pipeline } from './pipeline/pipeline.js'
import type { VerifySignatures } from './pipeline/proof-checks.js'
import { SessionDesk } from './session/session-desk.js'
import type { Journal } from './store/journal.js'

/** What a hub is made from. Journal, ledger, clock and randomness are handed in. */
export type HubParts = {
  readonly keys: HubKeys
  readonly policy: HubPolicy
  readonly ledger: LedgerAccess
  readonly journal: Journal
  /** The letters that it keeps for its clients. */
  readonly mail: MailBoxes
  /** Checks the signatures of a batch beside the main thread. */
  readonly verify: VerifySignatures
  /** See `PipelineParts`. */
  readonly aheadEventsMin?: number
  /** Ledger time of the newest block that the journal has met. */
  readonly time: Timestamp
  /** Milliseconds that the closer gathers a batch. */
  readonly gatherMs: number
  readonly clock: Clock
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
  readonly onReport: (report: HubReport) => void
  /** Told once when a promise was broken: nothing may be signed any more. */
  readonly onFault: (fault: unknown) => void
}

/** A hub at work; sockets are handed to its desk. */
export type AssembledHub = {
  readonly state: HubState
  readonly pipeline: Pipeline
  readonly desk: SessionDesk
  readonly contact: LedgerContact
  /** Takes nothing more, and hangs up. */
  stop(): void
}

/** Puts a hub together and lets it follow the ledger from where its journal ends. */
export function assembleHub(parts: HubParts): AssembledHub {
  const { keys, policy, ledger, journal, clock, onReport, onFault } = parts
  const { signer } = keys
  const { chainId } = ledger
  const stop = new AbortController()
  const patiently = <T>(work: () => Promise<T>) =>
    waitForLedger(work, {
      clock,
      signal: stop.signal,
      onTrouble: (error) => onReport(ledgerTrouble(error)),
    })
  const { stored } = journal
  const { state } = stored
  const coins = new KeyCoins(ledger, keys.treasury, policy.asset)

  const pipeline = new Pipeline({
    chainId,
    policy,
    signer,
    journal,
    verify: parts.verify,
    aheadEventsMin: parts.aheadEventsMin,
    time: parts.time,
    restoredTime: stored.restoredTime,
    randomBytes: parts.randomBytes,
    perform: (effect) => {
      const { kind } = effect
      if (kind === 'readyToClose' || kind === 'readyToWithdraw') closer.gather()
      else if (effect.kind === 'dataLost') onReport(effect)
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
      gatherMs: parts.gatherMs,
      clock,
      now: () => pipeline.now,
      onFault,
      onBatch: (batch) => onReport({ kind: 'batch', batch }),
    },
    stored.jobs,
  )
  const mail = new MailDesk({
    boxes: parts.mail,
    keys: keys.mail,
    ownsChannel: (identity) =>
      state.channelsOf(identity).some(({ party }) => party.phase.kind !== 'closed'),
    now: () => pipeline.now,
    randomBytes: parts.randomBytes,
  })
  const desk = new SessionDesk({
    chainId,
    policy,
    signer,
    state,
    pipeline,
    closer,
    mail,
    randomBytes: parts.randomBytes,
    clock,
    lookUpReveals: (items) =>
      patiently(() => seenReveals(ledger, items)).catch((error) => {
        onReport(ledgerTrouble(error))
        return undefined
      }),
    onComplaint: ({ code, detail }) => onReport({ kind: 'complaint', code, detail }),
  })
  const guard = new GuardLoop({
    ledger,
    clock,
    feePerKiloCost: ({ asset }) => ledger.feePerKiloCost(asset),
    coins,
    beforeForceClose: async (party) => {
      const { id } = party.ledger
      const events = [{ kind: 'leave', channel: id }] as const
      await pipeline.ledger({ height: undefined, time: pipeline.now, events })
      return state.channel(id)?.party ?? party
    },
    onAct: (act) => onReport({ kind: 'guard', act }),
  })

  const reveals = new RevealLookups(ledger, clock)
  const meetBlock = async ({ header, transactions, ids }: VerifiedBlock) => {
    const { height, time } = header
    const summary = summarizeBlock({ height, time, transactions, ids })
    const events = await patiently(() => hubEventsOf(ledger, state, signer.publicKey, summary))
    const news = new Set(summary.reveals.map(({ anchor }) => anchor))
    const before = [...state.busyChannels()].map(({ party }) => party)
    const ended = endedDisputes(events, state, await reveals.of(before, news), time)
    await pipeline.ledger({ height, time, events })
    for (const channel of ended) onReport({ kind: 'ended', ...channel })
    const guarded = [...state.busyChannels()].map(({ party }) => {
      return { party, signer, mayLeave: party.lostAt === undefined, unsure: false }
    })
    const parties = guarded.map(({ party }) => party)
    const revealedBy = await reveals.of(parties, news)
    // Not waited for: a node that does not answer must not hold up the next block.
    guard.act(guarded, { height, now: time, revealedBy }).catch(onFault)
    closer.meetBlock(height, summary.ids).catch(onFault)
    mail.sweep(time)
  }
  const contact = new LedgerContact(clock, () => ledger.parameters)
  const following = ledger.follow({
    from: Math.max(1, stored.height + 1),
    signal: stop.signal,
    onBlock: async (block) => {
      await meetBlock(block)
      contact.heard()
    },
    onError: (error) => {
      contact.lost()
      onReport(ledgerTrouble(error))
    },
  })
  following.catch((fault) => (stop.signal.aborted ? undefined : onFault(fault)))

  return {
    state,
    pipeline,
    desk,
    contact,
    stop: () => {
      stop.abort()
      closer.stop()
      desk.leaveAll()
      pipeline.stop()
    },
  }
}
