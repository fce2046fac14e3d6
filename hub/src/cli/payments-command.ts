import { loadSeedFile } from '@tallystick/client-sdk/node'
import { CommandError } from '@tallystick/daemon'
import { toHex } from '@tallystick/protocol'
import type { Command } from 'commander'
import { operatorTokenPathOf } from '../operator-token.js'
import { serverAddress, wholeNumber } from './option-values.js'

/** One payment of `/v1/payments`. */
type Listed = {
  readonly anchor: string
  readonly status: string
  readonly time: number
  readonly amount: string
  readonly fee: string
  readonly parts: readonly ListedPart[]
}
/** One of its items; amounts are those of a tick. */
type ListedPart = {
  readonly from_channel: string
  readonly to_channel: string
  readonly amount: string
  readonly fee: string
  readonly ticks: number
  readonly paid_ticks: number
}
type Page = {
  readonly payments: readonly Listed[]
  readonly next: string | null
  readonly more: boolean
}

type Answer = Page & { readonly code?: string; readonly detail?: string }

type PaymentsOptions = {
  readonly data: string
  readonly hub: string
  readonly after?: string
  readonly limit?: number
  readonly json?: true
}

/** Payments that are asked for at a time. */
const PAGE = 1_000

/** Adds `hub payments`: what has been paid through a hub that runs. */
export function addPaymentsCommand(program: Command): void {
  program
    .command('payments')
    .description('list the payments that have ended, oldest first, of a hub that runs')
    .requiredOption('--data <dir>', 'folder of the journal and the key')
    .option('--hub <url>', 'address of the hub', serverAddress, 'http://127.0.0.1:9740')
    .option('--after <cursor>', 'go on where another list has ended')
    .option('--limit <count>', 'so many at most', wholeNumber(1, 1_000_000_000))
    .option('--json', 'print one JSON object per line, the cursor last')
    .addHelpText('after', '\nA payment is listed once the ledger has the next block.')
    .action(listPayments)
}

async function listPayments({ data, hub, after, limit, json }: PaymentsOptions): Promise<void> {
  const token = toHex(await loadSeedFile(operatorTokenPathOf(data)))
  let left = limit ?? Number.POSITIVE_INFINITY
  let next = after ?? null
  for (let more = true; more && left > 0; ) {
    const page = await pageOf(hub, token, next, Math.min(left, PAGE))
    for (const payment of page.payments) {
      process.stdout.write(`${json ? JSON.stringify(payment) : lineOf(payment)}\n`)
    }
    left -= page.payments.length
    next = page.next
    more = page.more
  }
  const end = { event: 'listed', next }
  const text = next === null ? 'no payment has ended' : `go on with --after ${next}`
  process.stdout.write(`${json ? JSON.stringify(end) : text}\n`)
}

async function pageOf(
  hub: string,
  token: string,
  after: string | null,
  limit: number,
): Promise<Page> {
  const query = new URLSearchParams({ limit: String(limit), ...(after !== null && { after }) })
  const headers = { authorization: `Bearer ${token}` }
  const asked = fetch(new URL(`/v1/payments?${query}`, hub), { headers })
  const answered = asked.then(async (answer) => ({ answer, body: (await answer.json()) as Answer }))
  const { answer, body } = await answered.catch((cause) => {
    const why = String(cause?.cause?.message ?? cause)
    const detail = `no hub answers at ${hub}: ${why}; one that has ended says why in its log`
    throw new CommandError('hub_unreachable', detail)
  })
  if (!answer.ok) throw new CommandError(body.code ?? 'hub_unreachable', body.detail ?? hub)
  return body
}

function lineOf({ time, status, amount, fee, anchor, parts }: Listed): string {
  const at = new Date(1_000 * time).toISOString()
  const line = `${at}  ${status.padEnd(7)}  ${amount.padStart(12)} + ${fee} fee  ${anchor}`
  const [{ ticks, paid_ticks: paid } = { ticks: 1, paid_ticks: 1 }] = parts
  if (parts.length > 1) return `${line}  in ${parts.length} parts`
  return ticks > 1 ? `${line}  ${paid} of ${ticks} ticks` : line
}
