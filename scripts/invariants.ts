import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { citingTests, withTriedBy } from './invariants/tried-by.js'

/** Seen from the compiled file. */
const DOCUMENT = new URL('../../docs/security.md', import.meta.url)
const TESTS = fileURLToPath(new URL('../../test', import.meta.url))

const program = new Command('invariants')
  .description('Render which tests try each invariant into the table of docs/security.md')
  .option('--write', 'write the document instead of printing it')
  .parse()

const document = withTriedBy(readFileSync(DOCUMENT, 'utf8'), citingTests(TESTS))
if (program.opts<{ write?: true }>().write) writeFileSync(DOCUMENT, document)
else process.stdout.write(document)
