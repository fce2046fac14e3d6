import { setTimeout } from 'node:timers/promises'
import { printFacts, stopWhenAsked } from '@tallystick/daemon'
import type { Command } from 'commander'
import { ANSWERED } from '../api/answers.js'
import { askMerchant, type ServerPlace } from './ask-merchant.js'
import { followEvents } from './follow-events.js'
import { place } from './key-commands.js'

type EventsOptions = ServerPlace & {
  readonly after?: string
  readonly follow?: true
  readonly json?: true
}

/** Seconds that an empty look waits for news. */
const WAIT_SECONDS = 30
/** Milliseconds until a server that went away is asked again. */
const AGAIN_MS = 1_000

/** Adds `tally-merchant events`: what has happened, of a server that runs. */
export function addEventsCommand(program: Command): void {
  place(program.command('events'))
    .description('list events, oldest first, of a server that runs')
    .option('--after <id>', 'go on behind this event')
    .option('--follow', 'wait for more until stopped with Ctrl-C, also while the server restarts')
    .action(listEvents)
}

async function listEvents({ after, follow, json, ...at }: EventsOptions): Promise<void> {
  const isFollowing = follow === true
  if (isFollowing) endWhenAsked()
  await followEvents({
    ...{ after: after ?? null, isFollowing },
    ask: async (cursor) => {
      const wait = isFollowing ? WAIT_SECONDS : 0
      const query = new URLSearchParams({ wait: String(wait), ...(cursor && { after: cursor }) })
      return ANSWERED.events.parse(await askMerchant(at, `/v1/events?${query}`))
    },
    tell: (event) => {
      const { id, type, time, data } = event
      const at = new Date(1_000 * time).toISOString()
      printFacts(json, event, `${at}  ${id}  ${type.padEnd(18)} ${data.id}`)
    },
    pause: async (attempt) => {
      if (attempt === 0) process.stderr.write(`no server answers at ${at.url}: waiting for it\n`)
      await setTimeout(AGAIN_MS)
    },
  })
}

/** Nothing is left lying by who only reads: Ctrl-C is how it ends, and so is a reader that goes. */
function endWhenAsked(): void {
  stopWhenAsked(false, () => undefined)
  process.stdout.once('error', () => process.exit())
}
