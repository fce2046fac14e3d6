import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'

/** Compiled benchmarks, seen from the compiled file: `NAME.bench.js`. */
const folder = fileURLToPath(new URL('../../test/dist/bench/', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.js'))
  .map((file) => file.slice(0, -'.bench.js'.length))
  .sort()

/** Exit codes: 0 every limit is met or not judged, 1 one is missed, 2 wrong use. */
const WRONG_USE = 2

const program = new Command('bench')
  .description('Measure one thing, beside the limit of this machine for it')
  .argument('<name>', names.join(', '))
  .option('--json', 'print one JSON object last')
  .option('--scale <part>', 'a part of the full size, 0.001 to 1; limits are not judged then', '1')
  .option('--profile <dir>', 'where a hub that is measured leaves CPU profiles of its main thread')
  .addHelpText(
    'after',
    '\nExit codes: 0 every limit is met or not judged, 1 one is missed, 2 wrong use.',
  )
  .showHelpAfterError()
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_USE))
  .parse()

const [name = ''] = program.args
if (!names.includes(name)) {
  program.error(`there is no benchmark ${name}; there are ${names.join(', ')}`)
}
const { json, scale, profile } = program.opts<{ json?: true; scale: string; profile?: string }>()
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--expose-gc',
    `${folder}${name}.bench.js`,
    '--scale',
    scale,
    ...(json ? ['--json'] : []),
    ...(profile === undefined ? [] : ['--profile', profile]),
  ],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
