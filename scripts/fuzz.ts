import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'

/** The compiled fuzzer, seen from the compiled file. */
const RUN = fileURLToPath(new URL('../../test/dist/fuzz/long-run.js', import.meta.url))
const SEED_MAX = 2 ** 31 - 1
const SECONDS_MAX = 30 * 86_400

/** Exit codes: 0 no rule was broken, 1 one was, 2 there is no such decoder. */
const program = new Command('fuzz')
  .description('Try every decoder on valid and injured input; print a small input that breaks one')
  .option('--seed <number>', 'the same inputs again, 0 to 2^31-1', whole(SEED_MAX))
  .option('--seconds <number>', 'how long, at least one round', whole(SECONDS_MAX), 30)
  .option('--decoder <name>', 'this one only; a name that there is not lists them')
  .option('--input <hex>', 'this input only, for the decoder that is named')
  .option('--json', 'print one JSON object last, and nothing else')
  .showHelpAfterError()
  .parse()
const { seed, seconds, decoder, input, json } = program.opts<{
  seed?: number
  seconds: number
  decoder?: string
  input?: string
  json?: true
}>()
if (input !== undefined && (decoder === undefined || !/^(?:[0-9a-f]{2})+$/.test(input))) {
  program.error('an input is lower-case hex of whole bytes, for the decoder that is named')
}
const { status } = spawnSync(
  process.execPath,
  [
    ...['--enable-source-maps', RUN, String(seed ?? randomInt(SEED_MAX)), String(seconds)],
    ...[decoder ?? '', input ?? '', json ? 'json' : ''],
  ],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)

function whole(max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,10}$/.test(text) && Number(text) <= max) return Number(text)
    throw new InvalidArgumentError(`a whole number of at most ${max} is due`)
  }
}
