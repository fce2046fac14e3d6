import { printFacts } from '@tallystick/daemon'
import type { Command } from 'commander'
import { ANSWERED } from '../api/answers.js'
import { askMerchant, type ServerPlace } from './ask-merchant.js'
import { place } from './key-commands.js'

type EventsOptions = ServerPlace & {
  readonly after?: string
  readonly follow?: true
  readonly json?: true
}

/** Seconds that an empty look waits for news. */
const WAIT_SECONDS = 30

/** Adds `tally-merchant events`: what has happened, of a server that runs. */
export function addEventsCommand(program: Command): void {
  place(program.command('events'))
    .description('list events, oldest first, of a server that runs')
    .option('--after <id>', 'go on behind this event')
    .option('--follow', 'wait for more until stopped with Ctrl-C')
    .action(listEvents)
}

async function listEvents({ after, follow, json, ...at }: EventsOptions): Promise<void> {
  for (let cursor = after ?? null, more = true; more; ) {
    const wait = follow === true ? WAIT_SECONDS : 0
    const query = new URLSearchParams({ wait: String(wait), ...(cursor && { after: cursor }) })
    const page = ANSWERED.events.parse(await askMerchant(at, `/v1/events?${query}`))
    for (const event of page.data) {
      const { id, type, time, data } = event
      const at = new Date(1_000 * time).toISOString()
      printFacts(json, event, `${at}  ${id}  ${type.padEnd(18)} ${data.id}`)
    }
    cursor = page.next
    more = page.has_more || follow === true
  }
}
