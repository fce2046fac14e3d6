import {
  type ExitPlan,
  GuardPayments,
  itemReveals,
  KeyCoins,
  type LeavingParty,
  LedgerClient,
  leavingPlan,
  planExit,
  wayOut,
} from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  type ChannelNumber,
  type ChannelParty,
  isClosing,
  isRejection,
  leave,
  seeLedger,
  type TxId,
} from '@tallystick/protocol'
import { AuditLog } from './audit/audit-log.js'
import { auditPathOf, journalPathOf, loadHubKeys } from './hub-keys.js'
import { LeaveFault } from './leave-fault.js'
import { openSqliteJournal } from './store/sqlite-journal.js'

export type LeaveOrder = {
  readonly dataDir: string
  readonly ledgerUrl: string
  readonly channel: ChannelNumber
  /** The operator vouches for the journal, though a client has said that it lacks something. */
  readonly isWhole: boolean
}

/**
 * HUB-11: closes one channel alone in the name of a hub that does not run, once `confirm` has seen what
 * that brings and costs. Kept once a block holds it; the hub's guard does the rest when it runs again.
 * `undefined`: not confirmed, and nothing was done. Errors: `LeaveFault`, `StoreFault`, `LedgerError`.
 */
export async function leaveChannel(
  { dataDir, ledgerUrl, channel: number, isWhole }: LeaveOrder,
  confirm: (plan: ExitPlan) => Promise<boolean>,
): Promise<TxId | undefined> {
  const keys = await loadHubKeys(dataDir)
  const ledger = await LedgerClient.connect({ url: ledgerUrl, openSocket: openWsSocket })
  const { chainId } = ledger
  const { time: now } = await ledger.refresh()
  const owner = { chainId, hub: keys.signer.publicKey }
  const journal = await openSqliteJournal(journalPathOf(dataDir), owner, { unmarked: 'refused' })
  try {
    const held = journal.stored.state.channelByNumber(number)
    if (held === undefined) {
      throw new LeaveFault('channel_unknown', `this hub has no channel ${number}`)
    }
    const { value: channel } = await ledger.channel(number)
    const seen = seeLedger(held.party, channel, now)
    requireOpen(seen, number)
    requireKnown(seen, isWhole)
    const party = leave(seen)
    const leaving: LeavingParty = {
      ...{ chainId, party, signer: keys.signer, unsure: false, now },
      feePerKiloCost: ledger.feePerKiloCost(party.ledger.asset),
    }
    const revealedBy = await itemReveals(ledger, party)
    const way = wayOut(leaving, false)
    const sight = { chainId, now, revealedBy }
    const plan = planExit(party.ledger, 'hub', { way, answer: undefined }, sight)
    if (isRejection(plan)) throw new LeaveFault('close_refused', `${plan.code}: ${plan.detail}`)
    if (!(await confirm(plan))) return undefined
    // From here on nothing is signed on the channel, whatever becomes of the close.
    const rows = new Map([[party.ledger.id, { ...held, party }]])
    await journal.commit({ channels: rows, payments: new Map(), reveals: new Set() }, undefined)
    const audit = await AuditLog.open(auditPathOf(dataDir), () => new Date())
    await audit.append('left', { channel: number, vouched: isWhole })
    await audit.close()
    const payments = new GuardPayments({
      ledger,
      coins: new KeyCoins(ledger, keys.treasury, party.ledger.asset),
      feePerKiloCost: ({ asset }) => ledger.feePerKiloCost(asset),
    })
    const { signer, operations, reveals } = leavingPlan(leaving)
    const id = await payments.pay('leave', { party, signer }, { operations, reveals })
    if (isRejection(id)) throw new LeaveFault('close_refused', `${id.code}: ${id.detail}`)
    await ledger.confirmed(id)
    return id
  } finally {
    await journal.close()
  }
}

function requireOpen({ ledger, phase }: ChannelParty, number: ChannelNumber): void {
  if (phase.kind !== 'closed' && !isClosing(ledger)) return
  const detail = `channel ${number} is closing or settled already: the hub's guard sees to it`
  throw new LeaveFault('channel_closing', detail)
}

/** Who shows an old state loses its penalty: lost books are never enough (DSP-9). */
function requireKnown({ resuming, lostAt }: ChannelParty, isWhole: boolean): void {
  if (isWhole || (resuming === undefined && lostAt === undefined)) return
  const detail =
    'its client says that this journal lacks what was signed; if no copy of it was ever put back, --whole closes all the same'
  throw new LeaveFault('data_lost', detail)
}
