#!/usr/bin/env node
import { existsSync } from 'node:fs'

// Checked in, so that npm can link the command before anything is built.
const command = new URL('../dist/command/wallet.js', import.meta.url)
if (existsSync(command)) await import(command.href)
else {
  process.stderr.write(
    'wallet: not built yet; run `npm run build` at the root of the clone first\n',
  )
  process.exitCode = 1
}
