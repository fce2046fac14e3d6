import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { WRONG_USE } from './wrong-use.js'

/** The compiled simulator, seen from the compiled file. */
const SIMULATOR = new URL('../../test/dist/simulation/', import.meta.url)
const SEED_MAX = 2 ** 31 - 1
const COUNT_MAX = 1_000_000_000

/** Exit codes: 0 every invariant held, 1 one did not, 2 wrong use. */
const program = new Command('sim')
  .description(
    'Ledger, hub, wallets and watchtowers in one process on virtual time, network and disk',
  )
  .option(
    '--seed <number>',
    'the same run again, 0 to 2^31-1; absent: a random one',
    whole(0, SEED_MAX),
  )
  .option('--seeds <number>', 'so many seeds in a row', whole(1, COUNT_MAX), 1)
  .option('--steps <number>', 'events after which everybody leaves', whole(1, COUNT_MAX), 3_000)
  .option('--replay <file>', 'a script that a failing run has printed, instead of a seed')
  .option('--no-shrink', 'print the whole script of a failing run')
  .option('--real-signatures', 'Ed25519 instead of symbolic signatures; slower')
  .option('--mutants [name]', 'try whether deliberate defects are found: all of them, or one')
  .option('--json', 'print JSON lines only')
  .configureOutput(WRONG_USE)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
const options = program.opts<{
  seed?: number
  seeds: number
  steps: number
  replay?: string
  shrink: boolean
  realSignatures?: true
  mutants?: string | true
  json?: true
}>()
if (options.replay !== undefined && !holdsScript(options.replay)) {
  program.error(`${options.replay} is no file with a script that a failing run has printed`)
}
const json = options.json === true
const order =
  options.mutants === undefined
    ? {
        ...{
          seed: options.seed ?? randomInt(SEED_MAX),
          seeds: options.seeds,
          steps: options.steps,
        },
        ...{ json, shrink: options.shrink, realSignatures: options.realSignatures === true },
        ...(options.replay !== undefined && { replay: options.replay }),
      }
    : { json, ...(options.mutants !== true && { name: options.mutants }) }
const script = options.mutants === undefined ? 'run.js' : 'run-mutants.js'
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', fileURLToPath(new URL(script, SIMULATOR)), JSON.stringify(order)],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`a whole number of ${min} to ${max} is due`)
  }
}

/** Whether a file looks like a script; what its actions are, the simulator knows. */
function holdsScript(path: string): boolean {
  try {
    const { setup, actions } = JSON.parse(readFileSync(path, 'utf8'))
    return Number.isSafeInteger(setup.seed) && Array.isArray(actions)
  } catch {
    // Not there, not JSON, or JSON of something else.
    return false
  }
}
