import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** The packages that have a command, and its name. */
const COMMANDS: readonly (readonly [folder: string, command: string])[] = [
  ['settlement', 'ledger'],
  ['hub', 'hub'],
  ['watchtower', 'watchtower'],
  ['wallet', 'wallet'],
  ['merchant', 'tally-merchant'],
]

/** What has a binary or starts threads from files of its own. */
const NOT_BUNDLED = ['sqlite3', 'sodium-native', 'pino']

/** Some of the libraries are CommonJS and ask for the modules of Node in its way. */
const REQUIRE = [
  "import { createRequire as createRequireOfBundle } from 'node:module'",
  'const require = createRequireOfBundle(import.meta.url)',
].join('\n')

/**
 * Makes one ES module of each compiled command, with one more for what only some of its
 * subcommands need: of a start, two thirds went into reading some 500 modules one by one (`hub
 * --help`: 0.93 s of processor time before, 0.25 after). Writes
 * `<package>/dist/command/<name>.js`, in a sibling of the folders whose modules it holds, so that
 * paths beside them (`../workers/…`) stay true. Throws what the bundler finds wrong.
 */
export async function bundleCommands(root: string): Promise<void> {
  await Promise.all(COMMANDS.map(([folder, command]) => bundleCommand(root, folder, command)))
}

async function bundleCommand(root: string, folder: string, command: string): Promise<void> {
  const outdir = join(root, folder, 'dist/command')
  const { metafile } = await build({
    entryPoints: { [command]: join(root, folder, 'dist/cli', `${command}.js`) },
    absWorkingDir: root,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: NOT_BUNDLED,
    banner: { js: REQUIRE },
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  const written = new Set(Object.keys(metafile.outputs).map((path) => join(root, path)))
  for (const file of await readdir(outdir)) {
    const path = join(outdir, file)
    if (!written.has(path)) await rm(path)
  }
}
