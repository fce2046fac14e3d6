import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { runCrashes } from './crash/run-crashes.js'

/** Exit codes: 0 nothing was lost, 1 something was, or the network could not be kept running. */
const EXIT = { wrong: 1 } as const

const { kills, seed, json } = new Command('crash')
  .description(
    'Kill ledger, hub, tower and wallets at random moments of a load, and look for what is lost',
  )
  .option('--kills <number>', 'processes to kill', wholeNumber, 100)
  .option('--seed <number>', 'of the moments and victims', wholeNumber, randomInt(2 ** 31))
  .option('--json', 'print the report in one line; progress goes to standard error in any case')
  .parse()
  .opts<{ kills: number; seed: number; json?: true }>()

const say = (line: string) => void process.stderr.write(`${line}\n`)
const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-crash-'))
say(`seed ${seed}`)
try {
  const report = await runCrashes({ dataDir, kills, seed, onProgress: say })
  process.stdout.write(`${JSON.stringify(report, undefined, json ? undefined : 2)}\n`)
  if (report.wrong.length > 0) process.stderr.write(`everything is kept in ${dataDir}\n`)
  else rmSync(dataDir, { recursive: true, force: true })
  process.exit(report.wrong.length === 0 ? 0 : EXIT.wrong)
} catch (error) {
  const detail = error instanceof Error ? error.message : String(error)
  process.stderr.write(`crash: seed ${seed}: ${detail}\neverything is kept in ${dataDir}\n`)
  process.exit(EXIT.wrong)
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError('a whole number is due')
  return Number(text)
}
