#!/usr/bin/env node
import { outliveOutput, stopOnFailure } from '@tallystick/daemon'
import { Command, CommanderError } from 'commander'
import { addHelp } from './command-help.js'
import { addHubCommands } from './hub-commands.js'
import { addStoreCommands } from './store-commands.js'

const program = new Command('wallet')
  .description(
    'A Tallystick wallet: pays and is paid over a hub, and brings its money home without one',
  )
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

addHubCommands(program)
addStoreCommands(program)
addHelp(program)

outliveOutput()
await program.parseAsync().catch(async (error: unknown) => {
  // Help was asked for, and is told.
  if (error instanceof CommanderError && error.exitCode === 0) return
  const { FAILURE_NAMES } = await import('./failure-names.js')
  stopOnFailure(error, FAILURE_NAMES)
})
// A feed that is being hung up would keep the process for a moment longer.
process.exit()
