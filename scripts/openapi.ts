import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { openApiDocument } from '#settlement/api/openapi-document.js'

/** Seen from the compiled file. */
const DOCUMENT = new URL('../../docs/ledger-openapi.json', import.meta.url)

const program = new Command('openapi')
  .description('Render the OpenAPI document of a ledger node, as /v1/openapi.json serves it')
  .option('--write', 'write docs/ledger-openapi.json instead of printing it')
  .parse()

const text = `${JSON.stringify(openApiDocument(), undefined, 1)}\n`
if (program.opts<{ write?: true }>().write) writeFileSync(DOCUMENT, text)
else process.stdout.write(text)
