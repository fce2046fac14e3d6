import type { ExitPlan } from '@tallystick/client-sdk'
import { channelTotal } from '@tallystick/protocol'
import type { Command } from 'commander'
import { leaveChannel } from '../leave-channel.js'
import { serverAddress, wholeNumber } from './option-values.js'

type LeaveOptions = {
  readonly data: string
  readonly ledger: string
  readonly channel: number
  readonly whole?: true
  readonly yes?: true
  readonly json?: true
}

/** Adds `hub leave`: what an operator does about a client that never comes back. */
export function addLeaveCommand(program: Command): void {
  program
    .command('leave')
    .description(
      'close a channel alone, while the hub is stopped; without --yes only show the plan',
    )
    .requiredOption('--data <dir>', 'folder of the journal and the key')
    .requiredOption('--ledger <url>', 'address of a ledger node, http://host:port', serverAddress)
    .requiredOption('--channel <number>', 'as the ledger numbers it', wholeNumber(0, 2 ** 32 - 1))
    .option('--whole', 'the journal lacks nothing, though the client of the channel says so')
    .option('--yes', 'close it')
    .option('--json', 'print one JSON object')
    .action(leaveByCommand)
}

async function leaveByCommand(options: LeaveOptions): Promise<void> {
  const { data: dataDir, ledger: ledgerUrl, channel, whole = false, yes = false, json } = options
  let shown: ExitPlan | undefined
  const txId = await leaveChannel({ dataDir, ledgerUrl, channel, isWhole: whole }, async (plan) => {
    shown = plan
    if (yes) process.stderr.write('closing, and waiting for a block that holds it\n')
    return yes
  })
  if (shown === undefined) return
  const facts = { ...planFacts(shown), closed: txId !== undefined, tx_id: txId ?? null }
  process.stdout.write(`${json ? JSON.stringify(facts) : textOf(facts)}\n`)
}

/** What a plan says, for programs; amounts are base units. */
function planFacts({ channel, known, step }: ExitPlan) {
  const isClose = step.kind === 'forceClose'
  return {
    channel: channel.number,
    total: `${channelTotal(channel)}`,
    ...{ payout_least: `${known.least}`, payout_most: `${known.most}` },
    fee: isClose ? `${step.fee}` : '0',
    window_seconds: isClose ? step.windowSeconds : 0,
    penalty_if_old_most: isClose ? `${step.penalty}` : '0',
  }
}

function textOf(facts: ReturnType<typeof planFacts> & { readonly closed: boolean }): string {
  const { channel, total, payout_least: least, payout_most: most } = facts
  const payout = least === most ? most : `${least} to ${most}`
  return [
    `channel   ${channel} holds ${total} base units for both sides`,
    `you get   ${payout}, once ${facts.window_seconds} s have passed in which the client may answer`,
    `fee       ${facts.fee}, out of the channel`,
    `penalty   up to ${facts.penalty_if_old_most} if this journal is an old copy`,
    facts.closed
      ? 'closed    run the hub: its guard sees to the rest'
      : 'nothing was done: --yes closes it',
  ].join('\n')
}
