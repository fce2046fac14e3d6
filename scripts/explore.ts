import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { WRONG_USE } from './wrong-use.js'

/** The compiled explorer, seen from the compiled file. */
const EXPLORER = new URL('../../test/dist/explorer/', import.meta.url)

/** Exit codes: 0 everything holds, 1 an invariant does not or a removed rule was not missed, 2 wrong use. */
const program = new Command('explore')
  .description('Visit every state of small worlds of channels, and play every dispute as a game')
  .addOption(
    new Option('--scope <scope>', 'small: a minute of one core; large: some twenty')
      .choices(['small', 'large'])
      .default('small'),
  )
  .option('--world <name...>', 'these only; a name that there is not lists them')
  .option('--removals', 'remove each rule of the design in turn: the explorer has to notice')
  .option('--removal <name...>', 'these only; a name that there is not lists them')
  .option('--json', 'print one JSON object last, and nothing else')
  .configureOutput(WRONG_USE)
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
const { scope, world, removals, removal, json } = program.opts<{
  scope: 'small' | 'large'
  world?: readonly string[]
  removals?: true
  removal?: readonly string[]
  json?: true
}>()
if (world !== undefined && (removals || removal !== undefined)) {
  program.error('a removal says itself in which worlds it is noticed', { exitCode: 2 })
}
const script = removals || removal !== undefined ? 'run-removals.js' : 'run.js'
const words = removals || removal !== undefined ? (removal ?? []) : [scope, ...(world ?? [])]
const path = (name: string) => fileURLToPath(new URL(name, EXPLORER))
const { status } = spawnSync(
  process.execPath,
  [
    ...['--enable-source-maps', '--import', new URL('symbolic-signatures.js', EXPLORER).href],
    ...[path(script), ...words, ...(json ? ['json'] : [])],
  ],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
