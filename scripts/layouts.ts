import { readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { renderLayouts, withLayouts } from './layouts/render-layouts.js'

/** Seen from the compiled file. */
const DOCUMENT = new URL('../../docs/protocol.md', import.meta.url)

const program = new Command('layouts')
  .description('Render the byte layouts of the specification from the codecs')
  .option('--write', 'put them into docs/protocol.md')
  .parse()

const layouts = renderLayouts()
if (program.opts<{ write?: true }>().write) {
  writeFileSync(DOCUMENT, withLayouts(readFileSync(DOCUMENT, 'utf8'), layouts))
} else {
  process.stdout.write(`${layouts}\n`)
}
